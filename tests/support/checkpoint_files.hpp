// Sharded checkpoints, written file by file.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "support/header_builder.hpp"
#include "support/temporary_directory.hpp"

namespace hoist::test {

// A file that holds one byte for each name.
inline std::string file_of(const std::vector<std::string>& names) {
  FileBuilder builder;
  for (const std::string& name : names)
    builder.add(name, DType::U8, {1});
  return builder.file();
}

// An index from (tensor, shard) pairs, in their order; nothing is checked.
inline std::string index_of(const std::vector<std::pair<std::string, std::string>>& weight_map) {
  std::string entries;
  for (const auto& [name, shard] : weight_map)
    entries += (entries.empty() ? "" : ", ") + json_string(name) + ": " + json_string(shard);
  return R"({"metadata": {"total_size": 1}, "weight_map": {)" + entries + "}}";
}

inline constexpr const char* index_name = "model.safetensors.index.json";

}  // namespace hoist::test
