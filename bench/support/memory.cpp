#include "memory.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#endif

namespace bench {
namespace {

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

}  // namespace

MappedFile::MappedFile(const std::filesystem::path& path, Pages pages) {
  descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor_ < 0) fail(path.c_str());
  const std::size_t size = std::filesystem::file_size(path);
  void* mapped = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, descriptor_, 0);
  if (mapped == MAP_FAILED) fail("mmap");
  bytes_ = {static_cast<const std::byte*>(mapped), size};
  if (pages == Pages::populated && ::madvise(mapped, size, MADV_POPULATE_READ) != 0) fail("MADV_POPULATE_READ");
}

MappedFile::~MappedFile() {
  ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
  ::close(descriptor_);
}

Buffer::Buffer(std::size_t byte_count) {
  void* mapped = ::mmap(nullptr, byte_count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) fail("mmap");
  (void)::madvise(mapped, byte_count, MADV_HUGEPAGE);  // a hint
  std::memset(mapped, 1, byte_count);
  bytes_ = {static_cast<std::byte*>(mapped), byte_count};
}

Buffer::~Buffer() { ::munmap(bytes_.data(), bytes_.size()); }

}  // namespace bench
