// Writes a checkpoint of several safetensors files with an index.json, whole or not at all; used as Writer is.
//     auto writer = hoist::ShardedWriter::create("out/model.safetensors", {.max_shard_bytes = 5'000'000'000}).value();
#pragma once

#include "hoist/writer.hpp"

namespace hoist {

struct ShardedWriteOptions {
  std::uint64_t max_shard_bytes = 5'000'000'000;  // of tensors in one file; a larger tensor has a file of its own
  WriteOptions file{};
};

// Tensors fill one file after the other in the order in which they are declared; the metadata stand in each. What fits
// one file is one, without an index. Else the files are called model-00001-of-00003.safetensors and so on, and
// model.safetensors.index.json says which tensor is where. Where a checkpoint of this name is already, a single file or
// a set, the new files' names carry an id too, model-0123456789abcdef-00001-of-00003.safetensors: the old files stay
// until the new index has taken its place, and go then. Who opens the directory meanwhile finds the old checkpoint
// whole, or the new one; a process that ends in between leaves what the next save removes. Files that no index named
// are kept.
//
// Threads, errors and their order are Writer's. All files are open from begin to commit.
class HOIST_API ShardedWriter {
 public:
  // What the checkpoint would be called as one file: NAME.safetensors, else invalid_index. not_regular; already_exists.
  static Result<ShardedWriter> create(const std::filesystem::path& path, ShardedWriteOptions = {});
  ShardedWriter(ShardedWriter&&) noexcept;
  ShardedWriter& operator=(ShardedWriter&&) noexcept;
  ~ShardedWriter();

  Result<void> declare(std::string_view name, DType dtype, std::span<const std::uint64_t> shape);
  Result<void> declare(std::string_view name, DType dtype, std::initializer_list<std::uint64_t> shape);
  Result<void> set_metadata(std::string_view key, std::string_view value);
  Result<SaveReport> estimate() const;  // files by their plain names
  Result<void> begin();

  Result<void> write(std::string_view name, const TensorSource& source);
  Result<void> write_block(std::string_view name, const Block& block, const TensorSource& source);
  Result<void> write_blocks(std::string_view name, std::span<const BlockSource> blocks);

  Result<SaveReport> commit() &&;

 private:
  struct State;
  explicit ShardedWriter(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace hoist
