#include "transfer/file_sink.hpp"

#include <algorithm>
#include <exception>
#include <thread>

#include "base/error.hpp"

namespace hoist::transfer {
namespace {

using base::MutexLock;

constexpr std::size_t piece_bytes = 4U << 20;
constexpr std::size_t least_direct_bytes = 1U << 20;    // a guess
constexpr unsigned most_helpers = 3;                    // while one fills its bounce, others write; a guess
constexpr std::size_t most_bounces = most_helpers + 1;  // that are kept while nobody uses them

// Where a stretch that is not in memory is brought.
std::span<std::byte> buffer_of(io::Bounce& bounce, const Stretch& stretch) {
  if (stretch.in_memory()) return {};
  return {bounce.data(), io::Bounce::size};
}

}  // namespace

FileSink::FileSink(const io::AtomicFile& file, bool past_the_cache, std::stop_token stop)
    : file_(file), stop_(std::move(stop)) {
  bounces_.reserve(most_bounces);
  if (!past_the_cache) return;
  if (auto direct = file.open_direct()) direct_ = std::move(direct).value();
}

Result<void> FileSink::put(std::uint64_t offset, std::span<const std::byte> bytes) {
  const ByteSource source(bytes);
  return put(offset, Stretch(source));
}

Result<void> FileSink::put(std::uint64_t offset, Stretch stretch, const OnWritten& on_written) {
  if (stretch.size() < least_direct_bytes) return put_buffered(offset, stretch, on_written);
  if (!direct_ || refused_) {
    // Buffered writes of one file wait for each other; bringing the bytes, and their checksum, do not.
    const bool only_write = stretch.in_memory() && !stretch.passes_by();
    return only_write ? put_buffered(offset, stretch, on_written) : put_pieces(offset, stretch, false, on_written);
  }
  const std::uint64_t end = offset + stretch.size(), first = io::block_up(offset), last = io::block_down(end);
  if (auto head = put_buffered(offset, stretch.part(0, first - offset), on_written); !head) return head;
  if (auto pieces = put_pieces(first, stretch.part(first - offset, last - first), true, on_written); !pieces) {
    return pieces;
  }
  return put_buffered(last, stretch.part(last - offset, end - last), on_written);
}

Result<void> FileSink::put_buffered(std::uint64_t offset, Stretch stretch, const OnWritten& on_written) {
  io::Bounce bounce = stretch.in_memory() ? io::Bounce() : take_bounce();
  for (std::uint64_t done = 0; done < stretch.size();) {
    if (stop_.stop_requested()) return base::cancelled();
    const Stretch piece = stretch.part(done, std::min<std::uint64_t>(stretch.size() - done, piece_bytes));
    const auto bytes = piece.bytes(buffer_of(bounce, piece));
    if (!bytes) return bytes.error();
    if (auto written = file_.write_at(offset + done, *bytes); !written) return written;
    done += piece.size();
    if (on_written) on_written(piece.size());
  }
  if (!stretch.in_memory()) give_back(std::move(bounce));
  return {};
}

Result<void> FileSink::put_pieces(std::uint64_t offset, Stretch stretch, bool direct, const OnWritten& on_written) {
  // Pieces end at multiples of their size in the file.
  const std::uint64_t begin = offset / piece_bytes * piece_bytes, end = offset + stretch.size();
  std::atomic<std::uint64_t> next = begin;
  base::Mutex mutex;
  std::optional<Error> failure;
  const auto work = [&] {
    for (std::uint64_t at = next.fetch_add(piece_bytes); at < end; at = next.fetch_add(piece_bytes)) {
      const std::uint64_t from = std::max(at, offset), to = std::min(at + piece_bytes, end);
      const Stretch piece = stretch.part(from - offset, to - from);
      auto put = base::catching_bad_alloc(
          [&] { return direct ? put_directly(from, piece, on_written) : put_buffered(from, piece, on_written); });
      if (put) continue;
      next = end;  // no more
      stretch.give_up();
      const MutexLock lock(mutex);
      if (!failure) failure = std::move(put).error();
    }
  };
  const std::uint64_t pieces = (end - begin + piece_bytes - 1) / piece_bytes;
  std::vector<std::jthread> others;
  while (others.size() + 1 < pieces && take_helper()) {
    try {
      others.emplace_back([&] {
        work();
        --helpers_;
      });
    } catch (const std::exception&) {  // no thread or no memory: who is there does it, too
      --helpers_;
      break;
    }
  }
  work();
  others.clear();
  if (failure) return *std::move(failure);
  return {};
}

// Whole blocks, no more than a piece.
Result<void> FileSink::put_directly(std::uint64_t offset, Stretch stretch, const OnWritten& on_written) {
  if (stop_.stop_requested()) return base::cancelled();
  if (!refused_) {
    io::Bounce bounce = take_bounce();
    const auto bytes = stretch.bytes(buffer_of(bounce, stretch));
    if (!bytes) return bytes.error();
    auto written = io::write_direct(direct_->get(), offset, *bytes, bounce);
    give_back(std::move(bounce));
    if (!written) return std::move(written).error();
    if (*written == io::Direct::done && on_written) on_written(stretch.size());
    if (*written == io::Direct::done) return {};
    refused_ = true;
  }
  return put_buffered(offset, stretch, on_written);
}

bool FileSink::take_helper() {
  if (helpers_.fetch_add(1) < most_helpers) return true;
  --helpers_;
  return false;
}

io::Bounce FileSink::take_bounce() {
  const MutexLock lock(mutex_);
  if (bounces_.empty()) return {};
  io::Bounce bounce = std::move(bounces_.back());
  bounces_.pop_back();
  return bounce;
}

void FileSink::give_back(io::Bounce bounce) {
  const MutexLock lock(mutex_);
  if (bounces_.size() < most_bounces) bounces_.push_back(std::move(bounce));
}

}  // namespace hoist::transfer
