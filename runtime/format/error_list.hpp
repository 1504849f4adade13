// Where the readers and the index builder put what they find: opening keeps the first error, verify up to 100.
#pragma once

#include <cstddef>
#include <vector>

#include "hoist/result.hpp"

namespace hoist::format {

class ErrorList {
 public:
  explicit ErrorList(std::size_t limit) : limit_(limit) {}

  void add(Error error) {
    if (!full()) errors_.push_back(std::move(error));
  }
  bool empty() const noexcept { return errors_.empty(); }
  bool full() const noexcept { return errors_.size() >= limit_; }
  std::vector<Error> take() && { return std::move(errors_); }

 private:
  std::size_t limit_;
  std::vector<Error> errors_;
};

}  // namespace hoist::format
