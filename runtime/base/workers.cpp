#include "base/workers.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <thread>
#include <vector>

namespace hoist::base {

void for_each_index(std::size_t count, std::size_t threads, const std::function<bool(std::size_t)>& work) {
  std::atomic<std::size_t> next = 0;
  std::atomic<bool> failed = false;
  std::exception_ptr failure;  // of the first that threw: memory may run out on any of the threads
  const auto take = [&] {
    try {
      for (std::size_t i = next++; i < count; i = next++) {
        if (!work(i)) next = count;
      }
    } catch (...) {
      next = count;
      if (!failed.exchange(true)) failure = std::current_exception();
    }
  };
  std::vector<std::jthread> helpers;
  try {
    while (helpers.size() + 1 < std::min(threads, count))
      helpers.emplace_back(take);
  } catch (const std::exception&) {
    // no more threads, or no memory for them: those that are there do the rest
  }
  take();
  helpers.clear();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace hoist::base
