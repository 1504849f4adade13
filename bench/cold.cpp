// A load of a file that is not in the page cache, beside raw loops with as many reads in flight, buffered and direct.
//     hoist_bench_cold FILE THREADS ROUNDS
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <system_error>

#include "support/figure.hpp"
#include "support/landing.hpp"
#include "support/raw_loops.hpp"
#include "support/text.hpp"

namespace bench {
namespace {

constexpr std::size_t chunk = 4 * MiB;  // as the loader's pieces

class Opened {
 public:
  Opened(const Landing& landing, int flags) : descriptor_(::open(landing.path.c_str(), O_RDONLY | O_CLOEXEC | flags)) {
    if (descriptor_ < 0) throw std::system_error(errno, std::generic_category(), landing.path);
  }
  Opened(const Opened&) = delete;
  Opened& operator=(const Opened&) = delete;
  ~Opened() { ::close(descriptor_); }

  int descriptor() const noexcept { return descriptor_; }

 private:
  int descriptor_;
};

void evict(const Landing& landing) { ::posix_fadvise(Opened(landing, 0).descriptor(), 0, 0, POSIX_FADV_DONTNEED); }

double cached_share(const Landing& landing) {
  const MappedFile file(landing.path, Pages::untouched);
  std::vector<unsigned char> there((file.bytes().size() + 4095) / 4096);
  if (::mincore(const_cast<std::byte*>(file.bytes().data()), file.bytes().size(), there.data()) != 0) return 1;
  const auto count = std::ranges::count_if(there, [](unsigned char page) { return (page & 1) != 0; });
  return static_cast<double>(count) / static_cast<double>(there.size());
}

// The file from its beginning, since a direct read must begin at a block; the memory is laid out as the file.
void raw(const Landing& landing, int flags, unsigned threads) {
  const Opened file(landing, flags);
  const auto into = landing.memory.bytes();
  in_turns(threads, into.size(), chunk, [&](unsigned, std::size_t begin, std::size_t end) {
    // Whole blocks: at the file's end the read is short, and the memory reaches to the end of its page.
    const std::size_t wanted = (end - begin + 4095) / 4096 * 4096;
    for (std::size_t done = 0; done < end - begin;) {
      const ssize_t got =
          ::pread(file.descriptor(), into.data() + begin + done, wanted - done, static_cast<off_t>(begin + done));
      if (got <= 0) throw std::system_error(got < 0 ? errno : EIO, std::generic_category(), "pread");
      done += static_cast<std::size_t>(got);
    }
  });
}

void check_all(const Landing& landing, std::span<const Candidate> candidates) {
  for (const Candidate& candidate : candidates) {
    const MappedFile file(landing.path);
    check(landing, file, candidate.run, candidate.name);
  }
}

void measure(const Landing& landing, unsigned threads, std::size_t rounds) {
  hoist::Loader loader = make_loader(threads);
  const hoist::Plan plan = landing.plan();
  std::array<Candidate, 4> candidates{
      Candidate{"load", [&] { load(loader, plan, {.cache = hoist::Cache::keep}); }},
      Candidate{"load past the cache", [&] { load(loader, plan, {.cache = hoist::Cache::bypass}); }},
      Candidate{"raw buffered loop", [&] { raw(landing, 0, threads); }},
      Candidate{"raw O_DIRECT loop", [&] { raw(landing, O_DIRECT, threads); }},
  };
  check_all(landing, candidates);
  std::array<std::vector<double>, 4> rates;
  double most_cached = 0;
  for (std::size_t round = 0; round < rounds; ++round)
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      const std::size_t which = (i + round) % candidates.size();
      evict(landing);
      most_cached = std::max(most_cached, cached_share(landing));
      rates[which].push_back(static_cast<double>(landing.data().size()) / seconds(candidates[which].run) / 1e9);
    }
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const auto [slowest, fastest] = std::ranges::minmax(rates[i]);
    print({.name = text("cold, ", threads, " reads of ", chunk / MiB, " MiB at a time: ", candidates[i].name),
           .value = median(rates[i]),
           .unit = text("GB/s (", slowest, " to ", fastest, ")"),
           .pairs = rounds,
           .detail = {{"slowest", slowest}, {"fastest", fastest}, {"still_cached_at_most", most_cached}}});
  }
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const bench::Landing landing(argv[1]);
  bench::measure(landing, static_cast<unsigned>(std::strtoul(argv[2], nullptr, 10)),
                 std::strtoul(argv[3], nullptr, 10));
}
