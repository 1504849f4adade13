#include "io/direct.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <string>

#include "base/error.hpp"

namespace hoist::io {
namespace {

// Copies what `window`, bytes of the file from `begin` on, has of the targets, which begin at `offset`.
void scatter(std::span<const Target> targets, std::uint64_t offset, std::span<const std::byte> window,
             std::uint64_t begin) {
  const std::uint64_t end = begin + window.size();
  for (const Target& target : targets) {
    const std::uint64_t from = std::max(offset, begin), to = std::min(offset + target.bytes, end);
    if (target.into && from < to) std::memcpy(target.into + (from - offset), window.data() + (from - begin), to - from);
    offset += target.bytes;
    if (offset >= end) break;
  }
}

}  // namespace

std::byte* Bounce::data() {
  if (!memory_) memory_.reset(static_cast<std::byte*>(std::aligned_alloc(block_bytes, size)));
  if (!memory_) throw std::bad_alloc();
  return memory_.get();
}

Result<Descriptor> open_direct(const Descriptor& file) {
  return Descriptor::open("/proc/self/fd/" + std::to_string(file.get()), O_DIRECT);
}

Result<Direct> read_direct(const Descriptor& direct, std::uint64_t offset, std::span<const Target> targets,
                           Bounce& bounce, const std::stop_token& stop) {
  std::uint64_t end = offset;
  for (const Target& target : targets)
    end += target.bytes;
  for (std::uint64_t at = offset / block_bytes * block_bytes; at < end;) {
    if (stop.stop_requested()) return Error{.code = Errc::cancelled, .message = "cancelled", .offset = at};
    const std::uint64_t wanted = std::min((end - at + block_bytes - 1) / block_bytes * block_bytes, Bounce::size);
    const ssize_t got = pread(direct.get(), bounce.data(), wanted, static_cast<off_t>(at));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EINVAL) return Direct::refused;
    // The end of the file comes inside a block; short of that, a read that ends elsewhere goes on at its last block.
    const std::uint64_t whole = got < 0 ? 0 : static_cast<std::uint64_t>(got);
    const std::uint64_t next = at + (at + whole >= end ? whole : whole / block_bytes * block_bytes);
    if (got < 0 || next == at) return failed_read(got < 0 ? got : 0, wanted, end - at - whole, at + whole);
    scatter(targets, offset, {bounce.data(), next - at}, at);
    at = next;
  }
  return Direct::done;
}

}  // namespace hoist::io
