#include "destination.hpp"

#include <string_view>

namespace hoist::tool {
namespace {

constexpr std::string_view file_ending = ".safetensors";
constexpr std::string_view index_ending = ".safetensors.index.json";
constexpr std::uint64_t usual_shard_bytes = 5'000'000'000;  // huggingface_hub's

// What the checkpoint in a directory is called as one file.
std::string name_in(const std::filesystem::path& directory) {
  const auto there = Checkpoint::open(directory, {.access = Access::read});
  if (!there) return "model.safetensors";
  std::string name = std::filesystem::path(there->index_file()).filename();
  if (name.ends_with(index_ending)) return name.substr(0, name.size() - index_ending.size()) + std::string(file_ending);
  name = std::filesystem::path(there->shards()[0].file()).filename();
  constexpr std::string_view numbers = "-00001-of-00003";
  if (there->shards().size() == 1) return name;
  return name.substr(0, name.size() - numbers.size() - file_ending.size()) + std::string(file_ending);
}

}  // namespace

Destination destination_of(const Target& target) {
  const std::filesystem::path path = target.path;
  std::error_code ignored;
  const bool directory = std::filesystem::is_directory(path, ignored);
  if (!directory && !target.path.ends_with('/')) return {.path = path, .max_shard_bytes = target.max_shard_bytes};
  return {.path = path / (directory ? name_in(path) : "model.safetensors"),
          .max_shard_bytes = target.max_shard_bytes.value_or(usual_shard_bytes),
          .new_directory = !directory};
}

}  // namespace hoist::tool
