// What hoist diff finds out: two checkpoints side by side.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "arguments.hpp"
#include "difference.hpp"
#include "hoist/archive.hpp"

namespace hoist::tool {

// A tensor that both have.
struct TensorPair {
  TensorView a, b;
  std::optional<Difference> values{};  // none: dtype or shape differ, and no byte was read
};

// The shards of one checkpoint may disagree, so a key has a set of values. Empty: it is not there.
struct MetadataPair {
  std::string key{};
  std::set<std::string> a{}, b{};
};

struct Comparison {
  std::vector<TensorView> only_in_a{}, only_in_b{};
  std::vector<TensorPair> different{};
  std::optional<std::vector<MetadataPair>> metadata{};  // what differs; none: it was not to be compared
  std::uint64_t same = 0;                               // tensors, and their bytes in one checkpoint
  std::uint64_t same_bytes = 0;
  std::uint64_t within_tolerance = 0;  // of the same: their bytes differ

  bool all_same() const {
    return only_in_a.empty() && only_in_b.empty() && different.empty() && (!metadata || metadata->empty());
  }
};

// Throws hoist::Exception.
Comparison compare(const DiffArguments& arguments);

}  // namespace hoist::tool
