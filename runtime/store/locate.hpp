// What a path stands for: one file, an index of shards, or a numbered set without one.
#pragma once

#include <filesystem>
#include <vector>

#include "hoist/result.hpp"

namespace hoist::store {

struct Located {
  std::filesystem::path index{};               // the index.json, or empty
  std::vector<std::filesystem::path> files{};  // without an index: the file, or the set in its order
};

// Looks at directories, never into files. invalid_index lists the candidates where the choice is not plain.
Result<Located> locate(const std::filesystem::path& path);

}  // namespace hoist::store
