#include "store/locate.hpp"

#include <algorithm>
#include <optional>

#include "base/error.hpp"
#include "format/shard_name.hpp"

namespace hoist::store {
namespace {

namespace fs = std::filesystem;

using format::parse_shard_name;

// PyTorch's distributed checkpoints: "shard-00001-model-00001-of-00002.safetensors".
bool block_shard(std::string_view name) {
  constexpr std::string_view prefix = "shard-", digits = "0123456789";
  return name.starts_with(prefix) && name.find_first_not_of(digits, prefix.size()) == prefix.size() + 5 &&
         name[prefix.size() + 5] == '-' && parse_shard_name(name);
}

// All of one set, counted from 0 or from 1, and nothing besides. `names` are sorted.
bool complete_set(const std::vector<std::string>& names) {
  const auto first = parse_shard_name(names.front());
  if (!first || first->number > 1 || first->count != names.size()) return false;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto shard = parse_shard_name(names[i]);
    if (!shard || shard->stem != first->stem || shard->set_id != first->set_id || shard->count != first->count ||
        shard->number != first->number + i) {
      return false;
    }
  }
  return true;
}

Error undecided(const fs::path& directory, std::string what, const std::vector<std::string>& candidates) {
  constexpr std::size_t most = 20;
  for (std::size_t i = 0; i < std::min(candidates.size(), most); ++i) {
    what += (i == 0 ? ": " : ", ") + base::quoted(candidates[i]);
  }
  if (candidates.size() > most) what += " and " + base::grouped(candidates.size() - most) + " more";
  return {.code = Errc::invalid_index, .message = std::move(what), .file = directory.native()};
}

Result<Located> locate_in(const fs::path& directory) {
  std::error_code error;
  std::vector<std::string> indexes, files;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().native();
    if (name.ends_with(format::index_ending)) indexes.push_back(name);
    if (name.ends_with(format::file_ending)) files.push_back(name);
  }
  if (error) return base::system_error(error.value(), "list the directory", directory.native());
  std::sort(indexes.begin(), indexes.end());
  std::sort(files.begin(), files.end());
  if (indexes.size() == 1) return Located{.index = directory / indexes[0]};
  if (indexes.size() > 1) return undecided(directory, "holds several indexes, name one of them", indexes);
  if (files.empty()) {
    return Error{.code = Errc::not_found, .message = "holds no *.safetensors file", .file = directory.native()};
  }
  if (std::all_of(files.begin(), files.end(), block_shard)) {
    return undecided(directory,
                     "holds the block shards of PyTorch's distributed checkpoint, which are not supported yet; "
                     "consolidate the checkpoint with PyTorch first",
                     files);
  }
  // Without their index they are not there yet, or any more, while a save replaces what else is there.
  const auto unnamed = [](const std::string& name) {
    const auto shard = parse_shard_name(name);
    return shard && !shard->set_id.empty();
  };
  if (!std::ranges::all_of(files, unnamed)) std::erase_if(files, unnamed);
  const auto alone = files.size() == 1 ? parse_shard_name(files[0]) : std::nullopt;
  if (alone && alone->count > 1) {
    return undecided(directory,
                     "holds one file of a set of " + base::grouped(alone->count) + ", name it to open it alone", files);
  }
  if (files.size() > 1 && !complete_set(files)) {
    return undecided(directory, "holds several files that are not one complete numbered set, name one of them", files);
  }
  Located located;
  for (const std::string& name : files)
    located.files.push_back(directory / name);
  return located;
}

}  // namespace

Result<Located> locate(const fs::path& path) {
  std::error_code error;
  if (fs::is_directory(path, error)) return locate_in(path);
  if (path.extension() == ".json") return Located{.index = path};
  return Located{.files = {path}};
}

}  // namespace hoist::store
