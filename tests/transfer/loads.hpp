// What the tests of loads share: a model, a plan of much of it, and what must have arrived.
#pragma once

#include <gtest/gtest.h>

#include <thread>

#include "device/host_device.hpp"
#include "hoist/loader.hpp"
#include "support/deferred_device.hpp"
#include "support/header_builder.hpp"
#include "support/matchers.hpp"
#include "support/reading.hpp"
#include "support/temporary_directory.hpp"
#include "support/watchdog.hpp"
#include "transfer/plan_state.hpp"

namespace hoist {

using test::DeferredDevice;
using test::FailsWith;
using test::FileBuilder;
using test::Succeeds;

inline constexpr std::uint64_t MiB = 1 << 20;
inline constexpr LoaderOptions small_ring{.staging_bytes = 8 * MiB, .threads = 3};

// A model of 14 MiB: small tensors, an empty one, some larger than a slot, and matrices to slice.
class Loads : public testing::Test {
 protected:
  static FileBuilder file() {
    FileBuilder file;
    file.add("embed", DType::U8, {5 * MiB + 5}).add("empty", DType::F32, {0, 4});
    for (int i = 0; i < 40; ++i)
      file.add("small." + std::to_string(i), DType::F32, {static_cast<std::uint64_t>(i)});
    return file.add("matrix", DType::U8, {512, 8192})
        .add("narrow", DType::U8, {2000, 64})
        .add("last", DType::U8, {5 * MiB});
  }

  static Device device_of(std::shared_ptr<device::Backend> backend) { return DeviceAccess::device(std::move(backend)); }

  // Whole tensors, shards of rows and of columns, short runs, a new name, and the rest.
  Plan plan() const {
    Plan plan(checkpoint_);
    plan.select("small.*").value();
    plan.add({{.view = checkpoint_.at("matrix")->shard(1, 2, 4).value(), .name = "columns"},
              {.view = checkpoint_.at("matrix")->shard(0, 1, 3, {.uneven = true}).value(), .name = "rows"}})
        .value();
    plan.add(checkpoint_.at("narrow")->slice({{.step = 2}, {.start = 3, .stop = 20}}).value()).value();
    plan.select("**").value();
    return plan;
  }

  // What a tensor of `plan` must hold.
  static std::string expected(const Plan& plan, std::string_view name) {
    for (const transfer::Item& item : transfer::PlanAccess::state(plan).items) {
      if (item.name == name) return test::read(item.view).value();
    }
    ADD_FAILURE() << name;
    return {};
  }

  // Brings device memory back by a queue of its own.
  static std::string contents(device::Backend& device, const DeviceTensor& tensor) {
    if (tensor.byte_count == 0) return {};
    const device::Buffer landing = device.allocate(device::Memory::staging, tensor.byte_count).value();
    const auto queue = device.make_queue().value();
    queue->download(tensor.data, static_cast<std::byte*>(landing.address()), tensor.byte_count).value();
    queue->wait(queue->mark().value()).value();
    return {static_cast<const char*>(landing.address()), tensor.byte_count};
  }

  static void expect_whole(device::Backend& device, const Plan& plan, std::span<const DeviceTensor> tensors) {
    ASSERT_EQ(tensors.size(), plan.estimate().tensors);
    for (const DeviceTensor& tensor : tensors)
      ASSERT_EQ(contents(device, tensor), expected(plan, tensor.name)) << tensor.name;
  }

  test::Watchdog watchdog_;
  test::TemporaryDirectory directory_;
  std::filesystem::path path_ = directory_.write("m.safetensors", file().file());
  Checkpoint checkpoint_ = Checkpoint::open(path_).value();
};

inline std::shared_ptr<device::Backend> deferred() {
  return std::make_shared<DeferredDevice>(DeferredDevice::Steps::when_waited);
}

// Steps a deferred device, as long as it lives: a transfer that ends waits for its device.
class Stepper {
 public:
  explicit Stepper(std::shared_ptr<DeferredDevice> device)
      : thread_([device = std::move(device)](const std::stop_token& enough) {
          while (!enough.stop_requested()) {
            bool any = false;
            for (std::size_t queue = 0; queue < device->queue_count(); ++queue)
              any |= device->step(queue);
            if (!any) std::this_thread::yield();
          }
        }) {}

 private:
  std::jthread thread_;
};

}  // namespace hoist
