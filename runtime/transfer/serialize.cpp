#include "hoist/serialize.hpp"

#include <algorithm>
#include <cstring>
#include <new>
#include <system_error>
#include <thread>

#include "base/error.hpp"
#include "base/huge_allocator.hpp"
#include "base/memory.hpp"
#include "format/file_layout.hpp"

namespace hoist {
namespace {

// Starting a thread takes as long as copying some 500 KB; with so much for each it is a few percent.
constexpr std::uint64_t bytes_of_a_thread = 16U << 20;

constexpr std::align_val_t file_alignment{4096};  // of a file in memory: what is aligned in it is aligned

Result<format::FileLayout> layout_of(std::span<const HostTensor> tensors, const SerializeOptions& options) {
  std::vector<format::Declaration> declarations;
  declarations.reserve(tensors.size());
  std::vector<std::string_view> names;  // to sort, not to hash: they may be built to collide
  names.reserve(tensors.size());
  for (const HostTensor& tensor : tensors) {
    names.push_back(tensor.name);
    declarations.push_back(
        {.name = std::string(tensor.name), .dtype = tensor.dtype, .shape = {tensor.shape.begin(), tensor.shape.end()}});
  }
  std::ranges::sort(names);
  if (const auto twice = std::ranges::adjacent_find(names); twice != names.end()) {
    return Error{.code = Errc::duplicate_tensor, .message = "is there twice", .tensor = std::string(*twice)};
  }
  auto layout = format::lay_out(declarations, options.metadata, options.layout);
  if (!layout) return layout;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (tensors[i].bytes.size() == layout->sizes[i]) continue;
    return Error{.code = Errc::size_mismatch,
                 .message = "takes " + base::grouped(layout->sizes[i]) + " bytes, " +
                            base::grouped(tensors[i].bytes.size()) + " were given",
                 .tensor = std::string(tensors[i].name)};
  }
  return layout;
}

// Bytes [begin, end) of the file.
void fill(std::span<const HostTensor> tensors, const format::FileLayout& layout, std::byte* into, std::uint64_t begin,
          std::uint64_t end) {
  const auto put = [&](std::uint64_t offset, const void* from, std::uint64_t bytes) {
    const std::uint64_t first = std::max(offset, begin), last = std::min(offset + bytes, end);
    if (first < last) std::memcpy(into + first, static_cast<const std::byte*>(from) + (first - offset), last - first);
  };
  put(0, layout.header.data(), layout.header.size());
  const auto ends_before = [&](std::uint32_t i) { return layout.offsets[i] + layout.sizes[i] <= begin; };
  for (auto i = std::ranges::partition_point(layout.order, ends_before);
       i != layout.order.end() && layout.offsets[*i] < end; ++i)
    put(layout.offsets[*i], tensors[*i].bytes.data(), layout.sizes[*i]);
}

void fill(std::span<const HostTensor> tensors, const format::FileLayout& layout, std::byte* into, unsigned threads) {
  const std::uint64_t all = layout.file_bytes;
  const std::uint64_t most = threads != 0 ? threads : std::max(1U, std::thread::hardware_concurrency());
  const std::uint64_t count = threads != 0 ? most : std::clamp(all / bytes_of_a_thread, std::uint64_t{1}, most);
  const std::uint64_t part = (all + count - 1) / count;  // one stretch each: taking turns was slower
  std::uint64_t begin = 0;
  std::vector<std::jthread> others;
  try {
    for (; begin + part < all; begin += part)
      others.emplace_back([&, begin] { fill(tensors, layout, into, begin, begin + part); });
  } catch (const std::system_error&) {
    // no more threads: the rest is done here
  }
  fill(tensors, layout, into, begin, all);
}

}  // namespace

void SerializedFile::Free::operator()(std::byte* memory) const noexcept { ::operator delete(memory, file_alignment); }

Result<std::uint64_t> serialized_size(std::span<const HostTensor> tensors, const SerializeOptions& options) {
  return base::catching_bad_alloc([&]() -> Result<std::uint64_t> {
    auto layout = layout_of(tensors, options);
    if (!layout) return std::move(layout).error();
    return layout->file_bytes;
  });
}

Result<std::uint64_t> serialize(std::span<const HostTensor> tensors, std::span<std::byte> into,
                                const SerializeOptions& options) {
  return base::catching_bad_alloc([&]() -> Result<std::uint64_t> {
    auto layout = layout_of(tensors, options);
    if (!layout) return std::move(layout).error();
    if (into.size() < layout->file_bytes) {
      return Error{.code = Errc::size_mismatch,
                   .message = "the file takes " + base::grouped(layout->file_bytes) + " bytes, there is room for " +
                              base::grouped(into.size())};
    }
    fill(tensors, *layout, into.data(), options.threads);
    return layout->file_bytes;
  });
}

Result<SerializedFile> serialize(std::span<const HostTensor> tensors, const SerializeOptions& options) {
  return base::catching_bad_alloc([&]() -> Result<SerializedFile> {
    auto layout = layout_of(tensors, options);
    if (!layout) return std::move(layout).error();
    // The kernel promises more than there is.
    const std::uint64_t available = base::available_memory_bytes();
    if (layout->file_bytes > available) return base::no_host_memory(layout->file_bytes, available);
    SerializedFile file;
    file.memory_.reset(static_cast<std::byte*>(::operator new(layout->file_bytes, file_alignment)));
    base::ask_for_huge_pages(file.memory_.get(), layout->file_bytes);
    file.byte_count_ = layout->file_bytes;
    fill(tensors, *layout, file.memory_.get(), options.threads);
    return file;
  });
}

}  // namespace hoist
