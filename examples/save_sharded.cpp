// Four ranks hold a quarter of each matrix; together they write one file, and what is read back is the whole model.
//     example_save_sharded MODEL OUT
#include <hoist/checkpoint.hpp>
#include <hoist/writer.hpp>

#include <iostream>
#include <thread>

namespace {

constexpr std::uint64_t ranks = 4;

bool is_sharded(const hoist::TensorView& tensor) {
  return tensor.shape().size() == 2 && tensor.shape()[1] % ranks == 0;
}

std::vector<std::byte> bytes_of(const hoist::TensorView& view) {
  std::vector<std::byte> bytes(view.byte_count());
  view.copy_to(bytes).value();
  return bytes;
}

// What one rank has: its columns of the matrices, and, the first one, all that is not sharded.
void write_part(hoist::Writer& writer, const hoist::Checkpoint& model, std::uint64_t rank) {
  for (const hoist::TensorView& tensor : model.tensors()) {
    if (is_sharded(tensor)) {
      const std::uint64_t rows = tensor.shape()[0], columns = tensor.shape()[1] / ranks;
      const std::vector<std::byte> mine = bytes_of(tensor.shard(1, rank, ranks).value());
      writer.write_block(tensor.name(), {.start = {0, rank * columns}, .size = {rows, columns}}, mine).value();
    } else if (rank == 0) {
      writer.write(tensor.name(), bytes_of(tensor)).value();
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  try {
    const hoist::Checkpoint model = hoist::Checkpoint::open(argv[1]).value();
    hoist::Writer writer = hoist::Writer::create(argv[2]).value();
    for (const hoist::TensorView& tensor : model.tensors())
      writer.declare(tensor.name(), tensor.dtype(), tensor.shape()).value();
    writer.begin().value();

    std::vector<std::jthread> threads;
    for (std::uint64_t rank = 0; rank < ranks; ++rank)
      threads.emplace_back([&writer, &model, rank] {
        try {
          write_part(writer, model, rank);
        } catch (const hoist::Exception&) {
          // The writer keeps its first failure: commit says it.
        }
      });
    threads.clear();
    const hoist::SaveReport report = std::move(writer).commit().value();

    const hoist::Checkpoint saved = hoist::Checkpoint::open(argv[2]).value();
    std::size_t same = 0;
    for (const hoist::TensorView& tensor : model.tensors())
      same += bytes_of(saved.at(tensor.name()).value()) == bytes_of(tensor) ? 1 : 0;
    std::cout << report.tensors << " tensors, " << report.bytes << " bytes, " << report.aligned_256
              << " at multiples of 256; " << same << " read back as they were\n";
    return same == report.tensors ? 0 : 1;
  } catch (const hoist::Exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
