// Row-major bytes of a tensor or of a box of it, wherever they are.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <span>

#include "hoist/result.hpp"
#include "transfer/passing_checksum.hpp"

namespace hoist::transfer {

// In memory, or brought there when they are needed. Thread-safe.
class ByteSource {
 public:
  // All of `into`, from byte `begin` on.
  using Read = std::function<Result<void>(std::uint64_t begin, std::span<std::byte> into)>;

  explicit ByteSource(std::span<const std::byte> memory) : memory_(memory.data()), byte_count_(memory.size()) {}
  ByteSource(std::uint64_t byte_count, Read read) : read_(std::move(read)), byte_count_(byte_count) {}

  std::uint64_t byte_count() const noexcept { return byte_count_; }
  bool in_memory() const noexcept { return !read_; }
  const std::byte* memory() const noexcept { return memory_; }
  Result<void> read(std::uint64_t begin, std::span<std::byte> into) const {
    if (read_) return read_(begin, into);
    std::memcpy(into.data(), memory_ + begin, into.size());
    return {};
  }

 private:
  const std::byte* memory_ = nullptr;
  Read read_{};
  std::uint64_t byte_count_;
};

// A part of a source, which outlives it, as does the checksum that its bytes pass by.
class Stretch {
 public:
  explicit Stretch(const ByteSource& source) : source_(&source), bytes_(source.byte_count()) {}

  std::uint64_t size() const noexcept { return bytes_; }
  Stretch part(std::uint64_t begin, std::uint64_t bytes) const { return {source_, begin_ + begin, bytes, checksum_}; }

  // A checksum of the source: whoever asks for bytes of it from here on waits for its turn to add them.
  void pass_by(PassingChecksum& checksum) { checksum_ = &checksum; }
  bool passes_by() const noexcept { return checksum_ != nullptr; }
  // Some part of it will not be asked for.
  void give_up() const {
    if (checksum_) checksum_->give_up();
  }

  bool in_memory() const noexcept { return source_->in_memory(); }
  // The bytes themselves, or, where they are elsewhere, brought into `buffer`.
  Result<std::span<const std::byte>> bytes(std::span<std::byte> buffer) const {
    if (!in_memory()) {
      if (auto read = source_->read(begin_, buffer.first(bytes_)); !read) return std::move(read).error();
    }
    const std::span<const std::byte> found =
        in_memory() ? std::span(source_->memory() + begin_, bytes_) : buffer.first(bytes_);
    if (checksum_) checksum_->add(begin_, found);
    return found;
  }

 private:
  Stretch(const ByteSource* source, std::uint64_t begin, std::uint64_t bytes, PassingChecksum* checksum)
      : source_(source), begin_(begin), bytes_(bytes), checksum_(checksum) {}

  const ByteSource* source_;
  std::uint64_t begin_ = 0;
  std::uint64_t bytes_;
  PassingChecksum* checksum_ = nullptr;
};

}  // namespace hoist::transfer
