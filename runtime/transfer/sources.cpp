#include "transfer/sources.hpp"

#include <algorithm>
#include <cerrno>
#include <string>

#include "base/memory.hpp"

namespace hoist::transfer {
namespace {

// What the kernel may have read ahead beyond the bytes that were asked for.
constexpr std::uint64_t readahead_bytes = 1U << 20;

// The first to the last byte that the plans take from each file.
using Extents = std::unordered_map<const store::Storage*, io::Stretch>;

void add_extents_of(const PlanState& plan, Extents& extents) {
  const store::Storage* storage = nullptr;
  io::Stretch* all = nullptr;  // of `storage`: most neighbours lie in one file
  for (const Item& item : plan.items) {
    if (!item.storage().file() || item.byte_count() == 0) continue;
    const store::Extent extent = store::extent(item.view.info(), store::Internals::slice(item.view));
    if (&item.storage() != storage) {
      storage = &item.storage();
      all = &extents.try_emplace(storage, io::Stretch{extent.offset, 0}).first->second;
    }
    const std::uint64_t end = std::max(all->offset + all->bytes, extent.offset + extent.bytes);
    all->offset = std::min(all->offset, extent.offset);
    all->bytes = end - all->offset;
  }
}

}  // namespace

Sources::Sources(std::span<const PlanState* const> plans, Cache cache, bool evict_after) {
  if (cache == Cache::keep && !evict_after) return;
  Extents extents;
  for (const PlanState* plan : plans)
    add_extents_of(*plan, extents);
  const std::uint64_t too_large = cache == Cache::automatic ? base::available_memory_bytes() / 2 : 0;
  for (const auto& [storage, extent] : extents) {
    File& file = files_[storage];
    if (evict_after) {
      const std::uint64_t begin = extent.offset - std::min(extent.offset, readahead_bytes);
      const std::uint64_t end = std::min(storage->size(), extent.offset + extent.bytes + readahead_bytes);
      if (auto absent = io::not_cached(*storage->file(), begin, end - begin)) {
        file.absent = *std::move(absent);
      } else {
        refusals_.push_back({.code = Errc::io_error,
                             .message = "what the page cache holds of it can't be learnt, so nothing is let go of",
                             .file = storage->name()});
      }
    }
    if (cache == Cache::keep || storage->size() <= too_large) continue;
    auto direct = io::open_direct(*storage->file());
    if (direct) {
      file.direct = std::move(direct).value();
    } else {
      refusals_.push_back(std::move(direct).error());
      refusals_.back().message = "direct reads were refused: " + refusals_.back().message;
      refusals_.back().file = storage->name();
    }
  }
}

Result<std::uint64_t> Sources::read(const store::Storage& storage, std::uint64_t offset,
                                    std::span<const io::Target> targets, io::Around around, io::Bounce& bounce,
                                    const std::stop_token& stop) const {
  if (const File* const file = directly(storage)) {
    std::uint64_t bytes = 0;
    for (const io::Target& target : targets)
      bytes += target.bytes;
    if (!io::is_cached(*storage.file(), offset, bytes)) {
      auto read = io::read_direct(*file->direct, offset, targets, bounce, stop, around);
      if (!read) return std::move(read).error();
      if (*read != io::Direct::refused) return io::direct_padding(offset, bytes);
      file->refused = true;
    }
  }
  if (auto read = storage.read_scattered(offset, targets, stop); !read) return std::move(read).error();
  return std::uint64_t{0};
}

const Sources::File* Sources::directly(const store::Storage& storage) const {
  const auto found = files_.find(&storage);
  return found != files_.end() && found->second.direct && !found->second.refused ? &found->second : nullptr;
}

bool Sources::reads_directly(const store::Storage& storage) const { return directly(storage) != nullptr; }

std::vector<Error> Sources::warnings() const {
  std::vector<Error> all = refusals_;
  for (const auto& [storage, file] : files_) {
    if (!file.refused) continue;
    all.push_back({.code = Errc::io_error,
                   .message = "direct reads were refused: the file can't be read in blocks of " +
                              std::to_string(io::block_bytes) + " bytes",
                   .file = storage->name(),
                   .system_code = EINVAL});
  }
  return all;
}

void Sources::evict() const noexcept {
  for (const auto& [storage, file] : files_) {
    for (const io::Stretch& stretch : file.absent) {
      const auto all = storage->addressable();
      const auto mapped = all.subspan(std::min<std::size_t>(stretch.offset, all.size()));
      io::evict(*storage->file(), stretch.offset, stretch.bytes,
                mapped.first(std::min<std::size_t>(stretch.bytes, mapped.size())));
    }
  }
}

}  // namespace hoist::transfer
