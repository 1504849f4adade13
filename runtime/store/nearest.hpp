// "Did you mean": the names most like one that was not found.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "hoist/result.hpp"

namespace hoist::store {

// Keeps the best three of what it is offered. Costs at most about 0.2 s however many and long the names are.
class Nearest {
 public:
  // `wanted` must outlive this; so must what is offered.
  explicit Nearest(std::string_view wanted);

  void offer(std::string_view name);

  // "; nearest: 'a', 'b'", or nothing where no name resembles the wanted one.
  std::string text() const;

 private:
  struct Candidate {
    std::size_t distance = SIZE_MAX;
    std::string_view name{};
  };

  std::string_view wanted_;
  std::size_t limit_;                  // of the edit distance
  std::size_t budget_ = 100'000'000;   // of steps in the distance table
  std::array<Candidate, 3> best_{};    // by edit distance, nearest first
  std::array<Candidate, 3> prefix_{};  // by what is left after the common prefix: for patterns and long names
  std::vector<std::size_t> row_;       // of the distance table
};

Error missing_tensor(std::string_view name, const Nearest& nearest, std::string file);

}  // namespace hoist::store
