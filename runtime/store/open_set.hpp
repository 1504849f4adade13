// Many files into one key space: what Checkpoint::open and verify share.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "format/index_json.hpp"
#include "store/archive_state.hpp"
#include "store/key_space.hpp"

namespace hoist::store {

// A path, opened as far as it goes. Usable only if neither `errors` nor any shard holds an error.
struct OpenedSet {
  std::string index_file{};          // the index.json, or empty
  std::uint64_t index_bytes = 0;     // of its text
  Metadata metadata{};               // of the index, else of the first shard
  std::vector<std::string> files{};  // of the shards, or the one file
  std::vector<Opened> shards{};
  std::vector<Error> errors{};  // of the index, and of the set beyond its single files
  std::vector<Error> warnings{};
  std::optional<KeySpace> keys{};  // without the shards that have errors

  bool is_set() const noexcept { return !index_file.empty() || files.size() > 1; }
};

// At most `max_errors` errors a file, and as many for the set. A shard that is not there has the error missing_shard.
OpenedSet open_set(const std::filesystem::path& path, const OpenOptions& options, std::size_t max_errors);

// The same from the text of an index; `open` gets the names that it holds, from several threads.
OpenedSet open_index(std::string_view index_json, const std::function<Opened(std::string_view file)>& open,
                     const OpenOptions& options, std::size_t max_errors);

}  // namespace hoist::store
