// How long until the first group of a plan is there, as a share of the time until everything is.
//     hoist_bench_first_tensor FILE PATTERN ROUNDS      PATTERN is the first group, the rest the second
#include <chrono>
#include <cstdlib>

#include "support/figure.hpp"
#include "support/landing.hpp"
#include "support/text.hpp"

namespace bench {
namespace {

using Clock = std::chrono::steady_clock;

struct Times {
  double tensor = 0, group = 0, all = 0;  // seconds since before the start
};

struct Job {
  Landing landing;
  hoist::Plan plan;
  std::string first;              // tensor
  std::uint64_t first_bytes = 0;  // of the group

  Job(const char* path, const char* pattern) : landing(path), plan(landing.checkpoint) {
    std::vector<hoist::Placed> group, rest;
    for (const hoist::TensorView& view : landing.checkpoint.select({pattern}).value()) {
      if (group.empty()) first = view.name();
      first_bytes += view.byte_count();
      group.push_back(placed(view, landing.memory));
    }
    for (const hoist::TensorView& view : landing.checkpoint.select({"**", text("!", pattern)}).value())
      rest.push_back(placed(view, landing.memory));
    plan.add(std::move(group)).value();
    plan.add(std::move(rest)).value();
  }

  Times load(hoist::Loader& loader, hoist::Staging staging) const {
    const auto begin = Clock::now();
    const auto since = [begin] { return std::chrono::duration<double>(Clock::now() - begin).count(); };
    Times times;
    const hoist::Transfer transfer = loader.start(plan, {.staging = staging}).value();
    transfer.wait(first).value();
    times.tensor = since();
    transfer.wait(hoist::Plan::Group{0}).value();
    times.group = since();
    transfer.wait().value();
    times.all = since();
    return times;
  }
};

void measure(const Job& job, const MappedFile& file, hoist::Staging staging, std::size_t rounds) {
  hoist::Loader loader = make_loader(0);
  check(job.landing, file, [&] { job.load(loader, staging); }, "load");
  std::vector<double> tensor, group, all, tensor_share, group_share;
  for (std::size_t round = 0; round < rounds; ++round) {
    const Times times = job.load(loader, staging);
    tensor.push_back(times.tensor);
    group.push_back(times.group);
    all.push_back(times.all);
    tensor_share.push_back(times.tensor / times.all);
    group_share.push_back(times.group / times.all);
  }
  const std::string how = staging == hoist::Staging::always ? ", through the ring" : ", straight";
  const auto show = [&](const std::string& what, const std::vector<double>& shares, const std::vector<double>& times) {
    print({.name = text("time to the first ", what, how),
           .value = median(shares),
           .unit = "of the time to the last",
           .at_most = 0.05,
           .pairs = rounds,
           .detail = {{"milliseconds", median(times) * 1e3},
                      {"milliseconds_of_all", median(all) * 1e3},
                      {"share_of_bytes",
                       static_cast<double>(job.first_bytes) / static_cast<double>(job.landing.data().size())}}});
  };
  show("tensor", tensor_share, tensor);
  show("group", group_share, group);
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const bench::Job job(argv[1], argv[2]);
  const bench::MappedFile file(argv[1]);
  for (const auto staging : {hoist::Staging::automatic, hoist::Staging::always})
    bench::measure(job, file, staging, std::strtoul(argv[3], nullptr, 10));
}
