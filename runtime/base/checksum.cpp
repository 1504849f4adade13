#include "base/checksum.hpp"

#include <algorithm>
#include <numeric>
#include <vector>

#define XXH_INLINE_ALL  // the library itself is not needed then
#include <xxhash.h>

#include "base/workers.hpp"

namespace hoist::base {
namespace {

// Stays in the cache of a processor between the read and the hash.
constexpr std::uint64_t part_bytes = 256U << 10;

// Items above it come first, the largest of them at the front, so that none is left to one thread in the end; the
// others as they are, which is how they lie in a file (a guess).
constexpr std::uint64_t large_bytes = 64U << 20;

Result<std::string> checksum_of(std::size_t item, std::uint64_t bytes, const ReadItem& read) {
  Checksum checksum;
  const auto memory = std::make_unique_for_overwrite<std::byte[]>(std::min(bytes, part_bytes));
  for (std::uint64_t begin = 0; begin < bytes; begin += part_bytes) {
    const std::span part(memory.get(), std::min(bytes - begin, part_bytes));
    if (auto done = read(item, begin, part); !done) return std::move(done).error();
    checksum.add(part);
  }
  return checksum.digits();
}

}  // namespace

struct Checksum::State {
  XXH3_state_t xxh3;
};

Checksum::Checksum() : state_(std::make_unique_for_overwrite<State>()) { XXH3_128bits_reset(&state_->xxh3); }
Checksum::~Checksum() = default;

void Checksum::add(std::span<const std::byte> bytes) { XXH3_128bits_update(&state_->xxh3, bytes.data(), bytes.size()); }

std::string Checksum::digits() const {
  constexpr char digits[] = "0123456789abcdef";
  XXH128_canonical_t canonical;  // the same bytes on every machine
  XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(&state_->xxh3));
  std::string text;
  for (const unsigned char byte : canonical.digest)
    text += {digits[byte >> 4], digits[byte & 15]};
  return text;
}

void checksum_all(std::span<const std::uint64_t> sizes, std::size_t threads, const ReadItem& read,
                  const ItemDone& done) {
  std::vector<std::size_t> order(sizes.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, std::ranges::greater{},
                           [&](std::size_t i) { return sizes[i] > large_bytes ? sizes[i] : 0; });
  for_each_index(order.size(), threads,
                 [&](std::size_t i) { return done(order[i], checksum_of(order[i], sizes[order[i]], read)); });
}

}  // namespace hoist::base
