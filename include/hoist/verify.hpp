// Everything that is wrong with a file or a checkpoint, where opening stops at the first error.
#pragma once

#include <functional>

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
  // By verify_data, of a file with a sound header: how many tensors were compared with their checksums. 0 of some: the
  // file carries none, and nothing is known of its data.
  std::optional<std::uint64_t> checked{};
};

struct DataOptions {
  unsigned threads = 1;
  std::stop_token stop{};  // cancelled, for each tensor that was not read then
  // So many bytes more were read, of so many in all: first none, on the calling thread, then from several. It must not
  // throw.
  std::function<void(std::uint64_t more, std::uint64_t total)> on_progress{};
};

// A file gives one verdict, a sharded checkpoint one for its index (if it has one) and one for each shard.
// Reads headers only. Thread-safe.
HOIST_API std::vector<FileVerdict> verify(const std::filesystem::path& path, OpenOptions = {});

// The same, and reads the tensors of files with sound headers that carry checksums of them (hoist/checksums.hpp).
// checksum_mismatch, for each that is not what was written; invalid_field: the checksums can't be read.
HOIST_API std::vector<FileVerdict> verify_data(const std::filesystem::path& path, OpenOptions = {}, DataOptions = {});

}  // namespace hoist
