#include "transfer/source_runs.hpp"

#include <queue>
#include <vector>

namespace hoist::transfer {
namespace {

// A write of so much costs no more per byte than a longer one; below, what lies side by side is put together first.
constexpr std::uint64_t long_run_bytes = 256U << 10;  // (a guess)
constexpr std::uint64_t together_bytes = 1U << 20;    // stays in the processor's cache

}  // namespace

void SourceRuns::add(store::Runs runs, std::span<const std::byte> bytes) {
  sources_.emplace_back(std::move(runs), bytes);
}

Result<void> SourceRuns::for_each(const Put& put) && {
  const auto later = [](const Source* a, const Source* b) { return a->piece.file_offset > b->piece.file_offset; };
  std::priority_queue<Source*, std::vector<Source*>, decltype(later)> next(later);
  for (Source& source : sources_) {
    if (source.walker.next(source.piece)) next.push(&source);
  }
  std::vector<std::byte> together;
  std::uint64_t begin = 0;  // of `together` in the file
  const auto flush = [&]() -> Result<void> {
    if (together.empty()) return {};
    auto done = put(begin, together);
    together.clear();
    return done;
  };
  while (!next.empty()) {
    Source& source = *next.top();
    next.pop();
    const store::Piece piece = source.piece;
    const auto bytes = source.bytes.subspan(piece.copy_offset, piece.bytes);
    if (source.walker.next(source.piece)) next.push(&source);
    const bool goes_on = begin + together.size() == piece.file_offset;
    if (!goes_on || together.size() + bytes.size() > together_bytes || bytes.size() >= long_run_bytes) {
      if (auto flushed = flush(); !flushed) return flushed;
    }
    if (bytes.size() >= long_run_bytes) {
      if (auto done = put(piece.file_offset, bytes); !done) return done;
      continue;
    }
    if (together.empty()) begin = piece.file_offset;
    together.insert(together.end(), bytes.begin(), bytes.end());
  }
  return flush();
}

}  // namespace hoist::transfer
