// Whether a device that is not there fails a test, instead of being a reason to skip it.
#pragma once

#include <cstdlib>
#include <string_view>

namespace hoist::test {

// HOIST_REQUIRE_CUDA=1: set where there is a GPU, so that a broken driver does not look like none.
inline bool cuda_is_required() {
  const char* const required = std::getenv("HOIST_REQUIRE_CUDA");
  return required && std::string_view(required) == "1";
}

}  // namespace hoist::test
