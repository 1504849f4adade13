#include "store/gather.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <exception>
#include <thread>

#include "base/error.hpp"
#include "base/mutex.hpp"
#include "io/self_copy.hpp"

namespace hoist::store {
namespace {

// From this length on a pread a run is as fast as gathering from a mapping that is populated, and faster than from one
// that is not (tools/bench strided, "opened anew").
constexpr std::uint64_t long_run_bytes = 4U << 10;
// A gap up to this costs less to read over than another system call (0.7 us, 8 GB/s).
constexpr std::uint64_t small_gap_bytes = 4U << 10;
constexpr std::uint64_t cover_bytes = 256U << 10;
// Below this a thread costs more to start than it saves.
constexpr std::uint64_t min_bytes_per_thread = 1U << 20;

// Copies one part of the slice, on one thread.
class Worker {
 public:
  Worker(const Storage& storage, const Slice& slice, std::span<std::byte> into, const std::stop_token& stop)
      : storage_(storage), slice_(slice), into_(into), stop_(stop) {}

  Result<void> run(std::uint64_t begin, std::uint64_t end) {
    PieceWalker walker(slice_.runs, begin, end);
    if (!storage_.file() && !storage_.source()) return copy_memory(walker);
    if (slice_.runs.run_bytes < long_run_bytes && !slice_.runs.loops.empty()) {
      if (storage_.mapped()) return gather_mapped(walker, begin, end);
      if (slice_.runs.gap_bytes() <= std::max(small_gap_bytes, slice_.runs.run_bytes)) return read_covering(walker);
    }
    return read_each(walker);
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

  Result<void> gather_mapped(PieceWalker& walker, std::uint64_t begin, std::uint64_t end) {
    const std::byte* const mapping = storage_.addressable().data();
    std::vector<iovec> batch;
    batch.reserve(std::min<std::uint64_t>(io::max_self_copy_pieces, (end - begin) / slice_.runs.run_bytes + 2));
    std::uint64_t at = begin, batch_bytes = 0;
    Piece piece;
    for (bool more = walker.next(piece); more || !batch.empty();) {
      if (more) {
        // The kernel only reads there; iovec has no const form.
        batch.push_back({const_cast<std::byte*>(mapping + piece.file_offset), piece.bytes});
        batch_bytes += piece.bytes;
        more = walker.next(piece);
        if (more && batch.size() < io::max_self_copy_pieces) continue;
      }
      if (stop_.stop_requested()) return Error{.code = Errc::cancelled, .message = "cancelled"};
      auto copied = io::self_copy(batch, into_.subspan(at, batch_bytes));
      if (!copied || *copied != batch_bytes) return read_instead(at, end);
      bytes_read_ += batch_bytes;
      at += batch_bytes;
      batch_bytes = 0;
      batch.clear();
    }
    return {};
  }

  // The kernel refused or met a page that it could not read. Plain reads say which, or get through.
  Result<void> read_instead(std::uint64_t at, std::uint64_t end) {
    PieceWalker rest(slice_.runs, at, end);
    if (slice_.runs.gap_bytes() <= std::max(small_gap_bytes, slice_.runs.run_bytes)) return read_covering(rest);
    return read_each(rest);
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
      } while (more && piece.file_offset >= end &&
               piece.file_offset - end <= std::max(small_gap_bytes, slice_.runs.run_bytes) &&
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
