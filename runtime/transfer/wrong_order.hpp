// Calls of a writer that do not belong where they were made.
#pragma once

#include <string>
#include <string_view>

#include "hoist/result.hpp"

namespace hoist::transfer {

inline Error wrong_order(std::string_view call, std::string_view when = "a writer that was not committed") {
  return {.code = Errc::wrong_order, .message = std::string(call) + " is for " + std::string(when)};
}

}  // namespace hoist::transfer
