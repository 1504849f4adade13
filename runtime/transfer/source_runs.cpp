#include "transfer/source_runs.hpp"

#include <algorithm>
#include <queue>

namespace hoist::transfer {
namespace {

// A write of so much costs no more per byte than a longer one; below, what lies side by side is put together first.
constexpr std::uint64_t long_run_bytes = 256U << 10;  // (a guess)
constexpr std::uint64_t together_bytes = 1U << 20;    // stays in the processor's cache

}  // namespace

void SourceRuns::add(store::Runs runs, ByteSource bytes) { sources_.emplace_back(std::move(runs), std::move(bytes)); }

Result<std::span<const std::byte>> SourceRuns::Source::bytes_of(const store::Piece& run) {
  if (bytes.in_memory()) return std::span(bytes.memory() + run.copy_offset, run.bytes);
  if (ahead.empty() || run.copy_offset + run.bytes > ahead_begin + ahead.size()) {
    ahead_begin = run.copy_offset;
    ahead.resize(std::min(together_bytes, bytes.byte_count() - run.copy_offset));
    if (auto read = bytes.read(ahead_begin, ahead); !read) return std::move(read).error();
  }
  return std::span<const std::byte>(ahead).subspan(run.copy_offset - ahead_begin, run.bytes);
}

Result<void> SourceRuns::for_each(const Put& put) && {
  const auto later = [](const Source* a, const Source* b) { return a->next.file_offset > b->next.file_offset; };
  std::priority_queue<Source*, std::vector<Source*>, decltype(later)> next(later);
  for (Source& source : sources_) {
    if (source.walker.next(source.next)) next.push(&source);
  }
  std::vector<std::byte> together;
  std::uint64_t begin = 0;  // of `together` in the file
  const auto flush = [&]() -> Result<void> {
    if (together.empty()) return {};
    const ByteSource bytes(together);
    auto done = put(begin, Stretch(bytes));
    together.clear();
    return done;
  };
  while (!next.empty()) {
    Source& source = *next.top();
    next.pop();
    const store::Piece run = source.next;
    if (source.walker.next(source.next)) next.push(&source);
    const bool goes_on = begin + together.size() == run.file_offset;
    if (!goes_on || together.size() + run.bytes > together_bytes || run.bytes >= long_run_bytes) {
      if (auto flushed = flush(); !flushed) return flushed;
    }
    if (run.bytes >= long_run_bytes) {
      if (auto done = put(run.file_offset, Stretch(source.bytes).part(run.copy_offset, run.bytes)); !done) return done;
      continue;
    }
    const auto bytes = source.bytes_of(run);
    if (!bytes) return bytes.error();
    if (together.empty()) begin = run.file_offset;
    together.insert(together.end(), bytes->begin(), bytes->end());
  }
  return flush();
}

}  // namespace hoist::transfer
