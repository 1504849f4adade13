#include "hoist/writer.hpp"

#include <algorithm>
#include <map>
#include <new>

#include "base/error.hpp"
#include "base/mutex.hpp"
#include "format/file_layout.hpp"
#include "io/atomic_file.hpp"
#include "transfer/coverage.hpp"
#include "transfer/file_sink.hpp"
#include "transfer/source_runs.hpp"

namespace hoist {
namespace {

using base::grouped;
using base::MutexLock;

constexpr std::uint64_t common_header_bytes = 25'000'000;  // huggingface_hub and hf.js stop there

Error wrong_order(std::string_view call, std::string_view when) {
  return {.code = Errc::wrong_order, .message = std::string(call) + " is for " + std::string(when)};
}

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

}  // namespace

struct Writer::State {
  State(std::filesystem::path path_, WriteOptions options_, io::AtomicFile file_)
      : path(std::move(path_)), options(std::move(options_)), file(std::move(file_)) {}

  std::filesystem::path path;
  WriteOptions options;
  io::AtomicFile file;
  std::vector<format::Declaration> declarations{};              // names stay where they are from begin on
  std::map<std::string, std::uint32_t, std::less<>> by_name{};  // no hash: names may be built to collide
  Metadata metadata{};
  std::optional<format::FileLayout> layout{};  // from begin on
  std::optional<transfer::FileSink> sink{};    // likewise
  base::Mutex mutex{};
  std::vector<transfer::Coverage> written HOIST_GUARDED_BY(mutex){};
  std::optional<Error> failure HOIST_GUARDED_BY(mutex){};

  // Runs a call, unless one failed before. What it fails with is kept, whatever else there is no memory for.
  template <class Body>
  auto run(Body&& body) -> decltype(body()) {
    try {
      {
        const MutexLock lock(mutex);
        if (failure) return *failure;
      }
      auto result = body();
      if (result) return result;
      Error error = std::move(result).error();
      if (error.file.empty()) error.file = path.native();
      const MutexLock lock(mutex);
      if (!failure) failure = error;
      return error;
    } catch (const std::bad_alloc&) {
      const auto no_memory = [] { return Error{.code = Errc::out_of_memory, .message = "out of memory"}; };
      const MutexLock lock(mutex);
      if (!failure) failure.emplace(no_memory());
      return no_memory();
    }
  }

  Result<std::uint32_t> find(std::string_view name) const {
    const auto found = by_name.find(name);
    if (found != by_name.end()) return found->second;
    return Error{.code = Errc::missing_tensor, .message = "was not declared", .tensor = std::string(name)};
  }

  TensorInfo info(std::uint32_t tensor) const {
    const format::Declaration& declared = declarations[tensor];
    return {.name = declared.name,
            .dtype = declared.dtype,
            .shape = declared.shape,
            .offset = layout->offsets[tensor],
            .byte_count = layout->sizes[tensor]};
  }

  Result<void> claim(std::uint32_t tensor, transfer::Coverage::Box box) {
    const MutexLock lock(mutex);
    if (written[tensor].add(std::move(box))) return {};
    return Error{.code = Errc::written_twice, .message = "some of it was written before"};
  }

  // Checks all blocks and claims them, then writes them.
  Result<void> write(std::uint32_t number, std::span<const BlockSource> blocks) {
    const TensorInfo tensor = info(number);
    transfer::SourceRuns runs;
    for (const auto& [block, bytes] : blocks) {
      auto slice = slice_of(tensor, block);
      if (!slice) return std::move(slice).error();
      if (bytes.size() != slice->byte_count) {
        return Error{
            .code = Errc::size_mismatch,
            .message = "takes " + grouped(slice->byte_count) + " bytes, " + grouped(bytes.size()) + " were given"};
      }
      transfer::Coverage::Box box{.begin = block.start, .end = block.start};
      for (std::size_t i = 0; i < box.end.size(); ++i)
        box.end[i] += block.size[i];
      if (auto claimed = claim(number, std::move(box)); !claimed) return claimed;
      runs.add(std::move(*slice).runs, bytes);
    }
    return std::move(runs).for_each(
        [this](std::uint64_t offset, std::span<const std::byte> bytes) { return sink->put(offset, bytes); });
  }

  // The whole tensor, or boxes of it, by name.
  Result<void> write(std::string_view call, std::string_view name, std::optional<std::span<const BlockSource>> blocks,
                     std::span<const std::byte> bytes) {
    return run([&]() -> Result<void> {
      if (!layout) return wrong_order(call, "the time after begin");
      const auto number = find(name);
      if (!number) return number.error();
      const Shape& shape = declarations[*number].shape;
      const BlockSource all{.block = {.start = Shape(shape.size(), 0), .size = shape}, .bytes = bytes};
      auto written = write(*number, blocks.value_or(std::span(&all, 1)));
      if (written) return written;
      Error error = std::move(written).error();
      error.tensor = name;
      return error;
    });
  }

  Result<void> require_everything() {
    const MutexLock lock(mutex);
    std::uint64_t missing = 0;
    Error error{.code = Errc::not_written};
    for (const std::uint32_t i : layout->order) {
      if (written[i].covers(declarations[i].shape)) continue;
      if (missing++ == 0) error.tensor = declarations[i].name;
    }
    if (missing == 0) return {};
    error.message = "not all of it was written";
    if (missing > 1) error.message += ", nor of " + grouped(missing - 1) + " others";
    return error;
  }

  SaveReport report() const {
    SaveReport report{.tensors = declarations.size(), .bytes = layout->file_bytes, .durable = options.durable};
    for (const std::uint64_t offset : layout->offsets) {
      report.aligned_64 += offset % 64 == 0 ? 1 : 0;
      report.aligned_256 += offset % 256 == 0 ? 1 : 0;
      report.aligned_4096 += offset % 4096 == 0 ? 1 : 0;
    }
    const std::uint64_t bytes = layout->header.size() - 8;  // without its length
    if (bytes > common_header_bytes) {
      report.warnings.push_back({.code = Errc::header_too_large,
                                 .message = "a header of " + grouped(bytes) + " bytes: some readers take only " +
                                            grouped(common_header_bytes),
                                 .file = path.native()});
    }
    return report;
  }
};

Writer::Writer(std::unique_ptr<State> state) : state_(std::move(state)) {}
Writer::Writer(Writer&&) noexcept = default;
Writer& Writer::operator=(Writer&&) noexcept = default;
Writer::~Writer() = default;

Result<Writer> Writer::create(const std::filesystem::path& path, WriteOptions options) {
  return base::catching_bad_alloc([&]() -> Result<Writer> {
    auto file = io::AtomicFile::create(path, {.durable = options.durable, .overwrite = options.overwrite});
    if (file) return Writer(std::make_unique<State>(path, std::move(options), std::move(file).value()));
    Error error = std::move(file).error();
    error.file = path.native();
    return error;
  });
}

Result<void> Writer::declare(std::string_view name, DType dtype, std::initializer_list<std::uint64_t> shape) {
  return declare(name, dtype, std::span(shape.begin(), shape.size()));
}

Result<void> Writer::declare(std::string_view name, DType dtype, std::span<const std::uint64_t> shape) {
  if (!state_) return wrong_order("declare", "a writer that was not committed");
  return state_->run([&]() -> Result<void> {
    State& state = *state_;
    if (state.layout) return wrong_order("declare", "the time before begin");
    format::Declaration tensor{.name = std::string(name), .dtype = dtype, .shape = {shape.begin(), shape.end()}};
    if (auto bytes = format::checked_bytes(tensor); !bytes) return std::move(bytes).error();
    const auto number = static_cast<std::uint32_t>(state.declarations.size());
    if (!state.by_name.emplace(name, number).second) {
      return Error{.code = Errc::duplicate_tensor, .message = "was declared before", .tensor = std::string(name)};
    }
    state.declarations.push_back(std::move(tensor));
    return {};
  });
}

Result<void> Writer::set_metadata(std::string_view key, std::string_view value) {
  if (!state_) return wrong_order("set_metadata", "a writer that was not committed");
  return state_->run([&]() -> Result<void> {
    if (state_->layout) return wrong_order("set_metadata", "the time before begin");
    if (state_->metadata.emplace(key, value).second) return {};
    return Error{.code = Errc::duplicate_metadata, .message = base::quoted(key) + " was set before"};
  });
}

Result<void> Writer::begin() {
  if (!state_) return wrong_order("begin", "a writer that was not committed");
  return state_->run([&]() -> Result<void> {
    State& state = *state_;
    if (state.layout) return wrong_order("begin", "once");
    auto layout = format::lay_out(state.declarations, state.metadata, state.options.layout);
    if (!layout) return std::move(layout).error();
    if (auto room = state.file.allocate(layout->file_bytes); !room) return room;
    state.sink.emplace(state.file, state.options.durable, state.options.stop);
    if (auto header = state.sink->put(0, std::as_bytes(std::span(layout->header))); !header) return header;
    {
      const MutexLock lock(state.mutex);
      state.written.resize(state.declarations.size());
    }
    state.layout = std::move(layout).value();
    return {};
  });
}

Result<void> Writer::write(std::string_view name, std::span<const std::byte> bytes) {
  if (!state_) return wrong_order("write", "a writer that was not committed");
  return state_->write("write", name, std::nullopt, bytes);
}

Result<void> Writer::write_block(std::string_view name, const Block& block, std::span<const std::byte> bytes) {
  if (!state_) return wrong_order("write_block", "a writer that was not committed");
  const BlockSource one{.block = block, .bytes = bytes};
  return state_->write("write_block", name, std::span(&one, 1), {});
}

Result<void> Writer::write_blocks(std::string_view name, std::span<const BlockSource> blocks) {
  if (!state_) return wrong_order("write_blocks", "a writer that was not committed");
  return state_->write("write_blocks", name, blocks, {});
}

Result<SaveReport> Writer::commit() && {
  if (!state_) return wrong_order("commit", "a writer that was not committed");
  const std::unique_ptr<State> state = std::move(state_);
  return state->run([&]() -> Result<SaveReport> {
    if (!state->layout) return wrong_order("commit", "the time after begin");
    if (state->options.stop.stop_requested()) return base::cancelled();
    if (auto whole = state->require_everything(); !whole) return std::move(whole).error();
    SaveReport report = state->report();
    // Made before: once the file has its name, nothing may fail any more.
    report.warnings.push_back({.code = Errc::not_durable,
                               .message = "the new file is there, but fsync of its directory failed",
                               .file = state->path.native()});
    state->sink.reset();
    auto committed = std::move(state->file).commit();
    if (!committed) return std::move(committed).error();
    report.warnings.back().system_code = committed->directory_errno;
    report.durable = state->options.durable && committed->directory_errno == 0;
    if (committed->directory_errno == 0) report.warnings.pop_back();
    return report;
  });
}

}  // namespace hoist
