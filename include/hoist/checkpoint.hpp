// Many files, one key space: a file, a directory, or an index.json, opened as one checkpoint.
#pragma once

#include <functional>

#include "hoist/archive.hpp"

namespace hoist {

// Immutable, thread-safe, a handle like Archive. Shards are opened in parallel.
class HOIST_API Checkpoint {
 public:
  // A directory stands for its only *.safetensors.index.json, else its only *.safetensors, else its one complete
  // numbered set. invalid_index and missing_shard list all that is wrong, not only the first.
  static Result<Checkpoint> open(const std::filesystem::path& path, OpenOptions = {});
  static Checkpoint of(Archive archive);

  // A set behind an index.json that is not in the file system; `open_shard` gets the names that the index holds,
  // from several threads, and must not throw.
  using OpenShard = std::function<Result<std::shared_ptr<const Source>>(std::string_view file)>;
  static Result<Checkpoint> from_index(std::string_view index_json, const OpenShard& open_shard, OpenOptions = {});

  std::uint64_t tensor_count() const noexcept;
  std::vector<TensorView> tensors() const;  // by shard, then file order
  std::optional<TensorView> find(std::string_view name) const;
  Result<TensorView> at(std::string_view name) const;  // missing_tensor, with the nearest names

  // Patterns from left to right: names, globs, "re:...", "@file", "!" to exclude; docs/patterns.md has the rules.
  // Result in pattern order, then file order, without repeats. no_match names the pattern and the nearest
  // names; invalid_pattern.
  Result<std::vector<TensorView>> select(const std::vector<std::string>& patterns) const;

  const Metadata& metadata() const noexcept HOIST_LIFETIME;     // of the index, else of the first file
  std::string_view index_file() const noexcept HOIST_LIFETIME;  // the index.json; empty without one
  std::span<const Archive> shards() const noexcept HOIST_LIFETIME;
  std::span<const Error> warnings() const noexcept HOIST_LIFETIME;  // what compatible validation let pass

 private:
  struct State;
  explicit Checkpoint(std::shared_ptr<const State> state);

  std::shared_ptr<const State> state_;
};

}  // namespace hoist
