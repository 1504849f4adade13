#include "store/join.hpp"

#include "base/error.hpp"
#include "store/archive_state.hpp"

namespace hoist::store {
namespace {

constexpr std::size_t max_warnings = 100;

}  // namespace

void join_by_index(const format::ShardIndex& index, const std::string& index_file, const OpenOptions& options,
                   const std::vector<bool>& usable, KeySpace& keys, format::ErrorList& errors,
                   std::vector<Error>& warnings) {
  const std::span<const Archive> shards = keys.shards();
  const auto fail = [&](Errc code, std::string message, std::string_view tensor) {
    errors.add({.code = code, .message = std::move(message), .file = index_file, .tensor = std::string(tensor)});
  };
  std::vector<std::vector<bool>> named(shards.size());
  for (std::size_t i = 0; i < shards.size(); ++i)
    named[i].resize(shards[i].tensors().size());
  for (const format::WeightEntry& entry : index.entries) {
    if (!usable[entry.file]) continue;
    const std::uint32_t tensor = Internals::state(shards[entry.file]).index.find(entry.name);
    if (tensor == KeySpace::none) {
      fail(Errc::missing_tensor,
           "weight_map puts it into " + base::quoted(index.files[entry.file]) + ", which has no tensor of this name",
           entry.name);
    } else if (named[entry.file][tensor]) {
      fail(Errc::invalid_index, "the name stands twice in weight_map", entry.name);
    } else {
      named[entry.file][tensor] = true;
    }
  }

  std::vector<Entry> entries;
  entries.reserve(index.entries.size());
  for (std::uint32_t shard = 0; shard < shards.size(); ++shard) {
    for (std::uint32_t tensor = 0; tensor < named[shard].size(); ++tensor) {
      if (named[shard][tensor]) {
        entries.push_back({shard, tensor});
        continue;
      }
      Error hidden{.code = Errc::not_strict,
                   .message = "hidden: weight_map does not name this shard for it",
                   .file = std::string(shards[shard].file()),
                   .tensor = std::string(shards[shard].tensors()[tensor].name)};
      if (options.validation == Validation::strict) errors.add(std::move(hidden));
      else if (warnings.size() < max_warnings) warnings.push_back(std::move(hidden));
    }
  }
  keys.fill(std::move(entries), [&](std::uint32_t place, std::uint32_t) {
    fail(Errc::invalid_index, "the name stands twice in weight_map, for two shards", keys.name(place));
    return !errors.full();
  });
}

void join_all(KeySpace& keys, format::ErrorList& errors) {
  const std::span<const Archive> shards = keys.shards();
  std::vector<Entry> entries;
  for (std::uint32_t shard = 0; shard < shards.size(); ++shard) {
    for (std::uint32_t tensor = 0; tensor < shards[shard].tensors().size(); ++tensor)
      entries.push_back({shard, tensor});
  }
  keys.fill(std::move(entries), [&](std::uint32_t place, std::uint32_t other) {
    errors.add({.code = Errc::duplicate_tensor,
                .message = "stands in " + base::quoted(shards[keys.entry(other).shard].file()) +
                           " too, and no index says which one counts",
                .file = std::string(shards[keys.entry(place).shard].file()),
                .tensor = std::string(keys.name(place))});
    return !errors.full();
  });
}

std::optional<Error> refuse_block_shards(std::span<const Archive> shards) {
  for (const Archive& shard : shards) {
    if (!shard.metadata().contains("DCP_SHARDING_INFO")) continue;
    return Error{.code = Errc::invalid_index,
                 .message =
                     "holds blocks of tensors (a shard of PyTorch's distributed checkpoint), which are not "
                     "supported yet; consolidate the checkpoint with PyTorch first",
                 .file = std::string(shard.file())};
  }
  return std::nullopt;
}

}  // namespace hoist::store
