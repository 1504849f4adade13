// Views as strings, and ways to put the same file behind an archive.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "hoist/checkpoint.hpp"

namespace hoist::test {

inline std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// copy_to into a string that was full of something else before.
inline Result<std::string> read(const TensorView& view, CopyOptions options = {}) {
  std::string into(view.byte_count(), '\x5A');
  if (auto done = view.copy_to(std::as_writable_bytes(std::span(into)), options); !done) {
    return std::move(done).error();
  }
  return into;
}

// The bytes of a string behind the interface that callers implement.
class StringSource : public Source {
 public:
  explicit StringSource(std::string bytes, std::string name = "a source")
      : bytes_(std::move(bytes)), name_(std::move(name)) {}

  std::string name() const override { return name_; }
  std::uint64_t size() const override { return bytes_.size(); }
  Result<void> read_at(std::uint64_t offset, std::span<std::byte> into, std::stop_token stop) const noexcept override {
    if (stop.stop_requested()) return Error{.code = Errc::cancelled, .message = "stopped"};
    if (offset > bytes_.size() || into.size() > bytes_.size() - offset) {
      return Error{.code = Errc::io_error, .message = "beyond the source"};
    }
    std::memcpy(into.data(), bytes_.data() + offset, into.size());
    return {};
  }

 private:
  std::string bytes_;
  std::string name_;
};

// One that does not answer while it is held, unless it is stopped.
class HeldSource : public StringSource {
 public:
  using StringSource::StringSource;

  Result<void> read_at(std::uint64_t offset, std::span<std::byte> into, std::stop_token stop) const noexcept override {
    while (held && !stop.stop_requested())
      std::this_thread::yield();
    return StringSource::read_at(offset, into, std::move(stop));
  }

  std::atomic<bool> held = false;
};

inline std::vector<std::string> names(const std::vector<TensorView>& views) {
  std::vector<std::string> result;
  for (const TensorView& view : views)
    result.emplace_back(view.name());
  return result;
}

}  // namespace hoist::test
