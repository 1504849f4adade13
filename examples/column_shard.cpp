// Reads one rank's columns of a weight, as tensor-parallel servers split it:
//     column_shard MODEL TENSOR RANK RANKS
#include <charconv>
#include <cstring>
#include <hoist/checkpoint.hpp>
#include <iostream>
#include <vector>

namespace {

std::uint64_t number(const char* text) {
  std::uint64_t value = 0;
  std::from_chars(text, text + std::strlen(text), value);
  return value;
}

hoist::Result<void> read_columns(const char* model, const char* name, std::uint64_t rank, std::uint64_t ranks) {
  auto checkpoint = hoist::Checkpoint::open(model);
  if (!checkpoint) return checkpoint.error();
  auto weight = checkpoint->at(name);
  if (!weight) return weight.error();
  auto columns = weight->shard(/*dim=*/1, rank, ranks);  // a view: nothing was read so far
  if (!columns) return columns.error();

  std::vector<std::byte> data(columns->byte_count());
  std::uint64_t bytes_read = 0;
  if (auto copied = columns->copy_to(data, {.bytes_read = &bytes_read}); !copied) return copied;
  std::cout << rank << " of " << ranks << ": " << columns->shape()[0] << " x " << columns->shape()[1] << ", "
            << data.size() << " of " << weight->byte_count() << " bytes\n";
  return {};
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 5) return 2;
  auto done = read_columns(arguments[1], arguments[2], number(arguments[3]), number(arguments[4]));
  if (done) return 0;
  std::cerr << done.error().to_string() << '\n';
  return 3;
}
