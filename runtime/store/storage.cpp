#include "store/storage.hpp"

#include <cstring>

#include "base/error.hpp"

namespace hoist::store {

Result<Storage> Storage::of_file(io::Descriptor file, std::string name, Access access) {
  Storage storage;
  storage.name_ = std::move(name);
  storage.size_ = file.opened_size();
  storage.file_ = std::move(file);
  if (access != Access::read && storage.size_ != 0) {
    auto mapping = io::Mapping::of(*storage.file_, storage.size_);
    if (mapping) {
      storage.mapping_ = std::move(mapping).value();
      storage.bytes_ = storage.mapping_->bytes();
    } else if (access == Access::mmap) {
      return std::move(mapping).error();
    }
  }
  return storage;
}

Storage Storage::of_memory(std::span<const std::byte> bytes, std::shared_ptr<const void> owner) {
  Storage storage;
  storage.size_ = bytes.size();
  storage.owner_ = std::move(owner);
  storage.bytes_ = bytes;
  return storage;
}

Storage Storage::of_source(std::shared_ptr<const Source> source) {
  Storage storage;
  storage.name_ = source->name();
  storage.size_ = source->size();
  storage.source_ = std::move(source);
  return storage;
}

Result<void> Storage::read(std::uint64_t offset, std::span<std::byte> into, const std::stop_token& stop) const {
  if (into.empty()) return {};
  if (source_) return source_->read_at(offset, into, stop);
  if (file_) return io::read_exactly(*file_, offset, into, stop);
  std::memcpy(into.data(), bytes_.data() + offset, into.size());
  return {};
}

Result<void> Storage::read_scattered(std::uint64_t offset, std::span<const io::Target> targets,
                                     const std::stop_token& stop) const {
  if (file_) return io::read_scattered(*file_, offset, targets, stop);
  // One request of the caller's Source costs more than a copy.
  std::vector<std::byte> together;
  std::span<const std::byte> found = bytes_;
  std::uint64_t at = offset;
  if (source_) {
    std::uint64_t total = 0;
    for (const io::Target& target : targets)
      total += target.bytes;
    together.resize(total);
    if (auto read = source_->read_at(offset, together, stop); !read) return read;
    found = together;
    at = 0;
  }
  for (const io::Target& target : targets) {
    if (target.into) std::memcpy(target.into, found.data() + at, target.bytes);
    at += target.bytes;
  }
  return {};
}

Result<void> Storage::check_size() const {
  if (!file_) return {};
  const auto now = file_->size();
  if (!now) return now.error();
  if (*now >= size_) return {};
  return Error{.code = Errc::truncated_data,
               .message = "the file had " + base::grouped(size_) + " bytes when it was opened and has " +
                          base::grouped(*now) + " now",
               .offset = *now};
}

}  // namespace hoist::store
