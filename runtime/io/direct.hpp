// Reads and writes that leave the page cache as it is (O_DIRECT).
#pragma once

#include <cstdlib>
#include <memory>
#include <optional>

#include "io/descriptor.hpp"

namespace hoist::io {

// What direct reads must begin and end at, in the file and in memory: enough for every disk in common use.
inline constexpr std::uint64_t block_bytes = 4096;

// Memory that a direct read can land in. Empty until it is needed; for one thread.
class Bounce {
 public:
  static constexpr std::uint64_t size = (4U << 20) + block_bytes;  // a slot, wherever it begins in a block
  std::byte* data();                                               // throws std::bad_alloc

 private:
  struct Free {
    void operator()(std::byte* memory) const noexcept { std::free(memory); }
  };
  std::unique_ptr<std::byte, Free> memory_;
};

// The same file once more, for direct reads. What the system says where it has none: invalid_argument, not_found ...
Result<Descriptor> open_direct(const Descriptor& file);

constexpr std::uint64_t block_down(std::uint64_t offset) { return offset / block_bytes * block_bytes; }
constexpr std::uint64_t block_up(std::uint64_t offset) { return block_down(offset + block_bytes - 1); }

// Whether the memory lies in its block as the bytes do in the file's.
bool is_congruent(std::uint64_t offset, const std::byte* memory);

// What a direct read of these bytes reads beyond them.
constexpr std::uint64_t direct_padding(std::uint64_t offset, std::uint64_t bytes) {
  const std::uint64_t end = offset + bytes;
  return offset % block_bytes + (block_bytes - end % block_bytes) % block_bytes;
}

enum class Direct : std::uint8_t { done, refused };

// What may become of the memory around the targets, as far as the blocks reach that they begin and end in.
enum class Around : std::uint8_t { kept, overwritten };

// As read_scattered; or refused, where the system does not read this file so. A target alone that lies in its block of
// memory as in its block of the file is read to its place, but for its ends; all else comes by way of the bounce.
Result<Direct> read_direct(const Descriptor& direct, std::uint64_t offset, std::span<const Target> targets,
                           Bounce& bounce, const std::stop_token& stop, Around around = Around::kept);

// Whole blocks of the file, no more than a bounce holds, by way of it unless they lie in whole blocks of memory.
// `direct` is open for direct writes.
Result<Direct> write_direct(int direct, std::uint64_t offset, std::span<const std::byte> bytes, Bounce& bounce);

}  // namespace hoist::io
