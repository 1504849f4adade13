#include "store/gather.hpp"

#include <algorithm>
#include <cstring>
#include <thread>

#include "base/error.hpp"
#include "base/mutex.hpp"

namespace hoist::store {
namespace {

// Runs that begin no farther apart than this are read together with what lies between them: a read costs as much as 3
// KiB from the cache, so a pread a run would take several times as long. Farther apart only what was asked for is read,
// a pread a run; process_vm_readv on the own mapping is no faster with several threads, which slow each other down
// (tools/bench strided).
constexpr std::uint64_t dense_stride_bytes = 1U << 10;
constexpr std::uint64_t cover_bytes = 256U << 10;
// Below this a thread costs more to start than it saves.
constexpr std::uint64_t min_bytes_per_thread = 1U << 20;

bool in_memory(const Storage& storage) { return !storage.file() && !storage.source(); }

bool dense(const Runs& runs) { return !runs.loops.empty() && runs.loops.back().stride_bytes <= dense_stride_bytes; }

// One read of dense runs, with the runs that lie in it.
struct Cover {
  std::uint64_t file_offset = 0;
  std::uint64_t bytes = 0;
  std::vector<Piece> pieces{};
};

// As many neighbouring runs as a buffer of cover_bytes holds, again and again.
class CoverWalker {
 public:
  CoverWalker(const Runs& runs, std::uint64_t begin, std::uint64_t end)
      : walker_(runs, begin, end), more_(walker_.next(piece_)) {}

  bool next(Cover& cover) {
    cover.pieces.clear();
    if (!more_) return false;
    cover.file_offset = piece_.file_offset;
    std::uint64_t end = 0;
    do {
      cover.pieces.push_back(piece_);
      end = piece_.file_offset + piece_.bytes;
      more_ = walker_.next(piece_);
    } while (more_ && piece_.file_offset >= end && piece_.file_offset - end < dense_stride_bytes &&
             piece_.file_offset + piece_.bytes - cover.file_offset <= cover_bytes);
    cover.bytes = end - cover.file_offset;
    return true;
  }

 private:
  PieceWalker walker_;
  Piece piece_{};
  bool more_;
};

// Copies one part of the slice, on one thread.
class Worker {
 public:
  // `into` is where byte `begin` of the copy goes.
  Worker(const Storage& storage, const Runs& runs, std::uint64_t begin, std::byte* into, const std::stop_token& stop)
      : storage_(storage), runs_(runs), begin_(begin), into_(into), stop_(stop) {}

  Result<void> run(std::uint64_t end) {
    if (in_memory(storage_)) return copy_memory(PieceWalker(runs_, begin_, end));
    return dense(runs_) ? read_covering(CoverWalker(runs_, begin_, end)) : read_each(PieceWalker(runs_, begin_, end));
  }

  const ReadCost& cost() const noexcept { return cost_; }

 private:
  std::byte* place(const Piece& piece) const { return into_ + (piece.copy_offset - begin_); }

  Result<void> copy_memory(PieceWalker walker) {
    constexpr std::uint64_t between_looks = 16U << 20;  // as for reads
    std::uint64_t unlooked = between_looks;
    for (Piece piece; walker.next(piece);) {
      if (unlooked >= between_looks) {
        if (stop_.stop_requested()) return base::cancelled();
        unlooked = 0;
      }
      unlooked += piece.bytes;
      std::memcpy(place(piece), storage_.addressable().data() + piece.file_offset, piece.bytes);
      cost_ += {.bytes = piece.bytes, .requests = 1};
    }
    return {};
  }

  Result<void> read_each(PieceWalker walker) {
    for (Piece piece; walker.next(piece);) {
      cost_ += {.bytes = piece.bytes, .requests = 1};
      if (auto read = storage_.read(piece.file_offset, {place(piece), piece.bytes}, stop_); !read) return read;
    }
    return {};
  }

  // One read for as many neighbouring runs as the buffer holds, then a copy of each.
  Result<void> read_covering(CoverWalker walker) {
    std::vector<std::byte> buffer(cover_bytes);
    for (Cover cover; walker.next(cover);) {
      cost_ += {.bytes = cover.bytes, .requests = 1};
      const auto covered = std::span(buffer).first(cover.bytes);
      if (auto read = storage_.read(cover.file_offset, covered, stop_); !read) return read;
      for (const Piece& piece : cover.pieces)
        std::memcpy(place(piece), covered.data() + (piece.file_offset - cover.file_offset), piece.bytes);
    }
    return {};
  }

  const Storage& storage_;
  const Runs& runs_;
  const std::uint64_t begin_;
  std::byte* const into_;
  const std::stop_token& stop_;
  ReadCost cost_;
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
    const std::uint64_t begin = std::min(total, part * share);
    const std::uint64_t end = part + 1 == parts ? total : std::min(total, begin + share);
    Worker worker(storage, slice.runs, begin, into.data() + begin, options.stop);
    auto result = base::catching_bad_alloc([&] { return worker.run(end); });
    const base::MutexLock lock(mutex);
    bytes_read += worker.cost().bytes;
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

Result<ReadCost> gather_part(const Storage& storage, const Runs& runs, std::uint64_t begin, std::uint64_t end,
                             std::byte* into, const std::stop_token& stop) {
  return base::catching_bad_alloc([&]() -> Result<ReadCost> {
    Worker worker(storage, runs, begin, into, stop);
    if (auto done = worker.run(end); !done) return std::move(done).error();
    return worker.cost();
  });
}

ReadCost gather_cost(const Storage& storage, const Runs& runs, std::uint64_t begin, std::uint64_t end) {
  ReadCost cost;
  if (in_memory(storage) || !dense(runs)) {
    PieceWalker walker(runs, begin, end);
    for (Piece piece; walker.next(piece);)
      cost += {.bytes = piece.bytes, .requests = 1};
  } else {
    CoverWalker walker(runs, begin, end);
    for (Cover cover; walker.next(cover);)
      cost += {.bytes = cover.bytes, .requests = 1};
  }
  return cost;
}

}  // namespace hoist::store
