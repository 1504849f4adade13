// Everything that is wrong with a file or a checkpoint, where opening stops at the first error.
#pragma once

#include "hoist/archive.hpp"

namespace hoist {

struct FileVerdict {
  std::string file{};
  std::uint64_t file_bytes = 0;
  std::uint64_t tensors = 0;  // that were understood
  // A syntax error ends the list; else each tensor's first error, at most 100. The system's errors
  // (is_system) mean that the file could not be judged.
  std::vector<Error> errors{};
  std::vector<Error> warnings{};  // valid, but worth knowing
};

// A file gives one verdict, a sharded checkpoint one for its index (if it has one) and one for each shard.
// Reads headers only. Thread-safe.
HOIST_API std::vector<FileVerdict> verify(const std::filesystem::path& path, OpenOptions = {});

}  // namespace hoist
