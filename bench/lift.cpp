// A load straight into the host's memory against the best raw loop into the same memory; the file is in the cache.
//     hoist_bench_lift NAME FILE PAIRS
#include <algorithm>
#include <cstdlib>

#include "support/figure.hpp"
#include "support/landing.hpp"
#include "support/loops.hpp"
#include "support/raw_loops.hpp"
#include "support/text.hpp"

namespace bench {
namespace {

std::vector<Candidate> preads(const Landing& landing, const MappedFile& file, unsigned threads) {
  std::vector<Candidate> found;
  for (const std::size_t chunk : {256 * KiB, MiB, 4 * MiB, 16 * MiB}) {
    const auto read = [&landing, chunk](const MappedFile& from, std::size_t begin, std::size_t end) {
      const auto place = landing.data().subspan(begin, end - begin);
      pread_loop(from.descriptor(), landing.data_start + begin, place, chunk);
    };
    found.push_back(again(file, threads, landing.data().size(), {text("pread ", chunk / KiB, " KiB"), read}));
    if (threads == 1) continue;
    found.push_back({text("pread ", chunk / KiB, " KiB in turns"), [&landing, &file, threads, chunk, read] {
                       in_turns(threads, landing.data().size(), chunk,
                                [&](unsigned, auto begin, auto end) { read(file, begin, end); });
                     }});
  }
  return found;
}

std::vector<Candidate> memcpys(const Landing& landing, const MappedFile& file, unsigned threads) {
  std::vector<Candidate> found;
  for (const std::size_t chunk : {MiB, 16 * MiB}) {
    const auto copy = [&landing, chunk](const MappedFile& from, std::size_t begin, std::size_t end) {
      memcpy_loop(from.bytes().subspan(landing.data_start + begin, end - begin),
                  landing.data().subspan(begin, end - begin), chunk);
    };
    const std::string name = text("mapped memcpy ", chunk / MiB, " MiB");
    found.push_back(again(file, threads, landing.data().size(), {name, copy}));
  }
  return found;
}

void measure(const Landing& landing, const MappedFile& file, const std::string& name, unsigned threads,
             std::size_t pairs) {
  hoist::Loader loader = make_loader(threads);
  const hoist::Plan plan = landing.plan();
  const Work lift = [&] { load(loader, plan, {.staging = hoist::Staging::automatic}); };
  check(landing, file, lift, "load");
  for (const auto& limits : {preads(landing, file, threads), memcpys(landing, file, threads)}) {
    const Candidate& best = fastest(limits, std::min<std::size_t>(pairs, 5));
    check(landing, file, best.run, best.name);
    const auto title = text(name, ", ", threads, threads == 1 ? " thread" : " threads", ", against ", best.name);
    const auto bytes = static_cast<double>(landing.data().size());
    print(rate_figure(title, compare(lift, best.run, pairs), bytes, 0.95));
  }
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const bench::Landing landing(argv[2]);
  const bench::MappedFile file(argv[2]);
  for (const unsigned threads : {1U, 2U})
    bench::measure(landing, file, argv[1], threads, std::strtoul(argv[3], nullptr, 10));
}
