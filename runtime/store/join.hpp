// The rules of a set of shards beyond its single files. No I/O.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "format/error_list.hpp"
#include "format/index_json.hpp"
#include "store/key_space.hpp"

namespace hoist::store {

// Fills `keys` by the weight_map: each entry must be in the shard that it names, once. What shards hold besides
// is hidden, with a warning; under strict it is an error. `keys` has the shards in the order of index.files;
// those that are not usable are passed over.
void join_by_index(const format::ShardIndex& index, const std::string& index_file, const OpenOptions& options,
                   const std::vector<bool>& usable, KeySpace& keys, format::ErrorList& errors,
                   std::vector<Error>& warnings);

// Without an index: every tensor of every shard; the same name twice is an error.
void join_all(KeySpace& keys, format::ErrorList& errors);

// PyTorch's distributed checkpoints cut tensors into blocks, one file each: an error where a shard is such a one.
std::optional<Error> refuse_block_shards(std::span<const Archive> shards);

}  // namespace hoist::store
