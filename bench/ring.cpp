// A load through the ring (staging = always) against the best raw loop of two copies with as many threads, a small ring
// against a large one, and two devices from one read; the file is in the cache.
//     hoist_bench_ring NAME FILE PAIRS
#include <algorithm>
#include <cstdlib>
#include <optional>

#include "support/figure.hpp"
#include "support/landing.hpp"
#include "support/piped_loop.hpp"
#include "support/raw_loops.hpp"
#include "support/text.hpp"

namespace bench {
namespace {

struct Job {
  Landing landing;
  MappedFile file;
  hoist::Plan plan;
  Buffer slots{64 * MiB};  // of the raw loops
  std::size_t pairs;

  Job(const char* path, std::size_t pairs_) : landing(path), file(path), plan(landing.plan()), pairs(pairs_) {}

  Work load_with(hoist::Loader& loader) const {
    return [this, &loader] { load(loader, plan, {.staging = hoist::Staging::always}); };
  }
  void show(const std::string& title, const Work& subject, const Work& limit, std::optional<double> at_least) const {
    print(rate_figure(title, compare(subject, limit, pairs), static_cast<double>(landing.data().size()), at_least));
  }
};

std::vector<Candidate> two_copies(const Job& job, unsigned threads) {
  std::vector<Candidate> found;
  for (const std::size_t chunk : {64 * KiB, 256 * KiB, MiB, 4 * MiB}) {
    found.push_back({text("two copies of ", chunk / KiB, " KiB"), [&job, threads, chunk] {
                       two_copies_loop(job.file.descriptor(), job.landing.data_start, job.landing.data(),
                                       job.slots.bytes(), chunk, threads);
                     }});
  }
  return found;
}

std::vector<Candidate> piped(const Job& job, unsigned readers) {
  std::vector<Candidate> found;
  for (const std::size_t chunk : {256 * KiB, MiB, 4 * MiB}) {
    for (const std::size_t spare : {1U, 3U}) {
      const std::size_t count = readers + spare;
      found.push_back({text(count, " slots of ", chunk / KiB, " KiB"), [&job, readers, chunk, count] {
                         piped_loop(job.file.descriptor(), job.landing.data_start, job.landing.data(),
                                    job.slots.bytes().first(count * chunk), chunk, readers);
                       }});
    }
  }
  return found;
}

// The host's queue copies on a thread of its own, so the raw loop has one thread more than the loader has readers.
void against_raw_loop(const Job& job, const std::string& name, unsigned readers) {
  hoist::Loader loader = make_loader(readers);
  const Work lift = job.load_with(loader);
  check(job.landing, job.file, lift, "load");
  const auto show = [&](const std::string& how, const std::vector<Candidate>& limits, std::optional<double> at_least) {
    const Candidate& best = fastest(limits, std::min<std::size_t>(job.pairs, 5));
    check(job.landing, job.file, best.run, best.name);
    job.show(
        text(name, ", ", readers, readers == 1 ? " reader" : " readers", " and a copier, against ", how, best.name),
        lift, best.run, at_least);
  };
  show(text(readers + 1, " threads, "), two_copies(job, readers + 1), 0.95);
  show("the same as a raw loop, ", piped(job, readers), std::nullopt);
}

void small_against_large(const Job& job, const std::string& name) {
  hoist::Loader small = make_loader(0, 64 * MiB), large = make_loader(0, 256 * MiB);
  for (hoist::Loader* loader : {&small, &large})
    check(job.landing, job.file, job.load_with(*loader), "load");
  job.show(name + ", a ring of 64 MiB against one of 256 MiB", job.load_with(small), job.load_with(large), 0.95);
}

// The same tensors onto two devices.
void one_read_against_two(const Job& job, const std::string& name) {
  const hoist::Device host = hoist::Device::host().value();
  hoist::Loader loader = hoist::Loader::create({host, host}, {.staging_bytes = 128 * MiB}).value();
  const Landing other(job.landing.path.c_str());
  const std::vector<hoist::Plan> plans{job.plan, plan_into(job.landing.checkpoint, other.memory)};
  const Work together = [&] {
    for (const hoist::Transfer& transfer : loader.start(plans, {.staging = hoist::Staging::always}).value())
      transfer.wait().value();
  };
  const Work apart = [&] {
    for (const hoist::Plan& plan : plans)
      load(loader, plan, {.staging = hoist::Staging::always});
  };
  for (const Landing* landing : {&job.landing, &other}) {
    check(*landing, job.file, together, "onto two devices at once");
    check(*landing, job.file, apart, "onto two devices in turn");
  }
  Figure figure{.name = name + ", onto two devices from one read, against one load after the other",
                .value = 0,
                .unit = "of its rate",
                .pairs = job.pairs};
  const Comparison comparison = compare(together, apart, job.pairs);
  figure.value = comparison.ratio;
  figure.self = comparison.self;
  print(figure);
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const bench::Job job(argv[2], std::strtoul(argv[3], nullptr, 10));
  for (const unsigned readers : {1U, 2U})
    bench::against_raw_loop(job, argv[1], readers);
  bench::small_against_large(job, argv[1]);
  bench::one_read_against_two(job, argv[1]);
}
