#include "comparison.hpp"

#include <algorithm>
#include <map>
#include <memory>

#include "hoist/checkpoint.hpp"
#include "hoist/checksums.hpp"
#include "hoist/serialize.hpp"
#include "open.hpp"
#include "progress.hpp"
#include "workers.hpp"

namespace hoist::tool {
namespace {

// What a thread holds of either tensor at once: small enough to be in its cache still when the bytes are compared, a
// read still far more than its system call.
constexpr std::uint64_t chunk_bytes = 256 << 10;

struct Sides {
  std::optional<TensorView> a, b;  // at least one
};

struct Part {
  std::size_t pair;
  TensorView a, b;
  std::uint64_t first;  // element of the tensor
};

// In the order of A; then what only B has.
std::vector<Sides> side_by_side(const Checkpoint& a, const Checkpoint& b) {
  std::vector<Sides> all;
  for (const TensorView& tensor : a.tensors())
    all.push_back({.a = tensor, .b = b.find(tensor.name())});
  for (const TensorView& tensor : b.tensors()) {
    if (!a.find(tensor.name())) all.push_back({.a = {}, .b = tensor});
  }
  return all;
}

// A pattern may match in one of the two only, and is then no mistake. So that all of them mean what they always do,
// they select from a file that holds the names of both, and no data.
std::vector<Sides> selected(const Checkpoint& a, const Checkpoint& b, const std::vector<std::string>& patterns) {
  const std::vector<Sides> all = side_by_side(a, b);
  const Shape empty{0};
  std::vector<HostTensor> names;
  for (const Sides& sides : all)
    names.push_back({.name = (sides.a ? sides.a : sides.b)->name(), .dtype = DType::U8, .shape = empty, .bytes = {}});
  const auto file = std::make_shared<const SerializedFile>(serialize(names, {.layout = Layout::as_given}).value());
  const Checkpoint both = Checkpoint::of(Archive::from_bytes(file->bytes(), file).value());
  std::vector<Sides> chosen;
  for (const TensorView& tensor : both.select(patterns).value())
    chosen.push_back({.a = a.find(tensor.name()), .b = b.find(tensor.name())});
  return chosen;
}

bool same_type(const TensorView& a, const TensorView& b) {
  return a.dtype() == b.dtype() && std::ranges::equal(a.shape(), b.shape());
}

void compare_part(const Part& part, Difference& difference, Bar& bar) {
  const std::vector<TensorView> left = pieces_of(part.a, chunk_bytes).value();
  const std::vector<TensorView> right = pieces_of(part.b, chunk_bytes).value();
  std::vector<std::byte> a, b;
  std::uint64_t first = part.first;
  for (std::size_t i = 0; i < left.size(); ++i) {
    a.resize(left[i].byte_count());
    b.resize(right[i].byte_count());
    left[i].copy_to(a).value();
    right[i].copy_to(b).value();
    const std::uint64_t count = element_count(left[i].shape());
    difference.add(a, b, first, count);
    first += count;
    bar.add(a.size() + b.size());
  }
}

// Fills in the values of the pairs.
void compare_values(std::vector<TensorPair>& pairs, std::optional<Tolerance> tolerance, unsigned threads) {
  std::vector<Part> parts;
  std::vector<Difference> of_parts;
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    TensorPair& pair = pairs[i];
    if (!same_type(pair.a, pair.b)) continue;
    const std::vector<TensorView> left = parts_of(pair.a), right = parts_of(pair.b);
    std::uint64_t first = 0;
    for (std::size_t k = 0; k < left.size(); ++k) {
      parts.push_back({.pair = i, .a = left[k], .b = right[k], .first = first});
      of_parts.emplace_back(pair.a.dtype(), tolerance);
      first += element_count(left[k].shape());
    }
    pair.values.emplace(pair.a.dtype(), tolerance);
    bytes += pair.a.byte_count() + pair.b.byte_count();
  }
  Bar bar(bytes);
  for_each_index(parts.size(), threads, [&](std::size_t i) -> Result<void> {
    compare_part(parts[i], of_parts[i], bar);
    return {};
  }).value();
  for (std::size_t i = 0; i < parts.size(); ++i)
    pairs[parts[i].pair].values->merge(of_parts[i]);
}

std::vector<MetadataPair> compare_metadata(const Checkpoint& a, const Checkpoint& b) {
  std::map<std::string, MetadataPair> all;
  for (const auto& [checkpoint, values] : {std::pair{&a, &MetadataPair::a}, {&b, &MetadataPair::b}}) {
    for (const Archive& shard : checkpoint->shards()) {
      for (const auto& [key, value] : shard.metadata()) {
        if (key != checksums_key) (all[key].*values).insert(value);  // which say nothing that the bytes do not
      }
    }
  }
  std::vector<MetadataPair> different;
  for (auto& [key, pair] : all) {
    if (pair.a == pair.b) continue;
    pair.key = key;
    different.push_back(std::move(pair));
  }
  return different;
}

}  // namespace

Comparison compare(const DiffArguments& arguments) {
  // Reads, not mappings, as in stats.
  const Checkpoint a = open_checkpoint(arguments.a);
  const Checkpoint b = open_checkpoint(arguments.b);
  Comparison comparison;
  std::vector<TensorPair> pairs;
  for (Sides& sides : arguments.select.empty() ? side_by_side(a, b) : selected(a, b, arguments.select)) {
    if (sides.a && sides.b) pairs.push_back({.a = *std::move(sides.a), .b = *std::move(sides.b)});
    else if (sides.a) comparison.only_in_a.push_back(*std::move(sides.a));
    else comparison.only_in_b.push_back(*std::move(sides.b));
  }
  compare_values(pairs, arguments.tolerance, arguments.threads);
  for (TensorPair& pair : pairs) {
    if (!pair.values || pair.values->count() > 0) {
      comparison.different.push_back(std::move(pair));
      continue;
    }
    ++comparison.same;
    comparison.same_bytes += pair.a.byte_count();
    comparison.within_tolerance += !pair.values->same_bytes();
  }
  if (!arguments.ignore_metadata) comparison.metadata = compare_metadata(a, b);
  return comparison;
}

}  // namespace hoist::tool
