// What a load keeps resident beyond the tensors' memory and the ring, at most, in a process of its own.
//     hoist_bench_load_memory NAME FILE straight|ring [GOAL_MB]
#include <sys/mman.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "support/figure.hpp"
#include "support/landing.hpp"
#include "support/text.hpp"

namespace bench {
namespace {

constexpr std::uint64_t page = 4096;

// Anonymous and shared memory of this process that is resident; the file's pages are the cache's.
std::uint64_t resident_bytes() {
  std::ifstream status("/proc/self/status");
  std::uint64_t kib = 0, all = 0;
  for (std::string word; status >> word;)
    if ((word == "RssAnon:" || word == "RssShmem:") && status >> kib) all += kib;
  return all * KiB;
}

struct Range {
  std::uintptr_t begin = 0, end = 0;

  std::uint64_t size() const { return end - begin; }
  bool operator==(const Range&) const = default;
  auto operator<=>(const Range&) const = default;
};

// Of memory that can be written. Neighbours are one: a hint for large pages cuts what was allocated as one.
std::vector<Range> mappings() {
  std::ifstream maps("/proc/self/maps");
  std::vector<Range> found;
  for (std::string line; std::getline(maps, line);) {
    char* rest = nullptr;
    const std::uintptr_t begin = std::strtoull(line.c_str(), &rest, 16);
    const std::uintptr_t end = std::strtoull(rest + 1, &rest, 16);
    if (!std::string_view(rest).starts_with(" rw-p")) continue;
    if (!found.empty() && found.back().end == begin) found.back().end = end;
    else found.push_back({begin, end});
  }
  return found;
}

// The largest stretch that is mapped now and was not before.
Range newly_mapped(const std::vector<Range>& before) {
  Range largest;
  for (Range now : mappings()) {
    for (const Range& old : before)
      if (old.begin <= now.begin && now.begin < old.end) now.begin = std::min(old.end, now.end);
      else if (now.begin < old.begin && old.begin < now.end) now.end = old.begin;
    if (now.size() > largest.size()) largest = now;
  }
  return largest;
}

std::uint64_t resident_bytes(const Range& range) {
  std::vector<unsigned char> there(range.size() / page);
  require(::mincore(reinterpret_cast<void*>(range.begin), range.size(), there.data()) == 0, "mincore");
  return page * static_cast<std::uint64_t>(std::ranges::count_if(there, [](auto state) { return (state & 1) != 0; }));
}

// The most that `now` gave while it lived, asked every millisecond.
class Peak {
 public:
  explicit Peak(std::function<std::uint64_t()> now)
      : now_(std::move(now)), watcher_([this](const std::stop_token& stop) {
          while (!stop.stop_requested()) {
            most_ = std::max(most_, now_());
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
          }
        }) {}

  std::uint64_t end() {
    watcher_ = {};
    return std::max(most_, now_());
  }

 private:
  std::function<std::uint64_t()> now_;
  std::uint64_t most_ = 0;
  std::jthread watcher_;
};

struct Found {
  std::uint64_t beyond = 0, ring = 0;
};

Found measure(const char* path, hoist::Staging staging) {
  const MappedFile file(path);  // for the check; its pages are neither anonymous nor shared memory
  const Buffer memory(file.bytes().size());
  const std::uint64_t before = resident_bytes();
  const auto checkpoint = hoist::Checkpoint::open(path).value();
  const std::vector<Range> mapped = mappings();
  constexpr std::uint64_t staging_bytes = 64 * MiB;
  hoist::Loader loader = make_loader(0, staging_bytes);
  const Range ring = newly_mapped(mapped);
  require(ring.size() >= staging_bytes && ring.size() < 2 * staging_bytes, "which memory is the ring");

  Peak peak([&] { return resident_bytes() - resident_bytes(ring); });
  const hoist::Plan plan = plan_into(checkpoint, memory);
  const hoist::Transfer transfer = loader.start(plan, {.staging = staging}).value();
  transfer.wait().value();
  const std::uint64_t most = peak.end();
  check(transfer.tensors(), checkpoint, file);
  return {most - before, resident_bytes(ring)};
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
  using namespace bench;
  if (argc < 4) return 2;
  const bool through_ring = argv[3] == std::string("ring");
  const Found found = measure(argv[2], through_ring ? hoist::Staging::always : hoist::Staging::automatic);
  Figure figure{.name = text("resident beyond the tensors and the ring, ", argv[1],
                             through_ring ? ", through the ring" : ", straight"),
                .value = static_cast<double>(found.beyond) / 1e6,
                .unit = "MB",
                .detail = {{"ring_touched_mb", static_cast<double>(found.ring) / 1e6}}};
  if (argc > 4) figure.at_most = std::strtod(argv[4], nullptr);
  print(figure);
}
