// Standard output: buffered, and quiet when its reader has gone.
#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace hoist::tool {

enum class Style : unsigned char { plain, bold, dim, good, bad };

// For one thread. Failed writes throw hoist::Exception, except to a closed pipe: `ls | head -1` has got all that it
// wanted, so everything after that is dropped.
class Output {
 public:
  explicit Output(int descriptor);
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  void write(std::string_view text);
  void write(std::string_view text, Style style);  // styles only show on a terminal, and not under NO_COLOR
  template <class... T>
  void print(fmt::format_string<T...> format, T&&... values) {
    write(fmt::format(format, std::forward<T>(values)...));
  }
  void flush();  // not done by the destructor, since it can fail

  bool closed() const { return closed_; }                      // nobody reads any more: stop early
  std::optional<std::size_t> width() const { return width_; }  // columns of the terminal; none when it is not one

 private:
  int descriptor_;
  bool closed_ = false;
  bool colour_ = false;
  std::optional<std::size_t> width_;
  std::string buffer_;
};

// The columns of the terminal behind a descriptor; none when it is not one.
std::optional<std::size_t> terminal_width(int descriptor);

// Writes all of it to standard error, as well as that goes.
void complain(std::string_view text) noexcept;

}  // namespace hoist::tool
