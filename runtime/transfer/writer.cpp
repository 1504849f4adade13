#include "hoist/writer.hpp"

#include "base/error.hpp"
#include "transfer/declared.hpp"
#include "transfer/first_failure.hpp"
#include "transfer/tensor_file.hpp"
#include "transfer/wrong_order.hpp"

namespace hoist {

using transfer::wrong_order;

struct Writer::State {
  State(std::filesystem::path path_, WriteOptions options_, io::AtomicFile file_)
      : path(std::move(path_)), options(std::move(options_)), file(std::move(file_)) {}

  std::filesystem::path path;
  WriteOptions options;
  std::optional<io::AtomicFile> file;  // until begin
  transfer::Declared declared{};
  std::unique_ptr<transfer::TensorFile> begun{};  // from begin on
  transfer::FirstFailure failure{};

  template <class Body>
  auto run(Body&& body) -> decltype(body()) {
    return failure.run(path.native(), body);
  }

  template <class Sources>
  Result<void> write(std::string_view call, std::string_view name, const Sources& sources) {
    return run([&]() -> Result<void> {
      if (!begun) return wrong_order(call, "the time after begin");
      const auto number = declared.find(name);
      if (!number) return number.error();
      return begun->write(*number, sources);
    });
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
  if (!state_) return wrong_order("declare");
  return state_->run([&]() -> Result<void> {
    if (state_->begun) return wrong_order("declare", "the time before begin");
    return state_->declared.add(name, dtype, shape);
  });
}

Result<void> Writer::set_metadata(std::string_view key, std::string_view value) {
  if (!state_) return wrong_order("set_metadata");
  return state_->run([&]() -> Result<void> {
    if (state_->begun) return wrong_order("set_metadata", "the time before begin");
    return state_->declared.set_metadata(key, value);
  });
}

Result<SaveReport> Writer::estimate() const {
  if (!state_) return wrong_order("estimate");
  return state_->run([&]() -> Result<SaveReport> {
    if (state_->begun) return wrong_order("estimate", "the time before begin");
    const auto layout = format::lay_out(state_->declared.tensors(), state_->declared.metadata(), state_->options.layout,
                                        state_->options.checksums);
    if (!layout) return layout.error();
    SaveReport report{.durable = state_->options.durable};
    transfer::TensorFile::add(*layout, state_->path, report);
    return report;
  });
}

Result<void> Writer::begin() {
  if (!state_) return wrong_order("begin");
  return state_->run([&]() -> Result<void> {
    State& state = *state_;
    if (state.begun) return wrong_order("begin", "once");
    auto begun = transfer::TensorFile::begin(*std::exchange(state.file, std::nullopt), state.declared.tensors(),
                                             state.declared.metadata(),
                                             {.layout = state.options.layout,
                                              .durable = state.options.durable,
                                              .checksums = state.options.checksums,
                                              .stop = state.options.stop,
                                              .on_written = state.options.on_written});
    if (!begun) return std::move(begun).error();
    state.begun = std::move(begun).value();
    return {};
  });
}

Result<void> Writer::write(std::string_view name, const TensorSource& source) {
  if (!state_) return wrong_order("write");
  return state_->write("write", name, source);
}

Result<void> Writer::write_block(std::string_view name, const Block& block, const TensorSource& source) {
  if (!state_) return wrong_order("write_block");
  const BlockSource one{.block = block, .source = source};
  return state_->write("write_block", name, std::span(&one, 1));
}

Result<void> Writer::write_blocks(std::string_view name, std::span<const BlockSource> blocks) {
  if (!state_) return wrong_order("write_blocks");
  return state_->write("write_blocks", name, blocks);
}

Result<SaveReport> Writer::commit() && {
  if (!state_) return wrong_order("commit");
  const std::unique_ptr<State> state = std::move(state_);
  return state->run([&]() -> Result<SaveReport> {
    if (!state->begun) return wrong_order("commit", "the time after begin");
    if (state->options.stop.stop_requested()) return base::cancelled();
    if (auto whole = state->begun->require_everything(); !whole) return std::move(whole).error();
    SaveReport report;
    state->begun->add_to(report, state->path);
    // Made before: once the file has its name, nothing may fail any more.
    report.warnings.push_back({.code = Errc::not_durable,
                               .message = "the new file is there, but fsync of its directory failed",
                               .file = state->path.native()});
    auto file = std::move(*state->begun).take_file();
    if (!file) return std::move(file).error();
    auto committed = std::move(*file).commit();
    if (!committed) return std::move(committed).error();
    report.warnings.back().system_code = committed->directory_errno;
    report.durable = state->options.durable && committed->directory_errno == 0;
    if (committed->directory_errno == 0) report.warnings.pop_back();
    return report;
  });
}

}  // namespace hoist
