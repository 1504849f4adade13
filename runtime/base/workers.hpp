// Work that several threads share.
#pragma once

#include <cstddef>
#include <functional>

namespace hoist::base {

// Calls `work` once for each number below `count`, in rising order, from up to `threads` threads, of which this is one.
// Ends early where it gives false, or throws: that comes out here.
void for_each_index(std::size_t count, std::size_t threads, const std::function<bool(std::size_t)>& work);

}  // namespace hoist::base
