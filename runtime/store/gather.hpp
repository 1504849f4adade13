// Copies the bytes of a slice into memory, by whatever way is fastest and survives a truncated file.
#pragma once

#include <span>

#include "store/slice.hpp"
#include "store/storage.hpp"

namespace hoist::store {

// `into` holds exactly the slice. A file is read with pread and never by its mapping: each run alone, or, where runs
// are dense, by reads that cover many.
Result<void> gather(const Storage& storage, const Slice& slice, std::span<std::byte> into, const CopyOptions& options);

// What reading takes: of bytes, gaps included, and in how many requests.
struct ReadCost {
  std::uint64_t bytes = 0;
  std::uint64_t requests = 0;

  ReadCost& operator+=(const ReadCost& other) {
    bytes += other.bytes;
    requests += other.requests;
    return *this;
  }
  bool operator==(const ReadCost&) const = default;
};

// Bytes [begin, end) of the copy alone, on the calling thread; does not look at the file's size afterwards. Gives what
// it took.
Result<ReadCost> gather_part(const Storage& storage, const Runs& runs, std::uint64_t begin, std::uint64_t end,
                             std::byte* into, const std::stop_token& stop);

// What gather_part will take for that.
ReadCost gather_cost(const Storage& storage, const Runs& runs, std::uint64_t begin, std::uint64_t end);

}  // namespace hoist::store
