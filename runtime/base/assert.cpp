#include "base/assert.hpp"

#include <cstdio>
#include <cstdlib>

namespace hoist::base {

void assertion_failed(const char* condition, const char* file, int line) noexcept {
  std::fprintf(stderr, "%s:%d: hoist: assertion failed: %s\n", file, line, condition);
  std::abort();
}

}  // namespace hoist::base
