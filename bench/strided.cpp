// One column shard of a matrix: copy_to against the best loop that survives a file truncated under it.
//     hoist_bench_strided FILE PAIRS
#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "hoist/checkpoint.hpp"
#include "support/figure.hpp"
#include "support/loops.hpp"
#include "support/raw_loops.hpp"
#include "support/text.hpp"

namespace bench {
namespace {

constexpr std::uint64_t shard_count = 8, shard_index = 3;

// One tensor of the file, and the runs that its shard is made of.
struct Job {
  std::string path;
  std::size_t tensor;
  hoist::TensorView view;
  MappedFile file;
  Strided runs;
  std::size_t rows;
  Buffer into;
  unsigned threads;

  Job(const char* path_, std::size_t tensor_, unsigned threads_)
      : path(path_), tensor(tensor_), view(open_shard()), file(path_), into(view.byte_count()), threads(threads_) {
    rows = view.shape()[0];
    runs.run = view.byte_count() / rows;
    runs.stride = runs.run * shard_count;
    runs.offset = view.info().offset + shard_index * runs.run;
  }

  hoist::TensorView open_shard() const {
    return hoist::Archive::open(path).value().view(tensor).shard(1, shard_index, shard_count).value();
  }

  std::string title() const {
    return text("1/", shard_count, " of ", view.name(), ", ", threads, threads == 1 ? " thread" : " threads");
  }
};

std::vector<NamedLoop> safe_loops(const Job& job) {
  const auto into = job.into.bytes();
  const Strided runs = job.runs;
  std::vector<NamedLoop> loops{{"pread of each run", [=](const MappedFile& file, auto begin, auto end) {
                                  pread_each_run(file.descriptor(), runs, begin, end, into);
                                }}};
  for (const std::size_t window : {1U << 16, 1U << 20})
    loops.push_back({text("pread over ", window >> 10, " KiB"), [=](const MappedFile& file, auto begin, auto end) {
                       pread_over_runs(file.descriptor(), runs, begin, end, into, window);
                     }});
  for (const std::size_t batch : {16U, 128U, 1024U})
    loops.push_back({text("process_vm_readv of ", batch, " runs"), [=](const MappedFile& file, auto begin, auto end) {
                       vm_readv_runs(file.bytes(), runs, begin, end, into, batch);
                     }});
  return loops;
}

void check(const Job& job, const Candidate& candidate) {
  std::vector<std::byte> expected(job.into.bytes().size());
  memcpy_runs(job.file.bytes(), job.runs, 0, job.rows, expected);
  std::ranges::fill(job.into.bytes(), std::byte{0x5a});
  candidate.run();
  require(std::memcmp(expected.data(), job.into.bytes().data(), expected.size()) == 0, candidate.name);
}

void show_against_best(const Job& job, const std::string& title, const Work& subject,
                       const std::vector<Candidate>& limits, std::size_t pairs) {
  for (const Candidate& limit : limits)
    check(job, limit);
  check(job, {title, subject});
  const Candidate& best = fastest(limits, std::min<std::size_t>(pairs, 9));
  print(rate_figure(title + ", against " + best.name, compare(subject, best.run, pairs),
                    static_cast<double>(job.into.bytes().size()), 0.95));
}

void measure(const Job& job, std::size_t pairs) {
  std::uint64_t bytes_read = 0;
  const Work copy = [&] {
    job.view.copy_to(job.into.bytes(), {.threads = job.threads, .bytes_read = &bytes_read}).value();
  };
  const Work open_and_copy = [&] { job.open_shard().copy_to(job.into.bytes(), {.threads = job.threads}).value(); };
  std::vector<Candidate> limits, limits_with_open;
  for (const NamedLoop& named : safe_loops(job)) {
    limits.push_back(again(job.file, job.threads, job.rows, named));
    limits_with_open.push_back(first_time(job.path, job.threads, job.rows, named, Pages::untouched));
  }
  show_against_best(job, job.title(), copy, limits, pairs);
  show_against_best(job, job.title() + ", opened anew", open_and_copy, limits_with_open, pairs);

  const auto share = static_cast<double>(job.view.info().byte_count) / shard_count;
  print({.name = job.title() + ": bytes read",
         .value = static_cast<double>(bytes_read) / share,
         .unit = text("of 1/", shard_count),
         .at_most = 1.05});
  const auto mapped =
      again(job.file, job.threads, job.rows, {"mapped memcpy", [&job](const MappedFile& file, auto begin, auto end) {
                                                memcpy_runs(file.bytes(), job.runs, begin, end, job.into.bytes());
                                              }});
  print(rate_figure(job.title() + ", against mapped memcpy, which does not survive", compare(copy, mapped.run, pairs),
                    static_cast<double>(job.into.bytes().size()), std::nullopt));
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const std::size_t tensors = hoist::Archive::open(argv[1]).value().tensors().size();
  for (std::size_t tensor = 0; tensor < tensors; ++tensor)
    for (const unsigned threads : {1U, 2U})
      bench::measure(bench::Job(argv[1], tensor, threads), std::strtoul(argv[2], nullptr, 10));
}
