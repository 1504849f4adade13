// A bar on standard error, for people who wait: only on a terminal, and only once the work has taken a while.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace hoist::tool {

// Thread-safe. The destructor takes the bar away again.
class Bar {
 public:
  explicit Bar(std::uint64_t total_bytes);
  ~Bar();
  Bar(const Bar&) = delete;
  Bar& operator=(const Bar&) = delete;

  void add(std::uint64_t bytes);   // more are done
  void show(std::uint64_t bytes);  // so many are done; from one thread

 private:
  void draw(std::uint64_t done) const;

  using Clock = std::chrono::steady_clock;
  const bool terminal_;
  const std::uint64_t total_;
  const Clock::time_point start_;
  std::atomic<std::uint64_t> done_ = 0;
  std::atomic<Clock::rep> next_draw_;  // whoever moves it on draws
  std::atomic<bool> drawn_ = false;
};

}  // namespace hoist::tool
