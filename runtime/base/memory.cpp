#include "base/memory.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <string_view>

#include "base/error.hpp"

namespace hoist::base {

std::uint64_t available_memory_bytes() noexcept {
  constexpr std::string_view label = "MemAvailable:";
  char text[512];  // it is the third line
  const int file = open("/proc/meminfo", O_RDONLY | O_CLOEXEC);
  if (file < 0) return UINT64_MAX;
  const ssize_t got = read(file, text, sizeof text);
  close(file);
  const std::string_view all(text, got > 0 ? static_cast<std::size_t>(got) : 0);
  const std::size_t at = all.find(label);
  if (at == std::string_view::npos) return UINT64_MAX;
  const std::size_t digits = all.find_first_not_of(' ', at + label.size());
  std::uint64_t kib = 0;
  if (digits == std::string_view::npos ||
      std::from_chars(all.data() + digits, all.data() + all.size(), kib).ec != std::errc())
    return UINT64_MAX;
  return kib * 1024;
}

Error no_host_memory(std::uint64_t bytes, std::uint64_t available) {
  return {.code = Errc::out_of_memory,
          .message = grouped(bytes) + " bytes of host memory are needed, available are " + grouped(available),
          .system_code = ENOMEM};
}

}  // namespace hoist::base
