// HOIST_ASSERT(condition) guards what a C++ caller promised; what a file says is checked with errors instead.
// On where HOIST_ASSERTIONS is defined: every preset but release.
#pragma once

#include "hoist/export.hpp"

namespace hoist::base {

[[noreturn]] HOIST_API void assertion_failed(const char* condition, const char* file, int line) noexcept;

}  // namespace hoist::base

#ifdef HOIST_ASSERTIONS
#define HOIST_ASSERT(condition) \
  ((condition) ? void(0) : ::hoist::base::assertion_failed(#condition, __FILE__, __LINE__))
#else
#define HOIST_ASSERT(condition) void(sizeof(!(condition)))
#endif
