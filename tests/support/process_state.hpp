// What this process holds: for tests that nothing leaks.
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace hoist::test {

inline std::size_t open_descriptors() {
  std::size_t count = 0;
  for (std::filesystem::directory_iterator entry("/proc/self/fd"), end; entry != end; ++entry)
    ++count;
  return count;
}

// Whether anything under `path` is mapped into memory.
inline bool is_mapped(const std::filesystem::path& path) {
  std::ifstream maps("/proc/self/maps");
  const std::string text(std::istreambuf_iterator<char>(maps), {});
  return text.find(path.native()) != text.npos;
}

}  // namespace hoist::test
