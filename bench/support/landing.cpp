#include "landing.hpp"

#include <algorithm>
#include <cstring>

#include "figure.hpp"

namespace bench {

Landing::Landing(const char* path_)
    : path(path_),
      memory(std::filesystem::file_size(path)),
      checkpoint(hoist::Checkpoint::open(path).value()),
      data_start(8 + hoist::Archive::open(path).value().header_bytes()) {}

hoist::Plan plan_into(const hoist::Checkpoint& checkpoint, const Buffer& memory) {
  std::vector<hoist::Placed> everything;
  for (const hoist::TensorView& view : checkpoint.tensors())
    everything.push_back(placed(view, memory));
  hoist::Plan plan(checkpoint);
  plan.add(std::move(everything)).value();
  return plan;
}

hoist::Placed placed(const hoist::TensorView& view, const Buffer& memory) {
  return {.view = view,
          .destination = memory.bytes().subspan(view.info().offset, view.byte_count()).data(),
          .destination_bytes = view.byte_count()};
}

hoist::Loader make_loader(unsigned threads, std::uint64_t staging_bytes) {
  return hoist::Loader::create(hoist::Device::host().value(), {.staging_bytes = staging_bytes, .threads = threads})
      .value();
}

hoist::LoadReport load(hoist::Loader& loader, const hoist::Plan& plan, const hoist::LoadOptions& options) {
  const hoist::Transfer transfer = loader.start(plan, options).value();
  transfer.wait().value();
  return transfer.report();
}

void check(const Landing& landing, const MappedFile& file, const Work& work, const std::string& what) {
  std::ranges::fill(landing.data(), std::byte{0x5a});
  work();
  require(std::memcmp(landing.data().data(), file.bytes().data() + landing.data_start, landing.data().size()) == 0,
          what);
}

void check(std::span<const hoist::DeviceTensor> tensors, const hoist::Checkpoint& checkpoint, const MappedFile& file) {
  require(tensors.size() == checkpoint.tensor_count(), "the count of tensors");
  for (const hoist::DeviceTensor& tensor : tensors) {
    const std::byte* const expected = file.bytes().data() + checkpoint.find(tensor.name)->info().offset;
    require(std::memcmp(tensor.data, expected, tensor.byte_count) == 0, std::string(tensor.name));
  }
}

}  // namespace bench
