// A save of one tensor from memory: durable, beside the best raw loop; not durable, beside raw buffered writes; and
// four blocks of columns beside the same bytes in one piece.
//     hoist_bench_save NAME FOLDER BYTES ROUNDS        whole rows of them
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <system_error>

#include "hoist/writer.hpp"
#include "support/figure.hpp"
#include "support/memory.hpp"
#include "support/raw_loops.hpp"
#include "support/text.hpp"

namespace bench {
namespace {

constexpr std::size_t chunk = 4U << 20;
constexpr std::uint64_t columns = 4096, parts = 4;  // bytes of a row, blocks of it

void check(bool good, const char* what) {
  if (!good) throw std::system_error(errno, std::generic_category(), what);
}

// Preallocated, in turns by `threads`, synced where asked for.
void raw(const std::filesystem::path& path, std::span<const std::byte> bytes, int flags, unsigned threads, bool sync) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | flags, 0666);
  check(fd >= 0, "open");
  check(::fallocate(fd, 0, 0, static_cast<off_t>(bytes.size())) == 0, "fallocate");
  in_turns(threads, bytes.size(), chunk, [&](unsigned, std::size_t begin, std::size_t end) {
    const auto part = bytes.subspan(begin, end - begin);
    check(::pwrite(fd, part.data(), part.size(), static_cast<off_t>(begin)) == static_cast<ssize_t>(part.size()),
          "pwrite");
  });
  if (sync) check(::fsync(fd) == 0, "fsync");
  check(::close(fd) == 0, "close");
}

hoist::Writer begun(const std::filesystem::path& path, std::size_t bytes, bool durable) {
  auto writer = hoist::Writer::create(path, {.durable = durable}).value();
  writer.declare("w", hoist::DType::U8, {bytes / columns, columns}).value();
  writer.begin().value();
  return writer;
}

void save(const std::filesystem::path& path, std::span<const std::byte> bytes, bool durable) {
  hoist::Writer writer = begun(path, bytes.size(), durable);
  writer.write("w", bytes).value();
  std::move(writer).commit().value();
}

// The same memory taken for four blocks of columns, one after the other.
std::vector<hoist::BlockSource> blocks_of(std::span<const std::byte> bytes) {
  const std::uint64_t rows = bytes.size() / columns, width = columns / parts;
  std::vector<hoist::BlockSource> blocks;
  for (std::uint64_t i = 0; i < parts; ++i)
    blocks.push_back({.block = {.start = {0, i * width}, .size = {rows, width}},
                      .source = bytes.subspan(i * rows * width, rows * width)});
  return blocks;
}

void save_blocks(const std::filesystem::path& path, std::span<const std::byte> bytes) {
  hoist::Writer writer = begun(path, bytes.size(), false);
  writer.write_blocks("w", blocks_of(bytes)).value();
  std::move(writer).commit().value();
}

void check_saved(const std::filesystem::path& path, std::span<const std::byte> bytes) {
  save(path, bytes, true);
  const auto saved = [&] { return hoist::Archive::open(path).value().at("w").value(); };
  require(std::ranges::equal(saved().bytes().value(), bytes), "a tensor in one piece");
  save_blocks(path, bytes);
  const auto view = saved();
  const auto found = view.bytes().value();
  for (const auto& [block, source] : blocks_of(bytes)) {
    const auto part = std::get<std::span<const std::byte>>(source);
    const std::uint64_t width = block.size[1];
    for (std::uint64_t row = 0; row < block.size[0]; ++row)
      require(std::memcmp(found.data() + row * columns + block.start[1], part.data() + row * width, width) == 0,
              "a tensor in blocks");
  }
}

void measure(const char* name, const std::filesystem::path& folder, std::size_t bytes, std::size_t rounds) {
  const Buffer memory(bytes);
  for (std::size_t i = 0; i < bytes; ++i)
    memory.bytes()[i] = static_cast<std::byte>(i * 31 % 251);
  const auto ours = folder / "save.safetensors", theirs = folder / "save.raw";
  const std::span<const std::byte> all = memory.bytes();
  check_saved(ours, all);
  const std::array<Candidate, 5> candidates{
      Candidate{"durable", [&] { save(ours, all, true); }},
      Candidate{"durable, raw O_DIRECT loop of 2 threads", [&] { raw(theirs, all, O_DIRECT, 2, true); }},
      Candidate{"not durable", [&] { save(ours, all, false); }},
      Candidate{"not durable, raw buffered loop", [&] { raw(theirs, all, 0, 1, false); }},
      Candidate{"not durable, four blocks of columns", [&] { save_blocks(ours, all); }},
  };
  std::array<std::vector<double>, 5> rates;
  for (std::size_t round = 0; round < rounds; ++round)
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      const std::size_t which = (i + round) % candidates.size();
      std::filesystem::remove(ours);
      std::filesystem::remove(theirs);
      ::sync();  // what the one before has left to write
      rates[which].push_back(static_cast<double>(bytes) / seconds(candidates[which].run) / 1e9);
    }
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const auto [slowest, fastest] = std::ranges::minmax(rates[i]);
    print({.name = text("save of ", name, ": ", candidates[i].name),
           .value = median(rates[i]),
           .unit = text("GB/s (", slowest, " to ", fastest, ")"),
           .pairs = rounds,
           .detail = {{"slowest", slowest}, {"fastest", fastest}}});
  }
  std::filesystem::remove(ours);
  std::filesystem::remove(theirs);
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  const std::size_t rows = std::strtoul(argv[3], nullptr, 10) / bench::columns;
  bench::measure(argv[1], argv[2], rows * bench::columns, std::strtoul(argv[4], nullptr, 10));
}
