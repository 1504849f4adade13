#include "hoist/sharded_writer.hpp"

#include "base/error.hpp"
#include "transfer/declared.hpp"
#include "transfer/first_failure.hpp"
#include "transfer/shard_set.hpp"
#include "transfer/tensor_file.hpp"
#include "transfer/wrong_order.hpp"

namespace hoist {
namespace {

using transfer::TensorFile;
using transfer::wrong_order;

// How many tensors each file holds. At least one file.
Result<std::vector<std::size_t>> split(std::span<const format::Declaration> tensors, std::uint64_t max_bytes) {
  std::vector<std::size_t> counts{0};
  std::uint64_t sum = 0;
  for (const format::Declaration& tensor : tensors) {
    const auto bytes = format::checked_bytes(tensor);
    if (!bytes) return bytes.error();
    if (counts.back() != 0 && (*bytes > max_bytes || sum > max_bytes - *bytes)) {
      counts.push_back(0);
      sum = 0;
    }
    ++counts.back();
    sum += *bytes;  // one above the limit is alone; as the next does not fit
  }
  return counts;
}

}  // namespace

struct ShardedWriter::State {
  State(std::filesystem::path path_, ShardedWriteOptions options_, transfer::ShardSet set_)
      : path(std::move(path_)), options(std::move(options_)), set(std::move(set_)) {}

  struct Shard {
    std::size_t first = 0;  // of the declared tensors
    std::size_t count = 0;
    std::unique_ptr<TensorFile> file{};
  };

  std::filesystem::path path;
  ShardedWriteOptions options;
  transfer::ShardSet set;
  transfer::Declared declared{};
  std::vector<Shard> shards{};  // from begin on
  transfer::FirstFailure failure{};

  template <class Body>
  auto run(Body&& body) -> decltype(body()) {
    return failure.run(path.native(), body);
  }

  template <class Sources>
  Result<void> write(std::string_view call, std::string_view name, const Sources& sources) {
    return run([&]() -> Result<void> {
      if (shards.empty()) return wrong_order(call, "the time after begin");
      const auto number = declared.find(name);
      if (!number) return number.error();
      const auto after = std::ranges::upper_bound(shards, *number, {}, &Shard::first);
      const Shard& shard = *std::prev(after);
      return shard.file->write(static_cast<std::uint32_t>(*number - shard.first), sources);
    });
  }

  Result<void> begin() {
    if (!shards.empty()) return wrong_order("begin", "once");
    const auto tensors = declared.tensors();
    auto counts = split(tensors, options.max_shard_bytes);
    if (!counts) return std::move(counts).error();
    std::vector<Shard> begun;
    std::size_t first = 0;
    for (const std::size_t count : *counts) {
      auto file = set.create_file();
      if (!file) return std::move(file).error();
      auto shard = TensorFile::begin(std::move(file).value(), tensors.subspan(first, count), declared.metadata(),
                                     {.layout = options.file.layout,
                                      .durable = options.file.durable,
                                      .checksums = options.file.checksums,
                                      .stop = options.file.stop,
                                      .on_written = options.file.on_written});
      if (!shard) return std::move(shard).error();
      begun.push_back({.first = first, .count = count, .file = std::move(shard).value()});
      first += count;
    }
    shards = std::move(begun);
    return {};
  }

  Result<SaveReport> estimate() const {
    if (!shards.empty()) return wrong_order("estimate", "the time before begin");
    const auto tensors = declared.tensors();
    const auto counts = split(tensors, options.max_shard_bytes);
    if (!counts) return counts.error();
    SaveReport report{.durable = options.file.durable};
    std::size_t first = 0;
    for (const std::size_t count : *counts) {
      const auto layout = format::lay_out(tensors.subspan(first, count), declared.metadata(), options.file.layout,
                                          options.file.checksums);
      if (!layout) return layout.error();
      TensorFile::add(*layout, set.plain_name(report.files.size(), counts->size()), report);
      first += count;
    }
    return report;
  }

  Result<SaveReport> commit() {
    if (shards.empty()) return wrong_order("commit", "the time after begin");
    if (options.file.stop.stop_requested()) return base::cancelled();
    SaveReport report;
    std::vector<transfer::ShardSet::Shard> files;
    for (const Shard& shard : shards) {
      if (auto whole = shard.file->require_everything(); !whole) return std::move(whole).error();
    }
    for (const Shard& shard : shards) {
      shard.file->add_to(report, path);
      auto file = std::move(*shard.file).take_file();
      if (!file) return std::move(file).error();
      files.push_back({.file = std::move(file).value()});
      for (const format::Declaration& tensor : declared.tensors().subspan(shard.first, shard.count))
        files.back().tensors.push_back(tensor.name);
    }
    // Made before: once the files have their names, nothing may fail any more.
    report.warnings.push_back({.code = Errc::not_durable,
                               .message = "the new files are there, but fsync of their directory failed",
                               .file = path.native()});
    auto committed = std::move(set).commit(std::move(files), report.tensor_bytes);
    if (!committed) return std::move(committed).error();
    report.warnings.back().system_code = committed->directory_errno;
    report.durable = options.file.durable && committed->directory_errno == 0;
    if (committed->directory_errno == 0) report.warnings.pop_back();
    for (std::size_t i = 0; i < report.files.size(); ++i)
      report.files[i].path.swap(committed->files[i]);
    report.index = std::move(committed->index);
    return report;
  }
};

ShardedWriter::ShardedWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
ShardedWriter::ShardedWriter(ShardedWriter&&) noexcept = default;
ShardedWriter& ShardedWriter::operator=(ShardedWriter&&) noexcept = default;
ShardedWriter::~ShardedWriter() = default;

Result<ShardedWriter> ShardedWriter::create(const std::filesystem::path& path, ShardedWriteOptions options) {
  return base::catching_bad_alloc([&]() -> Result<ShardedWriter> {
    auto set = transfer::ShardSet::open(path, {.durable = options.file.durable, .overwrite = options.file.overwrite});
    if (set) return ShardedWriter(std::make_unique<State>(path, std::move(options), std::move(set).value()));
    Error error = std::move(set).error();
    error.file = path.native();
    return error;
  });
}

Result<void> ShardedWriter::declare(std::string_view name, DType dtype, std::initializer_list<std::uint64_t> shape) {
  return declare(name, dtype, std::span(shape.begin(), shape.size()));
}

Result<void> ShardedWriter::declare(std::string_view name, DType dtype, std::span<const std::uint64_t> shape) {
  if (!state_) return wrong_order("declare");
  return state_->run([&]() -> Result<void> {
    if (!state_->shards.empty()) return wrong_order("declare", "the time before begin");
    return state_->declared.add(name, dtype, shape);
  });
}

Result<void> ShardedWriter::set_metadata(std::string_view key, std::string_view value) {
  if (!state_) return wrong_order("set_metadata");
  return state_->run([&]() -> Result<void> {
    if (!state_->shards.empty()) return wrong_order("set_metadata", "the time before begin");
    return state_->declared.set_metadata(key, value);
  });
}

Result<SaveReport> ShardedWriter::estimate() const {
  if (!state_) return wrong_order("estimate");
  return state_->run([&] { return state_->estimate(); });
}

Result<void> ShardedWriter::begin() {
  if (!state_) return wrong_order("begin");
  return state_->run([&] { return state_->begin(); });
}

Result<void> ShardedWriter::write(std::string_view name, const TensorSource& source) {
  if (!state_) return wrong_order("write");
  return state_->write("write", name, source);
}

Result<void> ShardedWriter::write_block(std::string_view name, const Block& block, const TensorSource& source) {
  if (!state_) return wrong_order("write_block");
  const BlockSource one{.block = block, .source = source};
  return state_->write("write_block", name, std::span(&one, 1));
}

Result<void> ShardedWriter::write_blocks(std::string_view name, std::span<const BlockSource> blocks) {
  if (!state_) return wrong_order("write_blocks");
  return state_->write("write_blocks", name, blocks);
}

Result<SaveReport> ShardedWriter::commit() && {
  if (!state_) return wrong_order("commit");
  const std::unique_ptr<State> state = std::move(state_);
  return state->run([&] { return state->commit(); });
}

}  // namespace hoist
