// Pieces of a line, put together.
#pragma once

#include <sstream>
#include <string>

namespace bench {

template <class... Parts>
std::string text(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return std::move(out).str();
}

}  // namespace bench
