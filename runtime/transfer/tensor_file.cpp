#include "transfer/tensor_file.hpp"

#include "base/error.hpp"
#include "store/archive_state.hpp"
#include "store/gather.hpp"
#include "transfer/source_runs.hpp"

namespace hoist::transfer {
namespace {

using base::grouped;
using base::MutexLock;

constexpr std::uint64_t common_header_bytes = 25'000'000;  // huggingface_hub and hf.js stop there

// invalid_slice.
Result<store::Slice> slice_of(const TensorInfo& tensor, const Block& block) {
  const std::size_t rank = tensor.shape.size();
  if (block.start.size() != rank || block.size.size() != rank) {
    return Error{.code = Errc::invalid_slice,
                 .message = "a block has as many dimensions as its tensor, " + grouped(rank)};
  }
  std::vector<Range> ranges;
  for (std::size_t i = 0; i < rank; ++i) {
    if (block.start[i] > tensor.shape[i] || block.size[i] > tensor.shape[i] - block.start[i]) {
      return Error{.code = Errc::invalid_slice,
                   .message = "the block leaves the tensor in dimension " + std::to_string(i)};
    }
    ranges.push_back({.start = block.start[i], .stop = block.start[i] + block.size[i]});
  }
  return store::sliced(tensor, store::whole(tensor), ranges);
}

// The bytes of a box of this dtype and shape. wrong_dtype, size_mismatch.
class Bytes {
 public:
  Bytes(DType dtype, std::span<const std::uint64_t> shape, std::uint64_t byte_count, const std::stop_token& stop)
      : dtype_(dtype), shape_(shape), byte_count_(byte_count), stop_(stop) {}

  Result<ByteSource> operator()(std::span<const std::byte> bytes) const {
    if (bytes.size() == byte_count_) return ByteSource(bytes);
    return Error{.code = Errc::size_mismatch,
                 .message = "takes " + grouped(byte_count_) + " bytes, " + grouped(bytes.size()) + " were given"};
  }

  Result<ByteSource> operator()(const TensorView& view) const {
    if (view.dtype() != dtype_) {
      return Error{
          .code = Errc::wrong_dtype,
          .message = "is " + std::string(name(dtype_)) + ", what was given " + std::string(name(view.dtype()))};
    }
    if (!std::ranges::equal(view.shape(), shape_)) {
      return Error{.code = Errc::size_mismatch, .message = "what was given has another shape"};
    }
    const store::Slice* slice = store::Internals::slice(view);
    return ByteSource(byte_count_,
                      [view, runs = slice ? slice->runs : store::whole(view.info()).runs, stop = stop_](
                          std::uint64_t begin, std::span<std::byte> into) -> Result<void> {
                        auto read = store::gather_part(store::Internals::state(view).storage, runs, begin,
                                                       begin + into.size(), into.data(), stop);
                        if (!read) return store::placed(std::move(read).error(), view);
                        return {};
                      });
  }

 private:
  DType dtype_;
  std::span<const std::uint64_t> shape_;
  std::uint64_t byte_count_;
  std::stop_token stop_;
};

// A file that was cut short while it was read gives zeros for its last page.
Result<void> check_size(const BlockSource& block) {
  const auto* view = std::get_if<TensorView>(&block.source);
  if (view == nullptr) return {};
  auto whole = store::Internals::state(*view).storage.check_size();
  if (!whole) return store::placed(std::move(whole).error(), *view);
  return {};
}

}  // namespace

Result<std::unique_ptr<TensorFile>> TensorFile::begin(io::AtomicFile file, std::span<const format::Declaration> tensors,
                                                      const Metadata& metadata, Options options) {
  auto layout = format::lay_out(tensors, metadata, options.layout, options.checksums);
  if (!layout) return std::move(layout).error();
  if (auto room = file.allocate(layout->file_bytes); !room) return std::move(room).error();
  std::unique_ptr<TensorFile> begun(
      new TensorFile(std::move(file), tensors, std::move(layout).value(), std::move(options)));
  if (auto header = begun->sink_->put(0, std::as_bytes(std::span(begun->layout_.header))); !header) {
    return std::move(header).error();
  }
  return begun;
}

TensorFile::TensorFile(io::AtomicFile file, std::span<const format::Declaration> tensors, format::FileLayout layout,
                       Options options)
    : file_(std::move(file)),
      tensors_(tensors),
      layout_(std::move(layout)),
      stop_(std::move(options.stop)),
      on_written_(std::move(options.on_written)),
      written_(tensors.size()) {
  sink_.emplace(file_, options.durable, stop_);
  if (options.checksums) checksums_.emplace(tensors.size());
}

TensorInfo TensorFile::info(std::uint32_t tensor) const {
  const format::Declaration& declared = tensors_[tensor];
  return {.name = declared.name,
          .dtype = declared.dtype,
          .shape = declared.shape,
          .offset = layout_.offsets[tensor],
          .byte_count = layout_.sizes[tensor]};
}

Result<void> TensorFile::claim(std::uint32_t tensor, const Block& block) {
  Coverage::Box box{.begin = block.start, .end = block.start};
  for (std::size_t i = 0; i < box.end.size(); ++i)
    box.end[i] += block.size[i];
  const MutexLock lock(mutex_);
  if (written_[tensor].add(std::move(box))) return {};
  return Error{.code = Errc::written_twice, .message = "some of it was written before"};
}

Result<void> TensorFile::write(std::uint32_t tensor, const TensorSource& source) {
  const Shape& shape = tensors_[tensor].shape;
  const BlockSource all{.block = {.start = Shape(shape.size(), 0), .size = shape}, .source = source};
  return write(tensor, std::span(&all, 1));
}

Result<void> TensorFile::write(std::uint32_t tensor, std::span<const BlockSource> blocks) {
  const TensorInfo declared = info(tensor);
  auto written = write_blocks(declared, tensor, blocks);
  if (written) return written;
  Error error = std::move(written).error();
  if (error.file.empty()) error.tensor = declared.name;  // else it is another file's, and says which tensor of it
  return error;
}

// Checks all blocks and claims them, then writes them.
Result<void> TensorFile::write_blocks(const TensorInfo& info, std::uint32_t tensor,
                                      std::span<const BlockSource> blocks) {
  SourceRuns runs;
  for (const BlockSource& block : blocks) {
    auto slice = slice_of(info, block.block);
    if (!slice) return std::move(slice).error();
    auto bytes = std::visit(Bytes(info.dtype, block.block.size, slice->byte_count, stop_), block.source);
    if (!bytes) return std::move(bytes).error();
    if (auto claimed = claim(tensor, block.block); !claimed) return claimed;
    runs.add(std::move(slice->runs), std::move(bytes).value());
  }
  // A tensor in one piece is one stretch. Of others, the bytes come in no order that a checksum could follow.
  std::optional<PassingChecksum> checksum;
  if (checksums_ && blocks.size() == 1 && std::ranges::equal(blocks[0].block.size, info.shape)) checksum.emplace();
  auto written = std::move(runs).for_each([&](std::uint64_t offset, Stretch stretch) {
    if (checksum) stretch.pass_by(*checksum);
    return sink_->put(offset, stretch, on_written_);
  });
  if (!written) return written;
  for (const BlockSource& block : blocks) {
    if (auto whole = check_size(block); !whole) return whole;
  }
  if (checksum) {
    if (auto digits = checksum->digits(info.byte_count)) checksums_->keep(tensor, *std::move(digits));
  }
  return {};
}

Result<void> TensorFile::require_everything() {
  const MutexLock lock(mutex_);
  std::uint64_t missing = 0;
  Error error{.code = Errc::not_written};
  for (const std::uint32_t i : layout_.order) {
    if (written_[i].covers(tensors_[i].shape)) continue;
    if (missing++ == 0) error.tensor = tensors_[i].name;
  }
  if (missing == 0) return {};
  error.message = "not all of it was written";
  if (missing > 1) error.message += ", nor of " + grouped(missing - 1) + " others";
  return error;
}

void TensorFile::add(const format::FileLayout& layout, const std::filesystem::path& path, SaveReport& report) {
  report.tensors += layout.offsets.size();
  report.bytes += layout.file_bytes;
  report.tensor_bytes += layout.file_bytes - layout.header.size();
  for (const std::uint64_t offset : layout.offsets) {
    report.aligned_64 += offset % 64 == 0 ? 1 : 0;
    report.aligned_256 += offset % 256 == 0 ? 1 : 0;
    report.aligned_4096 += offset % 4096 == 0 ? 1 : 0;
  }
  report.files.push_back({.path = path, .tensors = layout.offsets.size(), .bytes = layout.file_bytes});
  const std::uint64_t bytes = layout.header.size() - 8;  // without its length
  if (bytes > common_header_bytes) {
    report.warnings.push_back(
        {.code = Errc::header_too_large,
         .message = "a header of " + grouped(bytes) + " bytes: some readers take only " + grouped(common_header_bytes),
         .file = path.native()});
  }
}

Result<void> TensorFile::put_checksums() {
  if (auto filled = checksums_->fill_in(file_, layout_, stop_); !filled) return filled;
  return sink_->put(0, std::as_bytes(std::span(layout_.header)));
}

Result<io::AtomicFile> TensorFile::take_file() && {
  if (checksums_) {
    if (auto put = put_checksums(); !put) return std::move(put).error();
  }
  sink_.reset();
  return std::move(file_);
}

}  // namespace hoist::transfer
