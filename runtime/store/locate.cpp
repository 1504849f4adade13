#include "store/locate.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/error.hpp"

namespace hoist::store {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view index_ending = ".safetensors.index.json";
constexpr std::string_view file_ending = ".safetensors";

// "model-00001-of-00003.safetensors"
struct Numbered {
  std::string stem{};
  std::uint32_t number = 0, count = 0;
};

std::optional<std::uint32_t> five_digits(std::string_view text) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.size() != 5 || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<Numbered> parse_numbered(std::string_view name) {
  constexpr std::string_view middle = "-of-";
  constexpr std::size_t tail = 1 + 5 + middle.size() + 5;  // "-00001-of-00003"
  if (!name.ends_with(file_ending)) return std::nullopt;
  name.remove_suffix(file_ending.size());
  if (name.size() <= tail) return std::nullopt;
  const std::string_view ending = name.substr(name.size() - tail);
  const auto number = five_digits(ending.substr(1, 5)), count = five_digits(ending.substr(tail - 5));
  if (ending[0] != '-' || ending.substr(6, middle.size()) != middle || !number || !count) return std::nullopt;
  return Numbered{std::string(name.substr(0, name.size() - tail)), *number, *count};
}

// PyTorch's distributed checkpoints: "shard-00001-model-00001-of-00002.safetensors".
bool block_shard(std::string_view name) {
  constexpr std::string_view prefix = "shard-";
  return name.starts_with(prefix) && name.size() > prefix.size() + 5 && five_digits(name.substr(prefix.size(), 5)) &&
         name[prefix.size() + 5] == '-' && parse_numbered(name);
}

// All of one set, counted from 0 or from 1, and nothing besides. `names` are sorted.
bool complete_set(const std::vector<std::string>& names) {
  const auto first = parse_numbered(names.front());
  if (!first || first->number > 1 || first->count != names.size()) return false;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto numbered = parse_numbered(names[i]);
    if (!numbered || numbered->stem != first->stem || numbered->count != first->count ||
        numbered->number != first->number + i) {
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
    if (name.ends_with(index_ending)) indexes.push_back(name);
    if (name.ends_with(file_ending)) files.push_back(name);
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
