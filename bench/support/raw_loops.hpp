// The limits: the plainest loops that copy a file's bytes out of the page cache.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

namespace bench {

// Runs part(begin, end) for `threads` equal parts of [0, count), the last on the calling thread.
void in_parts(unsigned threads, std::size_t count, const std::function<void(std::size_t, std::size_t)>& part);

// Each of `threads` threads takes the next [begin, end) of at most `step` until `count` is reached; its own number,
// from 0, goes first.
void in_turns(unsigned threads, std::size_t count, std::size_t step,
              const std::function<void(unsigned, std::size_t, std::size_t)>& part);

void pread_loop(int descriptor, std::uint64_t offset, std::span<std::byte> into, std::size_t chunk);
void memcpy_loop(std::span<const std::byte> from, std::span<std::byte> into, std::size_t chunk);

// Each chunk is read into its thread's part of `slots`, of `chunk` bytes, and copied to its place from there.
void two_copies_loop(int descriptor, std::uint64_t offset, std::span<std::byte> into, std::span<std::byte> slots,
                     std::size_t chunk, unsigned threads);

// Equal runs at equal distances: the columns of one shard of a matrix.
struct Strided {
  std::uint64_t offset = 0;  // of the first run, in the file
  std::size_t run = 0;       // bytes
  std::size_t stride = 0;    // bytes from one run to the next
};

// Runs [begin, end) to their places in `into`.
void pread_each_run(int descriptor, const Strided& runs, std::size_t begin, std::size_t end, std::span<std::byte> into);
void pread_over_runs(int descriptor, const Strided& runs, std::size_t begin, std::size_t end, std::span<std::byte> into,
                     std::size_t window);
void vm_readv_runs(std::span<const std::byte> file, const Strided& runs, std::size_t begin, std::size_t end,
                   std::span<std::byte> into, std::size_t batch);
void memcpy_runs(std::span<const std::byte> file, const Strided& runs, std::size_t begin, std::size_t end,
                 std::span<std::byte> into);

}  // namespace bench
