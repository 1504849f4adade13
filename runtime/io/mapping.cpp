#include "io/mapping.hpp"

#include <boost/interprocess/mapped_region.hpp>

#include "base/error.hpp"

namespace hoist::io {
namespace {

// What mapped_region asks of the thing it maps: a descriptor that is open and checked already, where
// Boost's own file_mapping would open the name once more, and without O_CLOEXEC.
class Mappable {
 public:
  explicit Mappable(int fd) : fd_(fd) {}
  boost::interprocess::mapping_handle_t get_mapping_handle() const noexcept { return {fd_, false}; }
  boost::interprocess::mode_t get_mode() const noexcept { return boost::interprocess::read_only; }

 private:
  int fd_;
};

}  // namespace

Result<Mapping> Mapping::of(const Descriptor& file, std::uint64_t bytes) {
  namespace ipc = boost::interprocess;
  try {
    auto region = std::make_shared<const ipc::mapped_region>(Mappable(file.get()), ipc::read_only, 0, bytes);
    const auto* begin = static_cast<const std::byte*>(region->get_address());
    return Mapping(std::shared_ptr<const std::byte>(std::move(region), begin), bytes);
  } catch (const ipc::interprocess_exception& exception) {
    return base::system_error(exception.get_native_error(), "map");
  }
}

}  // namespace hoist::io
