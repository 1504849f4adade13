// What a benchmark found, printed as one line of JSON for tools/bench.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pairs.hpp"

namespace bench {

struct Figure {
  std::string name;
  double value = 0;
  std::string unit;
  std::optional<double> at_least{};  // the goal, if there is one
  std::optional<double> at_most{};
  std::optional<double> self{};  // the limit against itself
  std::size_t pairs = 0;
  std::vector<std::pair<std::string, double>> detail{};
};

void print(const Figure& figure);

// The ratio of rates over `bytes` bytes.
Figure rate_figure(std::string name, const Comparison& comparison, double bytes, std::optional<double> at_least);

// Stops the program: a wrong answer is not timed.
void require(bool condition, const std::string& what);

}  // namespace bench
