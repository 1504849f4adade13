// Where an archive's bytes are: a file (mapped or not), memory with an owner, or the caller's Source.
#pragma once

#include <memory>
#include <optional>

#include "hoist/archive.hpp"
#include "io/descriptor.hpp"
#include "io/mapping.hpp"

namespace hoist::store {

// Immutable once made, thread-safe.
class Storage {
 public:
  Storage() = default;  // no bytes
  static Result<Storage> of_file(io::Descriptor file, std::string name, Access access);
  static Storage of_memory(std::span<const std::byte> bytes, std::shared_ptr<const void> owner);
  static Storage of_source(std::shared_ptr<const Source> source);

  const std::string& name() const noexcept { return name_; }
  std::uint64_t size() const noexcept { return size_; }  // when it was opened

  // All of `into`; truncated_data, io_error, cancelled, or what the Source says. Never touches the mapping.
  Result<void> read(std::uint64_t offset, std::span<std::byte> into, const std::stop_token& stop = {}) const;

  // The same for bytes that follow each other here and go to several places.
  Result<void> read_scattered(std::uint64_t offset, std::span<const io::Target> targets,
                              const std::stop_token& stop = {}) const;

  // truncated_data if the file is shorter now than when it was opened: its last page would read as zeros.
  Result<void> check_size() const;

  // What may be read by address: the mapping, or memory; empty otherwise.
  std::span<const std::byte> addressable() const noexcept { return bytes_; }
  bool mapped() const noexcept { return mapping_.has_value(); }
  const io::Descriptor* file() const noexcept { return file_ ? &*file_ : nullptr; }
  const Source* source() const noexcept { return source_.get(); }

 private:
  std::string name_;
  std::uint64_t size_ = 0;
  std::optional<io::Descriptor> file_;
  std::optional<io::Mapping> mapping_;
  std::shared_ptr<const Source> source_;
  std::shared_ptr<const void> owner_;
  std::span<const std::byte> bytes_;
};

}  // namespace hoist::store
