// The first failure of a save, which every later call of it gives.
#pragma once

#include <new>
#include <optional>
#include <string_view>

#include "base/mutex.hpp"
#include "hoist/result.hpp"

namespace hoist::transfer {

// Thread-safe.
class FirstFailure {
 public:
  // Runs a call, unless one failed before. What it fails with is kept, whatever else there is no memory for; an error
  // without a file is `file`'s.
  template <class Body>
  auto run(std::string_view file, Body&& body) -> decltype(body()) {
    try {
      if (auto before = failure()) return *std::move(before);
      auto result = body();
      if (result) return result;
      Error error = std::move(result).error();
      if (error.file.empty()) error.file = file;
      keep(error);
      return error;
    } catch (const std::bad_alloc&) {
      keep(no_memory());
      return no_memory();
    }
  }

 private:
  static Error no_memory() { return {.code = Errc::out_of_memory, .message = "out of memory"}; }

  std::optional<Error> failure() {
    const base::MutexLock lock(mutex_);
    return failure_;
  }
  void keep(Error error) {
    const base::MutexLock lock(mutex_);
    if (!failure_) failure_.emplace(std::move(error));
  }

  base::Mutex mutex_;
  std::optional<Error> failure_ HOIST_GUARDED_BY(mutex_);
};

}  // namespace hoist::transfer
