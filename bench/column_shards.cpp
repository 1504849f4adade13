// Each of eight ranks loads its column shard of every matrix and the whole of what is no matrix: what all of them read.
//     hoist_bench_column_shards NAME FILE
#include <cstdlib>
#include <cstring>
#include <fstream>

#include "support/figure.hpp"
#include "support/landing.hpp"
#include "support/text.hpp"

namespace bench {
namespace {

constexpr std::uint64_t ranks = 8;

hoist::TensorView part_of(const hoist::TensorView& whole, std::uint64_t rank) {
  return whole.shape().size() == 2 ? whole.shard(1, rank, ranks).value() : whole;
}

// Bytes that this process had from read calls.
std::uint64_t read_by_calls() {
  std::ifstream io("/proc/self/io");
  std::string word;
  std::uint64_t bytes = 0;
  io >> word >> bytes;
  require(word == "rchar:", "/proc/self/io");
  return bytes;
}

// Runs of a column shard lie a whole row apart in the file.
void check(const hoist::DeviceTensor& tensor, const hoist::TensorInfo& whole, std::uint64_t rank,
           const MappedFile& file) {
  const bool is_matrix = whole.shape.size() == 2;
  const std::uint64_t rows = is_matrix ? whole.shape[0] : 1;
  const std::uint64_t run = tensor.byte_count / rows;
  const std::byte* from = file.bytes().data() + whole.offset + (is_matrix ? rank * run : 0);
  for (std::uint64_t row = 0; row < rows; ++row)
    require(std::memcmp(static_cast<const std::byte*>(tensor.data) + row * run, from + row * (whole.byte_count / rows),
                        run) == 0,
            std::string(tensor.name));
}

struct Read {
  std::uint64_t reported = 0, by_calls = 0;
};

Read load_part(const hoist::Checkpoint& checkpoint, hoist::Loader& loader, std::uint64_t rank, const MappedFile& file) {
  std::vector<hoist::Placed> parts;
  for (const hoist::TensorView& whole : checkpoint.tensors())
    parts.push_back({.view = part_of(whole, rank)});
  hoist::Plan plan(checkpoint);
  plan.add(std::move(parts)).value();
  const std::uint64_t before = read_by_calls();
  const hoist::Transfer transfer = loader.start(plan).value();
  transfer.wait().value();
  const Read read{transfer.report().moved.bytes_read, read_by_calls() - before};
  require(read.reported == plan.estimate().bytes_read, "the estimate");
  for (const hoist::DeviceTensor& tensor : transfer.tensors())
    check(tensor, checkpoint.find(tensor.name)->info(), rank, file);
  return read;
}

void measure(const std::string& name, const char* path) {
  const auto checkpoint = hoist::Checkpoint::open(path).value();
  const MappedFile file(path);
  hoist::Loader loader = make_loader(0);
  Read all;
  for (std::uint64_t rank = 0; rank < ranks; ++rank) {
    const Read read = load_part(checkpoint, loader, rank, file);
    all.reported += read.reported;
    all.by_calls += read.by_calls;
  }
  const auto size = static_cast<double>(file.bytes().size());
  const std::string title = text("column shards of ", name, " over ", ranks, " ranks");
  print({.name = title + ": bytes read, as reported",
         .value = static_cast<double>(all.reported) / size,
         .unit = "of the file",
         .at_most = 1.05});
  print({.name = title + ": bytes read, as the kernel counts (rchar)",
         .value = static_cast<double>(all.by_calls) / size,
         .unit = "of the file"});
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  bench::measure(argv[1], argv[2]);
}
