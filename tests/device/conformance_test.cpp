// The devices that need no machine of their own.
#include "device/conformance.hpp"

#include "device/host_device.hpp"
#include "support/deferred_device.hpp"
#include "support/fault_device.hpp"

namespace hoist::device {
namespace {

using Made = Result<std::shared_ptr<Backend>>;

constexpr Kind kinds[] = {
    {"Host", []() -> Made { return make_host_device(); }},
    {"Deferred",
     []() -> Made { return std::make_shared<test::DeferredDevice>(test::DeferredDevice::Steps::when_waited); }},
    {"FaultWithoutAFault", []() -> Made { return std::make_shared<test::FaultDevice>(make_host_device()); }},
};

INSTANTIATE_TEST_SUITE_P(Devices, Conformance, testing::ValuesIn(kinds),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace hoist::device
