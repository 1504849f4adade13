#include "device.hpp"

#include <charconv>
#include <stdexcept>

#include "hoist/cuda.hpp"

namespace hoist::tool {
namespace {

constexpr std::string_view cuda_prefix = "cuda:";

// Of "cuda:3" the 3; -1 where it is none.
int ordinal_of(std::string_view name) {
  if (!name.starts_with(cuda_prefix)) return -1;
  name.remove_prefix(cuda_prefix.size());
  int ordinal = -1;
  const auto [end, problem] = std::from_chars(name.data(), name.data() + name.size(), ordinal);
  return problem == std::errc() && end == name.data() + name.size() ? ordinal : -1;
}

Result<Device> cuda_device([[maybe_unused]] int ordinal) {
#ifdef HOIST_HAS_CUDA
  return make_cuda_device(ordinal);
#else
  return Error{.code = Errc::device_unavailable, .message = "this hoist was built without CUDA"};
#endif
}

}  // namespace

void check_device_name(const std::string& name) {
  if (name != "auto" && name != "host" && ordinal_of(name) < 0)
    throw std::invalid_argument("'" + name + "' is none of auto, host, cuda:N");
}

Device open_device(const std::string& name) {
  if (name == "host") return Device::host().value();
  if (name != "auto") return cuda_device(ordinal_of(name)).value();
  auto first = cuda_device(0);
  if (first || first.error().code != Errc::device_unavailable) return std::move(first).value();
  return Device::host().value();
}

}  // namespace hoist::tool
