// copy_to against the plainest loops that bring the same bytes from the page cache into the same reused memory.
//     hoist_bench_copy NAME FILE PAIRS
#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <numeric>

#include "hoist/checkpoint.hpp"
#include "support/figure.hpp"
#include "support/memory.hpp"
#include "support/raw_loops.hpp"
#include "support/text.hpp"

namespace bench {
namespace {

constexpr std::size_t KiB = 1024, MiB = 1024 * KiB;

// Every tensor of a file whose data is one stretch, into a buffer of the same layout.
struct Job {
  hoist::Archive archive;
  MappedFile file;
  std::uint64_t data_start;
  Buffer into;
  std::vector<std::size_t> by_size;  // tensors

  explicit Job(const char* path)
      : archive(hoist::Archive::open(path).value()),
        file(path),
        data_start(8 + archive.header_bytes()),
        into(file.bytes().size() - data_start),
        by_size(archive.tensors().size()) {
    std::iota(by_size.begin(), by_size.end(), std::size_t{0});
    std::ranges::sort(by_size, std::greater(), [this](std::size_t i) { return archive.tensors()[i].byte_count; });
  }

  std::span<const std::byte> data() const { return file.bytes().subspan(data_start); }

  void copy(std::size_t tensor, unsigned threads) const {
    const hoist::TensorInfo& info = archive.tensors()[tensor];
    const auto place = into.bytes().subspan(info.offset - data_start, info.byte_count);
    archive.view(tensor).copy_to(place, {.threads = threads}).value();
  }

  // One tensor with all the threads; of several each thread takes the next, the largest first.
  void copy(unsigned threads) const {
    if (by_size.size() == 1) return copy(0, threads);
    std::atomic<std::size_t> next = 0;
    in_parts(threads, threads, [&](std::size_t, std::size_t) {
      for (std::size_t i; (i = next++) < by_size.size();)
        copy(by_size[i], 1);
    });
  }
};

Candidate pread_with(const Job& job, unsigned threads, std::size_t chunk) {
  return {text("pread ", chunk / KiB, " KiB"), [&job, threads, chunk] {
            in_parts(threads, job.into.bytes().size(), [&job, chunk](std::size_t begin, std::size_t end) {
              pread_loop(job.file.descriptor(), job.data_start + begin, job.into.bytes().subspan(begin, end - begin),
                         chunk);
            });
          }};
}

Candidate memcpy_with(const Job& job, unsigned threads, std::size_t chunk, std::string name) {
  return {std::move(name), [&job, threads, chunk] {
            in_parts(threads, job.into.bytes().size(), [&job, chunk](std::size_t begin, std::size_t end) {
              memcpy_loop(job.data().subspan(begin, end - begin), job.into.bytes().subspan(begin, end - begin), chunk);
            });
          }};
}

void check(const Job& job, unsigned threads) {
  std::ranges::fill(job.into.bytes(), std::byte{0x5a});
  job.copy(threads);
  require(std::memcmp(job.into.bytes().data(), job.data().data(), job.data().size()) == 0, "copy_to");
}

void measure(const Job& job, const std::string& name, unsigned threads, std::size_t pairs) {
  check(job, threads);
  // One memcpy call is a limit of its own: above a size that glibc chooses by the cache it stores past the caches.
  const std::vector<Candidate> limits{
      fastest({pread_with(job, threads, 256 * KiB), pread_with(job, threads, MiB), pread_with(job, threads, 4 * MiB),
               pread_with(job, threads, 16 * MiB)},
              std::min<std::size_t>(pairs, 5)),
      fastest({memcpy_with(job, threads, MiB, "mapped memcpy 1 MiB"),
               memcpy_with(job, threads, 16 * MiB, "mapped memcpy 16 MiB")},
              std::min<std::size_t>(pairs, 5)),
      memcpy_with(job, threads, job.data().size(), "one mapped memcpy a thread"),
  };
  const auto subject = [&job, threads] { job.copy(threads); };
  for (const Candidate& limit : limits) {
    const auto title = text(name, ", ", threads, threads == 1 ? " thread" : " threads", ", against ", limit.name);
    print(rate_figure(title, compare(subject, limit.run, pairs), static_cast<double>(job.data().size()), 0.95));
  }
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const bench::Job job(argv[2]);
  for (const unsigned threads : {1U, 2U})
    bench::measure(job, argv[1], threads, std::strtoul(argv[3], nullptr, 10));
}
