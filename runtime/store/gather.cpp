#include "store/gather.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <exception>
#include <thread>

#include "base/error.hpp"
#include "base/mutex.hpp"

namespace hoist::store {
namespace {

// Short runs that begin no farther apart than a page are read together with what lies between them: the disk reads
// those pages in any case, and from the cache a page costs no more than another system call. For all others a pread a
// run is faster, also than process_vm_readv on the own mapping, which threads slow down for each other (tools/bench
// strided).
constexpr std::uint64_t short_run_bytes = 1U << 10;
constexpr std::uint64_t dense_stride_bytes = 4U << 10;
constexpr std::uint64_t cover_bytes = 256U << 10;
// Below this a thread costs more to start than it saves.
constexpr std::uint64_t min_bytes_per_thread = 1U << 20;

bool dense(const Runs& runs) {
  return !runs.loops.empty() && runs.run_bytes < short_run_bytes &&
         runs.loops.back().stride_bytes <= dense_stride_bytes;
}

// Copies one part of the slice, on one thread.
class Worker {
 public:
  Worker(const Storage& storage, const Slice& slice, std::span<std::byte> into, const std::stop_token& stop)
      : storage_(storage), slice_(slice), into_(into), stop_(stop) {}

  Result<void> run(std::uint64_t begin, std::uint64_t end) {
    PieceWalker walker(slice_.runs, begin, end);
    if (!storage_.file() && !storage_.source()) return copy_memory(walker);
    return dense(slice_.runs) ? read_covering(walker) : read_each(walker);
  }

  std::uint64_t bytes_read() const noexcept { return bytes_read_; }

 private:
  Result<void> copy_memory(PieceWalker& walker) {
    constexpr std::uint64_t between_looks = 16U << 20;  // as for reads
    std::uint64_t unlooked = between_looks;
    for (Piece piece; walker.next(piece);) {
      if (unlooked >= between_looks) {
        if (stop_.stop_requested()) return Error{.code = Errc::cancelled, .message = "cancelled"};
        unlooked = 0;
      }
      unlooked += piece.bytes;
      std::memcpy(into_.data() + piece.copy_offset, storage_.addressable().data() + piece.file_offset, piece.bytes);
      bytes_read_ += piece.bytes;
    }
    return {};
  }

  Result<void> read_each(PieceWalker& walker) {
    for (Piece piece; walker.next(piece);) {
      if (auto read = read_one(piece); !read) return read;
    }
    return {};
  }

  Result<void> read_one(const Piece& piece) {
    bytes_read_ += piece.bytes;
    return storage_.read(piece.file_offset, into_.subspan(piece.copy_offset, piece.bytes), stop_);
  }

  // One read for as many neighbouring runs as the buffer holds, then a copy of each.
  Result<void> read_covering(PieceWalker& walker) {
    std::vector<std::byte> buffer(cover_bytes);
    std::vector<Piece> covered;
    Piece piece;
    for (bool more = walker.next(piece); more;) {
      covered.clear();
      const std::uint64_t begin = piece.file_offset;
      std::uint64_t end = begin;
      do {
        covered.push_back(piece);
        end = piece.file_offset + piece.bytes;
        more = walker.next(piece);
      } while (more && piece.file_offset >= end && piece.file_offset - end < dense_stride_bytes &&
               piece.file_offset + piece.bytes - begin <= cover_bytes);
      bytes_read_ += end - begin;
      if (auto read = storage_.read(begin, std::span(buffer).first(end - begin), stop_); !read) return read;
      for (const Piece& part : covered) {
        std::memcpy(into_.data() + part.copy_offset, buffer.data() + (part.file_offset - begin), part.bytes);
      }
    }
    return {};
  }

  const Storage& storage_;
  const Slice& slice_;
  std::span<std::byte> into_;
  const std::stop_token& stop_;
  std::uint64_t bytes_read_ = 0;
};

}  // namespace

Result<void> gather(const Storage& storage, const Slice& slice, std::span<std::byte> into, const CopyOptions& options) {
  const std::uint64_t total = slice.byte_count;
  if (options.bytes_read) *options.bytes_read = 0;
  if (total == 0) return {};
  const std::uint64_t most = std::max<std::uint64_t>(1, total / min_bytes_per_thread);
  const std::uint64_t parts = std::clamp<std::uint64_t>(options.threads, 1, most);
  const std::uint64_t share = (total / parts + 4095) / 4096 * 4096;

  base::Mutex mutex;
  std::optional<Error> first_error;
  std::uint64_t bytes_read = 0;
  const auto run_part = [&](std::uint64_t part) {
    Worker worker(storage, slice, into, options.stop);
    auto result = base::catching_bad_alloc([&] {
      return worker.run(std::min(total, part * share), part + 1 == parts ? total : std::min(total, (part + 1) * share));
    });
    const base::MutexLock lock(mutex);
    bytes_read += worker.bytes_read();
    if (!result && !first_error) first_error = std::move(result).error();
  };
  {
    std::vector<std::jthread> threads;
    threads.reserve(parts - 1);
    std::uint64_t started = 1;
    try {
      for (; started < parts; ++started)
        threads.emplace_back(run_part, started);
    } catch (const std::system_error&) {
      // no more threads to be had: their parts are done here
      for (std::uint64_t part = started; part < parts; ++part)
        run_part(part);
    }
    run_part(0);
  }
  if (options.bytes_read) *options.bytes_read = bytes_read;
  if (!first_error) {
    auto whole_still = storage.check_size();
    if (whole_still) return {};
    first_error = std::move(whole_still).error();
  }
  return *std::move(first_error);
}

}  // namespace hoist::store
