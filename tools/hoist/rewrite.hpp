// New checkpoints, made of tensors of others: what convert, extract, merge, split and align have in common.
#pragma once

#include <string>
#include <vector>

#include "hoist/checkpoint.hpp"
#include "hoist/sharded_writer.hpp"
#include "output.hpp"

namespace hoist::tool {

// What the command line says of the result.
struct Target {
  std::string path{};                              // a file, or a directory
  std::optional<std::uint64_t> max_shard_bytes{};  // none: one file, unless it goes into a directory
  Layout layout = Layout::aligned;
  std::vector<std::pair<std::string, std::string>> metadata{};  // on top of what the sources have
  bool checksums = false;                                       // also where a source has some
  bool sync = true;
  bool overwrite = true;
  bool dry_run = false;
  bool json = false;
};

// A tensor of the result, whole or in boxes.
struct NewTensor {
  std::string name{};
  DType dtype{};
  Shape shape{};
  std::vector<BlockSource> blocks{};  // of TensorViews
};

NewTensor copy_of(const TensorView& tensor, std::string name);
std::vector<NewTensor> copies_of(const std::vector<TensorView>& tensors);

struct Rewritten {
  SaveReport report{};
  double seconds = 0;
};

// Writes the tensors, with the metadata of their files and the target's own. Where files do not agree on a key nobody
// is right: it is left out, with a warning on standard error. Throws hoist::Exception.
Rewritten rewrite(const std::vector<NewTensor>& tensors, std::span<const Archive> files, const Target& target);

// Prints it as a table or as JSON, and the warnings to standard error.
void print(const Rewritten& result, const Target& target, Output& output);

}  // namespace hoist::tool
