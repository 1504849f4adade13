// One column shard of a matrix: copy_to against the best loop that survives a file truncated under it.
//     hoist_bench_strided FILE PAIRS
#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "hoist/checkpoint.hpp"
#include "support/figure.hpp"
#include "support/memory.hpp"
#include "support/raw_loops.hpp"
#include "support/text.hpp"

namespace bench {
namespace {

constexpr std::uint64_t shard_count = 8, shard_index = 3;

struct Job {
  hoist::TensorView view;
  const MappedFile& file;
  Strided runs;
  std::size_t rows;
  Buffer into;

  Job(const hoist::TensorView& whole, const MappedFile& mapped)
      : view(whole.shard(1, shard_index, shard_count).value()), file(mapped), into(view.byte_count()) {
    rows = whole.shape()[0];
    runs.stride = whole.byte_count() / rows;
    runs.run = runs.stride / shard_count;
    runs.offset = whole.info().offset + shard_index * runs.run;
  }

  Candidate loop(std::string name, unsigned threads, std::function<void(std::size_t, std::size_t)> part) const {
    return {std::move(name), [this, threads, part = std::move(part)] { in_parts(threads, rows, part); }};
  }
};

std::vector<Candidate> safe_loops(const Job& job, unsigned threads) {
  const auto into = job.into.bytes();
  std::vector<Candidate> loops{job.loop("pread of each run", threads, [&job, into](auto begin, auto end) {
    pread_each_run(job.file.descriptor(), job.runs, begin, end, into);
  })};
  for (const std::size_t window : {1U << 18, 1U << 20})
    loops.push_back(job.loop("covering pread", threads, [&job, into, window](auto begin, auto end) {
      pread_over_runs(job.file.descriptor(), job.runs, begin, end, into, window);
    }));
  for (const std::size_t batch : {16U, 64U, 256U, 1024U})
    loops.push_back(
        job.loop(text("process_vm_readv of ", batch, " runs"), threads, [&job, into, batch](auto begin, auto end) {
          vm_readv_runs(job.file.bytes(), job.runs, begin, end, into, batch);
        }));
  return loops;
}

void check(const Job& job, const Work& copy, const std::string& name) {
  std::vector<std::byte> expected(job.into.bytes().size());
  memcpy_runs(job.file.bytes(), job.runs, 0, job.rows, expected);
  std::ranges::fill(job.into.bytes(), std::byte{0x5a});
  copy();
  require(std::memcmp(expected.data(), job.into.bytes().data(), expected.size()) == 0, name);
}

void measure(const Job& job, unsigned threads, std::size_t pairs) {
  const auto name =
      text("1/", shard_count, " of ", job.view.name(), ", ", threads, threads == 1 ? " thread" : " threads");
  std::uint64_t bytes_read = 0;
  const Work subject = [&] {
    job.view.copy_to(job.into.bytes(), {.threads = threads, .bytes_read = &bytes_read}).value();
  };
  const auto loops = safe_loops(job, threads);
  for (const Candidate& loop : loops)
    check(job, loop.run, loop.name);
  check(job, subject, "copy_to");
  print({.name = name + ": bytes read",
         .value = static_cast<double>(bytes_read) * shard_count / static_cast<double>(job.view.info().byte_count),
         .unit = "of 1/" + std::to_string(shard_count),
         .at_most = 1.05});

  const auto bytes = static_cast<double>(job.into.bytes().size());
  const Candidate& best = fastest(loops, std::min<std::size_t>(pairs, 9));
  print(rate_figure(name + ", against " + best.name, compare(subject, best.run, pairs), bytes, 0.95));
  const auto mapped = job.loop("mapped memcpy", threads, [&job](auto begin, auto end) {
    memcpy_runs(job.file.bytes(), job.runs, begin, end, job.into.bytes());
  });
  print(rate_figure(name + ", against mapped memcpy, which does not survive", compare(subject, mapped.run, pairs),
                    bytes, std::nullopt));
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const auto archive = hoist::Archive::open(argv[1]).value();
  const bench::MappedFile file(argv[1]);
  for (std::size_t i = 0; i < archive.tensors().size(); ++i) {
    const bench::Job job(archive.view(i), file);
    for (const unsigned threads : {1U, 2U})
      bench::measure(job, threads, std::strtoul(argv[2], nullptr, 10));
  }
}
