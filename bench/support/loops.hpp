// A raw loop over parts of a file, and the ways to run it: over pages that are there, and with opening the file.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "memory.hpp"
#include "pairs.hpp"

namespace bench {

// What a loop does with [begin, end) of what it counts: bytes, runs, or tensors.
using Loop = std::function<void(const MappedFile& file, std::size_t begin, std::size_t end)>;

struct NamedLoop {
  std::string name;
  Loop loop;
};

// [0, count) in equal parts on `threads` threads, over a mapping whose pages are there, as after an earlier copy. The
// file must outlive the candidate.
Candidate again(const MappedFile& file, unsigned threads, std::size_t count, const NamedLoop& named);

// With opening and mapping the file: weights are mostly copied once.
Candidate first_time(const std::filesystem::path& path, unsigned threads, std::size_t count, const NamedLoop& named,
                     Pages pages);

}  // namespace bench
