// Many small tensors: what each of them costs on a warm loader, and how often the device is called for them.
//     hoist_bench_small_tensors FILE ROUNDS
#include <chrono>
#include <cstdlib>
#include <functional>

#include "support/figure.hpp"
#include "support/landing.hpp"
#include "support/text.hpp"

namespace bench {
namespace {

using Clock = std::chrono::steady_clock;
using Planning = std::function<hoist::Plan()>;

struct Job {
  Landing landing;
  MappedFile file;
  double count;
  std::size_t rounds;

  Job(const char* path, std::size_t rounds_)
      : landing(path), file(path), count(static_cast<double>(landing.checkpoint.tensor_count())), rounds(rounds_) {}

  hoist::Plan into_arena() const {
    hoist::Plan plan(landing.checkpoint);
    plan.select("**").value();
    return plan;
  }
};

struct Found {
  double planning_us = 0, loading_us = 0;  // a tensor
  std::uint64_t copies = 0;
};

// What frees the plan and the transfer is not in the times.
Found once(const Job& job, hoist::Loader& loader, const Planning& planning, hoist::Staging staging, bool checked) {
  const auto begin = Clock::now();
  const hoist::Plan plan = planning();
  const auto planned = Clock::now();
  const hoist::Transfer transfer = loader.start(plan, {.staging = staging}).value();
  transfer.wait().value();
  const auto loaded = Clock::now();
  if (checked) check(transfer.tensors(), job.landing.checkpoint, job.file);
  const auto us = [&](Clock::duration time) { return std::chrono::duration<double, std::micro>(time).count(); };
  return {us(planned - begin) / job.count, us(loaded - planned) / job.count, transfer.report().copies};
}

void measure(const Job& job, const std::string& how, const Planning& planning, hoist::Staging staging) {
  hoist::Loader loader = make_loader(0);
  const Found first = once(job, loader, planning, staging, true);
  std::vector<double> plannings, loadings;
  for (std::size_t round = 0; round < job.rounds; ++round) {
    const Found found = once(job, loader, planning, staging, false);
    plannings.push_back(found.planning_us);
    loadings.push_back(found.loading_us);
  }
  print({.name = text(job.count, " tensors of 4 KiB, ", how),
         .value = median(loadings),
         .unit = "us each",
         .at_most = 2,
         .pairs = job.rounds,
         .detail = {{"planning_us_each", median(plannings)}}});
  print({.name = text(job.count, " tensors of 4 KiB, ", how, ": copies queued on the device"),
         .value = static_cast<double>(first.copies) / job.count,
         .unit = "a tensor",
         .at_most = 0.01,
         .detail = {{"copies", static_cast<double>(first.copies)}}});
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const bench::Job job(argv[1], std::strtoul(argv[2], nullptr, 10));
  const bench::Planning into_arena = [&] { return job.into_arena(); };
  bench::measure(job, "straight into the arena", into_arena, hoist::Staging::automatic);
  bench::measure(
      job, "straight into memory of the caller", [&] { return job.landing.plan(); }, hoist::Staging::automatic);
  bench::measure(job, "through the ring", into_arena, hoist::Staging::always);
}
