#include "io/direct.hpp"

#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
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

// Whole blocks of the file, and memory for them.
struct Window {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::byte* memory = nullptr;
};
constexpr std::size_t most_windows = 3;

// Windows that follow each other, by one read where that one is not short. `end`: of what is wanted of the last block.
Result<Direct> read_windows(const Descriptor& direct, std::span<const Window> windows, std::uint64_t end,
                            const std::stop_token& stop) {
  for (std::uint64_t at = windows.front().begin; at < end;) {
    if (stop.stop_requested()) return base::cancelled(at);
    std::array<iovec, most_windows> parts{};
    int count = 0;
    for (const Window& window : windows) {
      if (window.end <= at) continue;
      const std::uint64_t from = std::max(window.begin, at);
      parts.at(static_cast<std::size_t>(count++)) = {window.memory + (from - window.begin), window.end - from};
    }
    const auto position = static_cast<off_t>(at);
    const ssize_t got = count == 1 ? pread(direct.get(), parts[0].iov_base, parts[0].iov_len, position)
                                   : preadv(direct.get(), parts.data(), count, position);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EINVAL) return Direct::refused;
    // The end of the file comes inside a block; short of that, a read that ends elsewhere goes on at its last block.
    const std::uint64_t whole = got < 0 ? 0 : static_cast<std::uint64_t>(got);
    const std::uint64_t next = at + (at + whole >= end ? whole : block_down(whole));
    if (got < 0 || next == at) {
      return failed_read(got < 0 ? got : 0, windows.back().end - at, end - at - whole, at + whole);
    }
    at = next;
  }
  return Direct::done;
}

// With a block of the bounce for either end, unless that may be written over.
Result<Direct> read_in_place(const Descriptor& direct, std::uint64_t offset, const Target& target, Bounce& bounce,
                             const std::stop_token& stop, Around around) {
  const std::uint64_t end = offset + target.bytes;
  if (around == Around::overwritten) {
    const Window window{block_down(offset), block_up(end), target.into - (offset - block_down(offset))};
    return read_windows(direct, {&window, 1}, end, stop);
  }
  const std::uint64_t first = block_up(offset), last = block_down(end);
  std::array<Window, most_windows> windows{};
  std::size_t count = 0;
  if (offset < first) windows[count++] = {first - block_bytes, first, bounce.data()};
  windows[count++] = {first, last, target.into + (first - offset)};
  if (last < end) windows[count++] = {last, last + block_bytes, bounce.data() + block_bytes};
  auto read = read_windows(direct, std::span(windows).first(count), end, stop);
  if (!read || *read == Direct::refused) return read;
  if (offset < first) scatter({&target, 1}, offset, {bounce.data(), block_bytes}, first - block_bytes);
  if (last < end) scatter({&target, 1}, offset, {bounce.data() + block_bytes, block_bytes}, last);
  return Direct::done;
}

}  // namespace

bool is_congruent(std::uint64_t offset, const std::byte* memory) {
  return offset % block_bytes == reinterpret_cast<std::uintptr_t>(memory) % block_bytes;
}

std::byte* Bounce::data() {
  if (!memory_) memory_.reset(static_cast<std::byte*>(std::aligned_alloc(block_bytes, size)));
  if (!memory_) throw std::bad_alloc();
  return memory_.get();
}

Result<Descriptor> open_direct(const Descriptor& file) {
  return Descriptor::open("/proc/self/fd/" + std::to_string(file.get()), O_DIRECT);
}

Result<Direct> read_direct(const Descriptor& direct, std::uint64_t offset, std::span<const Target> targets,
                           Bounce& bounce, const std::stop_token& stop, Around around) {
  std::uint64_t end = offset;
  for (const Target& target : targets)
    end += target.bytes;
  if (targets.size() == 1 && targets[0].into && is_congruent(offset, targets[0].into) &&
      (around == Around::overwritten || block_up(offset) < block_down(end))) {
    return read_in_place(direct, offset, targets[0], bounce, stop, around);
  }
  for (std::uint64_t at = block_down(offset); at < end;) {
    const Window window{at, std::min(block_up(end), at + Bounce::size), bounce.data()};
    auto read = read_windows(direct, {&window, 1}, std::min(window.end, end), stop);
    if (!read || *read == Direct::refused) return read;
    scatter(targets, offset, {bounce.data(), window.end - at}, at);
    at = window.end;
  }
  return Direct::done;
}

Result<Direct> write_direct(int direct, std::uint64_t offset, std::span<const std::byte> bytes, Bounce& bounce) {
  const std::byte* from = bytes.data();
  if (!is_congruent(offset, from)) from = static_cast<const std::byte*>(std::memcpy(bounce.data(), from, bytes.size()));
  for (std::uint64_t done = 0; done < bytes.size();) {
    const ssize_t put = pwrite(direct, from + done, bytes.size() - done, static_cast<off_t>(offset + done));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0 && errno == EINVAL) return Direct::refused;
    // A write that ends inside a block goes on at its last whole one.
    const std::uint64_t whole = put < 0 ? 0 : block_down(static_cast<std::uint64_t>(put));
    if (whole == 0) {
      Error error = base::system_error(put < 0 ? errno : EIO, "write " + base::grouped(bytes.size()) + " bytes");
      error.offset = offset + done;
      return error;
    }
    done += whole;
  }
  return Direct::done;
}

}  // namespace hoist::io
