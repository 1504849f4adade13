// How bytes get into the file of a save: past the page cache where it is to be on disk in the end, by several threads.
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <span>
#include <stop_token>
#include <vector>

#include "base/mutex.hpp"
#include "io/atomic_file.hpp"
#include "io/direct.hpp"
#include "transfer/byte_source.hpp"

namespace hoist::transfer {

// Thread-safe. What different calls put does not overlap, so a block of the file lies whole inside one call, and is
// written directly, or is an end of several, and goes through the page cache: never both ways, unless the system
// refuses to write it directly. Each calling thread, and three helpers in all, takes a bounce of 4 MiB.
class FileSink {
 public:
  // `file` stays where it is. Where direct writes are refused, everything goes through the page cache.
  FileSink(const io::AtomicFile& file, bool past_the_cache, std::stop_token stop);

  // Called by each thread, with how many more bytes are written.
  using OnWritten = std::function<void(std::uint64_t bytes)>;
  Result<void> put(std::uint64_t offset, std::span<const std::byte> bytes);
  Result<void> put(std::uint64_t offset, Stretch stretch, const OnWritten& on_written = {});

 private:
  Result<void> put_buffered(std::uint64_t offset, Stretch stretch, const OnWritten& on_written);
  Result<void> put_pieces(std::uint64_t offset, Stretch stretch, bool direct, const OnWritten& on_written);
  Result<void> put_directly(std::uint64_t offset, Stretch stretch, const OnWritten& on_written);
  bool take_helper();
  io::Bounce take_bounce();
  void give_back(io::Bounce bounce);

  const io::AtomicFile& file_;
  std::optional<io::Handle> direct_;
  std::stop_token stop_;
  std::atomic<bool> refused_ = false;
  std::atomic<unsigned> helpers_ = 0;  // threads, of all calls together
  base::Mutex mutex_;
  std::vector<io::Bounce> bounces_ HOIST_GUARDED_BY(mutex_);  // that nobody uses
};

}  // namespace hoist::transfer
