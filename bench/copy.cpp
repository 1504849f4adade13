// copy_to against the plainest loops that bring the same bytes from the page cache into the same reused memory.
//     hoist_bench_copy NAME FILE PAIRS
#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <functional>
#include <numeric>
#include <optional>

#include "hoist/checkpoint.hpp"
#include "support/figure.hpp"
#include "support/loops.hpp"
#include "support/raw_loops.hpp"
#include "support/text.hpp"

namespace bench {
namespace {

constexpr std::size_t KiB = 1024, MiB = 1024 * KiB;

// Every tensor of a file whose data is one stretch, into a buffer of the same layout.
struct Job {
  std::filesystem::path path;
  hoist::Archive archive;
  MappedFile file;
  std::uint64_t data_start;
  Buffer into;
  std::vector<std::size_t> by_size;  // tensors

  explicit Job(const char* path_)
      : path(path_),
        archive(hoist::Archive::open(path).value()),
        file(path),
        data_start(8 + archive.header_bytes()),
        into(file.bytes().size() - data_start),
        by_size(archive.tensors().size()) {
    std::iota(by_size.begin(), by_size.end(), std::size_t{0});
    std::ranges::sort(by_size, std::greater(), [this](std::size_t i) { return archive.tensors()[i].byte_count; });
  }

  std::span<const std::byte> data() const { return file.bytes().subspan(data_start); }

  void copy(const hoist::Archive& from, std::size_t tensor, unsigned threads) const {
    const hoist::TensorInfo& info = from.tensors()[tensor];
    const auto place = into.bytes().subspan(info.offset - data_start, info.byte_count);
    from.view(tensor).copy_to(place, {.threads = threads}).value();
  }

  // One tensor with all the threads; of several each thread takes the next, the largest first.
  void copy(const hoist::Archive& from, unsigned threads) const {
    if (by_size.size() == 1) return copy(from, 0, threads);
    std::atomic<std::size_t> next = 0;
    in_parts(threads, threads, [&](std::size_t, std::size_t) {
      for (std::size_t i; (i = next++) < by_size.size();)
        copy(from, by_size[i], 1);
    });
  }
};

NamedLoop pread_of(const Job& job, std::size_t chunk) {
  return {text("pread ", chunk / KiB, " KiB"), [&job, chunk](const MappedFile& file, auto begin, auto end) {
            pread_loop(file.descriptor(), job.data_start + begin, job.into.bytes().subspan(begin, end - begin), chunk);
          }};
}

NamedLoop memcpy_of(const Job& job, std::size_t chunk, std::string name) {
  return {std::move(name), [&job, chunk](const MappedFile& file, auto begin, auto end) {
            memcpy_loop(file.bytes().subspan(job.data_start + begin, end - begin),
                        job.into.bytes().subspan(begin, end - begin), chunk);
          }};
}

void check(const Job& job, unsigned threads) {
  std::ranges::fill(job.into.bytes(), std::byte{0x5a});
  job.copy(job.archive, threads);
  require(std::memcmp(job.into.bytes().data(), job.data().data(), job.data().size()) == 0, "copy_to");
}

void measure(const Job& job, const std::string& name, unsigned threads, std::size_t pairs) {
  check(job, threads);
  const std::size_t rounds = std::min<std::size_t>(pairs, 5);
  const auto show = [&](const std::string& how, const Work& subject, const Candidate& limit,
                        std::optional<double> at_least) {
    const auto title = text(name, ", ", threads, threads == 1 ? " thread" : " threads", how, ", against ", limit.name);
    print(rate_figure(title, compare(subject, limit.run, pairs), static_cast<double>(job.data().size()), at_least));
  };

  const std::size_t bytes = job.data().size();
  std::vector<Candidate> preads, memcpys, first_times;
  for (const std::size_t chunk : {256 * KiB, MiB, 4 * MiB, 16 * MiB}) {
    const NamedLoop loop = pread_of(job, chunk);
    preads.push_back(again(job.file, threads, bytes, loop));
    first_times.push_back(first_time(job.path, threads, bytes, loop, Pages::untouched));
  }
  for (const std::size_t chunk : {MiB, 16 * MiB}) {
    NamedLoop loop = memcpy_of(job, chunk, text("mapped memcpy ", chunk / MiB, " MiB"));
    memcpys.push_back(again(job.file, threads, bytes, loop));
    first_times.push_back(first_time(job.path, threads, bytes, loop, Pages::untouched));
    loop.name += ", populated first";
    first_times.push_back(first_time(job.path, threads, bytes, loop, Pages::populated));
  }
  const Work copy = [&] { job.copy(job.archive, threads); };
  show("", copy, fastest(preads, rounds), 0.95);
  show("", copy, fastest(memcpys, rounds), 0.95);
  const Work open_and_copy = [&] { job.copy(hoist::Archive::open(job.path).value(), threads); };
  show(", opened anew", open_and_copy, fastest(first_times, rounds), 0.95);
  // One memcpy call is no loop: above a size that glibc chooses by the cache it stores past the caches.
  const NamedLoop one = memcpy_of(job, bytes, "one mapped memcpy a thread");
  show("", copy, again(job.file, threads, bytes, one), std::nullopt);
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const bench::Job job(argv[2]);
  for (const unsigned threads : {1U, 2U})
    bench::measure(job, argv[1], threads, std::strtoul(argv[3], nullptr, 10));
}
