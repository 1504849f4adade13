// model.safetensors.index.json: which shard holds which tensor. Text, parsed and checked, or spelled; no I/O.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "format/error_list.hpp"
#include "format/index.hpp"

namespace hoist::format {

struct WeightEntry {
  std::string_view name{};
  std::uint32_t file = 0;  // position in ShardIndex::files
};

// Views point into `text`. Moving keeps them valid.
struct ShardIndex {
  HeaderBytes text{};
  std::vector<WeightEntry> entries{};     // in the order of the text
  std::vector<std::string_view> files{};  // sorted, without repeats; each a safe relative path
  Metadata metadata{};                    // scalars as text; nested values are left out
};

// Everything wrong goes to `errors` as invalid_index (or invalid_utf8); the result is whole only if that stays empty.
ShardIndex read_shard_index(HeaderBytes text, const OpenOptions& options, ErrorList& errors);

// The same the other way round, spelled as huggingface_hub spells it: sorted by tensor. Names are UTF-8.
using WeightMap = std::map<std::string_view, std::string_view>;  // tensor to file
std::string shard_index_text(std::uint64_t total_bytes, const WeightMap& files);

}  // namespace hoist::format
