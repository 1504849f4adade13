// How the files of one load are read: by way of the page cache or past it; and what is let go of afterwards.
#pragma once

#include <atomic>
#include <memory>
#include <unordered_map>

#include "hoist/loader.hpp"
#include "io/direct.hpp"
#include "io/page_cache.hpp"
#include "transfer/plan_state.hpp"

namespace hoist::transfer {

// Thread-safe.
class Sources {
 public:
  // Opens each file once more where it may be read directly; what is refused is a warning, and read through the cache.
  Sources(std::span<const PlanState* const> plans, Cache cache, bool evict_after);

  // As Storage::read_scattered. Gives what was read beyond the bytes, to whole blocks.
  Result<std::uint64_t> read(const store::Storage& storage, std::uint64_t offset, std::span<const io::Target> targets,
                             io::Around around, io::Bounce& bounce, const std::stop_token& stop) const;

  // Whether the file is read past the page cache, as far as that does not hold it.
  bool reads_directly(const store::Storage& storage) const;

  // Lets go of the pages that were not in the cache before.
  void evict() const noexcept;

  std::vector<Error> warnings() const;

 private:
  struct File {
    std::optional<io::Descriptor> direct{};
    std::vector<io::Stretch> absent{};  // from the cache, before the load
    mutable std::atomic<bool> refused = false;
  };

  const File* directly(const store::Storage& storage) const;

  std::unordered_map<const store::Storage*, File> files_;
  std::vector<Error> refusals_;
};

}  // namespace hoist::transfer
