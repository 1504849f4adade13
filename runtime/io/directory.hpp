// What an open directory holds.
#pragma once

#include <functional>
#include <string_view>

#include "hoist/result.hpp"

namespace hoist::io {

// Each name in it, "." and ".." included, in no order.
Result<void> for_each_entry(int directory, const std::function<void(const char* name)>& entry);

}  // namespace hoist::io
