#include "pairs.hpp"

#include <algorithm>
#include <array>
#include <chrono>

namespace bench {

double seconds(const Work& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

const Candidate& fastest(const std::vector<Candidate>& candidates, std::size_t rounds) {
  std::vector<std::vector<double>> times(candidates.size());
  for (std::size_t round = 0; round < rounds; ++round)
    for (std::size_t i = 0; i < candidates.size(); ++i)
      times[i].push_back(seconds(candidates[i].run));
  std::size_t best = 0;
  for (std::size_t i = 1; i < candidates.size(); ++i)
    if (median(times[i]) < median(times[best])) best = i;
  return candidates[best];
}

Comparison compare(const Work& subject, const Work& limit, std::size_t pairs) {
  const std::array<const Work*, 3> works{&subject, &limit, &limit};
  std::array<std::vector<double>, 3> times;
  std::vector<double> ratios, selves;
  std::array<std::size_t, 3> order{0, 1, 2};
  for (std::size_t round = 0; round < pairs; ++round) {
    for (const std::size_t which : order)
      times[which].push_back(seconds(*works[which]));
    ratios.push_back(times[1].back() / times[0].back());
    selves.push_back(times[1].back() / times[2].back());
    std::next_permutation(order.begin(), order.end());
  }
  return {median(ratios), median(selves), median(times[0]), median(times[1]), pairs};
}

}  // namespace bench
