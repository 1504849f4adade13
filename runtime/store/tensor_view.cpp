#include "base/assert.hpp"
#include "base/error.hpp"
#include "io/page_cache.hpp"
#include "store/archive_state.hpp"
#include "store/gather.hpp"

namespace hoist {
namespace {

Error refusal(Errc code, std::string message, const TensorView& view) {
  return store::placed({.code = code, .message = std::move(message)}, view);
}

}  // namespace

Error store::placed(Error error, const TensorView& view) {
  error.file = view.file();
  error.tensor = view.name();
  return error;
}

TensorView::TensorView(std::shared_ptr<const store::ArchiveState> archive, const TensorInfo& info,
                       std::shared_ptr<const store::Slice> slice)
    : archive_(std::move(archive)), info_(&info), slice_(std::move(slice)) {}

std::string_view TensorView::name() const noexcept { return info_->name; }
DType TensorView::dtype() const noexcept { return info_->dtype; }
std::span<const std::uint64_t> TensorView::shape() const noexcept { return slice_ ? slice_->shape : info_->shape; }
std::uint64_t TensorView::byte_count() const noexcept { return slice_ ? slice_->byte_count : info_->byte_count; }
bool TensorView::contiguous() const noexcept { return !slice_ || slice_->runs.loops.empty(); }
const TensorInfo& TensorView::info() const noexcept { return *info_; }
std::string_view TensorView::file() const noexcept { return archive_->storage.name(); }

Result<TensorView> TensorView::slice(std::vector<Range> ranges) const {
  return base::catching_bad_alloc([&]() -> Result<TensorView> {
    auto result = store::sliced(*info_, slice_ ? *slice_ : store::whole(*info_), ranges);
    if (!result) return store::placed(std::move(result).error(), *this);
    return TensorView(archive_, *info_, std::make_shared<const store::Slice>(std::move(result).value()));
  });
}

Result<TensorView> TensorView::shard(std::size_t dim, std::uint64_t index, std::uint64_t count,
                                     ShardOptions options) const {
  auto ranges = store::shard_ranges(shape(), dim, index, count, options);
  if (!ranges) return store::placed(std::move(ranges).error(), *this);
  return slice(std::move(ranges).value());
}

Result<std::span<const std::byte>> TensorView::bytes() const {
  if (!contiguous()) return refusal(Errc::not_contiguous, "a strided slice is not one stretch of bytes", *this);
  if (byte_count() == 0) return std::span<const std::byte>();
  const std::span<const std::byte> all = archive_->storage.addressable();
  if (all.empty()) return refusal(Errc::not_mapped, "the file is read, not mapped; use copy_to", *this);
  return all.subspan(slice_ ? slice_->runs.file_offset : info_->offset, byte_count());
}

Result<std::span<const std::byte>> TensorView::elements(std::size_t size, std::size_t alignment) const {
  if (size * 8 != bits(dtype())) {
    return refusal(Errc::wrong_dtype,
                   "elements of " + std::string(hoist::name(dtype())) + " have " + std::to_string(bits(dtype())) +
                       " bits, asked for as a type of " + std::to_string(size * 8),
                   *this);
  }
  auto raw = bytes();
  if (raw && reinterpret_cast<std::uintptr_t>(raw->data()) % alignment != 0) {
    return refusal(
        Errc::misaligned,
        "lies at an address that is not a multiple of " + std::to_string(alignment) + "; copy_to reads it all the same",
        *this);
  }
  return raw;
}

Result<void> TensorView::copy_to(std::span<std::byte> into, CopyOptions options) const {
  HOIST_ASSERT(into.size() == byte_count());
  return base::catching_bad_alloc([&]() -> Result<void> {
    auto done = store::gather(archive_->storage, slice_ ? *slice_ : store::whole(*info_), into, options);
    if (!done) return store::placed(std::move(done).error(), *this);
    return {};
  });
}

void TensorView::prefetch() const noexcept {
  if (const io::Descriptor* file = archive_->storage.file(); file && byte_count() != 0) {
    const store::Extent extent = store::extent(*info_, slice_.get());
    io::will_need(*file, extent.offset, extent.bytes);
  }
}

void TensorView::evict() const noexcept {
  if (const io::Descriptor* file = archive_->storage.file(); file && byte_count() != 0) {
    const store::Extent extent = store::extent(*info_, slice_.get());
    const std::span<const std::byte> mapped = archive_->storage.addressable();
    io::evict(*file, extent.offset, extent.bytes,
              mapped.empty() ? mapped : mapped.subspan(extent.offset, extent.bytes));
  }
}

}  // namespace hoist
