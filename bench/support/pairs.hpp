// Subject and limit, alternating in one process: what their pairs say about each other.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace bench {

using Work = std::function<void()>;

struct Candidate {
  std::string name;
  Work run;
};

struct Comparison {
  double ratio = 0;            // median of limit seconds / subject seconds: 1 is as fast, above 1 is faster
  double self = 0;             // the same of the limit against itself: how far the machine can be trusted
  double subject_seconds = 0;  // medians
  double limit_seconds = 0;
  std::size_t pairs = 0;
};

double seconds(const Work& work);
double median(std::vector<double> values);

// The candidate with the lowest median over `rounds` rounds in which each runs once.
const Candidate& fastest(const std::vector<Candidate>& candidates, std::size_t rounds);

// Each round runs the subject once and the limit twice, in an order that changes from round to round.
Comparison compare(const Work& subject, const Work& limit, std::size_t pairs);

}  // namespace bench
