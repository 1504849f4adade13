// Ends a test that hangs, and says so: a deadlock is an answer, too, and nobody is to wait for it for long.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <thread>

namespace hoist::test {

class Watchdog {
 public:
  explicit Watchdog(std::chrono::seconds patience = std::chrono::seconds(60))
      : thread_([this, patience](const std::stop_token& enough) {
          std::unique_lock lock(mutex_);
          changed_.wait_for(lock, enough, patience, [] { return false; });
          if (enough.stop_requested()) return;
          std::fputs("the test hangs\n", stderr);
          std::abort();
        }) {}

 private:
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::jthread thread_;  // last: it uses the others
};

}  // namespace hoist::test
