#include "output.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "hoist/result.hpp"

namespace hoist::tool {
namespace {

constexpr std::size_t buffer_bytes = 64 << 10;  // a pipe holds as much

bool wants_colour() {
  const char* no_colour = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  return !(no_colour && *no_colour) && !(term && std::strcmp(term, "dumb") == 0);
}

std::string_view code(Style style) {
  switch (style) {
    case Style::bold: return "\x1b[1m";
    case Style::dim: return "\x1b[2m";
    case Style::good: return "\x1b[32m";
    case Style::bad: return "\x1b[31m";
    case Style::plain: break;
  }
  return {};
}

}  // namespace

std::optional<std::size_t> terminal_width(int descriptor) {
  if (!isatty(descriptor)) return std::nullopt;
  winsize size{};
  // Serial lines and some containers say 0.
  if (ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

Output::Output(int descriptor) : descriptor_(descriptor), width_(terminal_width(descriptor)) {
  colour_ = width_.has_value() && wants_colour();
}

void Output::write(std::string_view text) {
  if (closed_) return;
  buffer_ += text;
  if (buffer_.size() >= buffer_bytes) flush();
}

void Output::write(std::string_view text, Style style) {
  const bool styled = colour_ && style != Style::plain;
  if (styled) write(code(style));
  write(text);
  if (styled) write("\x1b[0m");
}

void Output::flush() {
  std::string_view rest = buffer_;
  while (!rest.empty() && !closed_) {
    const ssize_t written = ::write(descriptor_, rest.data(), rest.size());
    if (written >= 0) {
      rest.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EPIPE) {
      closed_ = true;
    } else if (errno != EINTR) {
      const int number = errno;
      buffer_.clear();
      throw Exception({.code = Errc::io_error,
                       .message = fmt::format("cannot write to standard output: {}", std::strerror(number)),
                       .system_code = number});
    }
  }
  buffer_.clear();
}

void complain(std::string_view text) noexcept {
  while (!text.empty()) {
    const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace hoist::tool
