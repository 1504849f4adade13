// The subject's side of a benchmark with a Python peer: one request a line, VERB TAB PATH TAB [NAME or TIMES], and one
// line of answer to each. bench/peers/pairing.py asks, and times its own side in between.
#pragma once

#include <chrono>
#include <iostream>
#include <string>

namespace bench {

// Of `times` calls together. What `open` returns dies while the clock stands still.
template <class Open>
std::string nanoseconds(const std::string& times, const Open& open) {
  using Clock = std::chrono::steady_clock;
  Clock::duration total{};
  for (unsigned long i = 0; i < std::stoul(times); ++i) {
    const auto start = Clock::now();
    [[maybe_unused]] const auto opened = open();
    total += Clock::now() - start;
  }
  return std::to_string(total.count());
}

// Until there are no more: answer(verb, path, name).
template <class Answer>
void answer_requests(const Answer& answer) {
  std::ios::sync_with_stdio(false);
  for (std::string verb, path, name; std::getline(std::cin, verb, '\t');) {
    std::getline(std::cin, path, '\t');
    std::getline(std::cin, name);
    std::cout << answer(verb, path, name) << std::endl;
  }
}

}  // namespace bench
