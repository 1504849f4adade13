#include "support/failing_calls.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdarg>
#include <mutex>

namespace hoist::test {
namespace {

struct Watch {
  bool armed = false;
  Fault fault{};
  std::vector<Arguments> seen{};
};

struct Watches {
  std::mutex mutex;
  std::array<Watch, call_kinds> of;
};

Watches& watches() {
  static Watches all;
  return all;
}

struct Verdict {
  int error = 0;
  std::uint64_t at_most = std::numeric_limits<std::uint64_t>::max();
};

// Calls of the hook itself go straight through.
thread_local bool inside_hook = false;

Verdict judge(Call call, Arguments arguments) {
  if (inside_hook) return {};
  std::function<void()> before;
  Verdict verdict;
  {
    const std::lock_guard lock(watches().mutex);
    Watch& watch = watches().of[static_cast<std::size_t>(call)];
    if (!watch.armed) return {};
    watch.seen.push_back(arguments);
    const Fault& fault = watch.fault;
    if (watch.seen.size() < fault.first || watch.seen.size() - fault.first >= fault.count) return {};
    verdict = {.error = fault.error, .at_most = fault.at_most};
    before = fault.before;
  }
  if (before) {
    inside_hook = true;
    before();
    inside_hook = false;
  }
  errno = verdict.error;
  return verdict;
}

template <class T>
std::uint64_t number(T value) {
  if constexpr (std::is_pointer_v<T>) return reinterpret_cast<std::uintptr_t>(value);
  else return static_cast<std::uint64_t>(value);
}

}  // namespace

FailingCall::FailingCall(Call call, Fault fault) : call_(call) {
  const std::lock_guard lock(watches().mutex);
  watches().of[static_cast<std::size_t>(call)] = {.armed = true, .fault = std::move(fault)};
}

FailingCall::~FailingCall() {
  const std::lock_guard lock(watches().mutex);
  watches().of[static_cast<std::size_t>(call_)] = {};
}

bool FailingCall::reached() const {
  const std::lock_guard lock(watches().mutex);
  const Watch& watch = watches().of[static_cast<std::size_t>(call_)];
  return watch.seen.size() >= watch.fault.first;
}

std::vector<Arguments> FailingCall::seen() const {
  const std::lock_guard lock(watches().mutex);
  return watches().of[static_cast<std::size_t>(call_)].seen;
}

}  // namespace hoist::test

using hoist::test::Call;
using hoist::test::judge;
using hoist::test::number;

extern "C" {

int __real_open(const char* path, int flags, ...);
int __real_fcntl(int fd, int command, ...);
int __real_fstat(int fd, struct stat* status);
ssize_t __real_pread(int fd, void* into, size_t bytes, off_t offset);
ssize_t __real_preadv(int fd, const struct iovec* into, int count, off_t offset);
void* __real_mmap(void* address, size_t bytes, int protection, int flags, int fd, off_t offset);
int __real_madvise(void* address, size_t bytes, int advice);
int __real_posix_fadvise(int fd, off_t offset, off_t bytes, int advice);
int __real_openat(int directory, const char* path, int flags, ...);
int __real_fallocate(int fd, int mode, off_t offset, off_t bytes);
int __real_ftruncate(int fd, off_t bytes);
ssize_t __real_pwrite(int fd, const void* from, size_t bytes, off_t offset);
int __real_fchmod(int fd, mode_t mode);
int __real_fsync(int fd);
int __real_close(int fd);
int __real_renameat2(int from_directory, const char* from, int to_directory, const char* to, unsigned flags);
int __real_linkat(int from_directory, const char* from, int to_directory, const char* to, int flags);
int __real_unlinkat(int directory, const char* name, int flags);

int __wrap_open(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const auto mode = va_arg(rest, unsigned);
  va_end(rest);
  if (judge(Call::open, {number(path), number(flags)}).error != 0) return -1;
  return __real_open(path, flags, mode);
}

int __wrap_fcntl(int fd, int command, ...) {
  va_list rest;
  va_start(rest, command);
  const auto argument = va_arg(rest, long);
  va_end(rest);
  if (judge(Call::fcntl, {number(fd), number(command), number(argument)}).error != 0) return -1;
  return __real_fcntl(fd, command, argument);
}

int __wrap_fstat(int fd, struct stat* status) {
  return judge(Call::fstat, {number(fd)}).error != 0 ? -1 : __real_fstat(fd, status);
}

ssize_t __wrap_pread(int fd, void* into, size_t bytes, off_t offset) {
  const auto verdict = judge(Call::pread, {number(fd), number(into), bytes, number(offset)});
  if (verdict.error != 0) return -1;
  return __real_pread(fd, into, std::min(bytes, verdict.at_most), offset);
}

ssize_t __wrap_preadv(int fd, const struct iovec* into, int count, off_t offset) {
  const auto verdict = judge(Call::preadv, {number(fd), number(into), number(count), number(offset)});
  if (verdict.error != 0) return -1;
  // The first vectors that hold no more bytes than may be read, the last of them shortened.
  std::vector<struct iovec> vectors(into, into + count);
  std::size_t left = verdict.at_most;
  for (struct iovec& vector : vectors) {
    vector.iov_len = std::min(vector.iov_len, left);
    left -= vector.iov_len;
  }
  return __real_preadv(fd, vectors.data(), count, offset);
}

void* __wrap_mmap(void* address, size_t bytes, int protection, int flags, int fd, off_t offset) {
  if (judge(Call::mmap, {number(fd), bytes, number(protection), number(offset)}).error != 0) return MAP_FAILED;
  return __real_mmap(address, bytes, protection, flags, fd, offset);
}

int __wrap_madvise(void* address, size_t bytes, int advice) {
  if (judge(Call::madvise, {number(address), bytes, number(advice)}).error != 0) return -1;
  return __real_madvise(address, bytes, advice);
}

int __wrap_posix_fadvise(int fd, off_t offset, off_t bytes, int advice) {
  const auto verdict = judge(Call::posix_fadvise, {number(fd), number(offset), number(bytes), number(advice)});
  return verdict.error != 0 ? verdict.error : __real_posix_fadvise(fd, offset, bytes, advice);
}

int __wrap_openat(int directory, const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const auto mode = va_arg(rest, unsigned);
  va_end(rest);
  if (judge(Call::openat, {number(directory), number(path), number(flags)}).error != 0) return -1;
  return __real_openat(directory, path, flags, mode);
}

int __wrap_fallocate(int fd, int mode, off_t offset, off_t bytes) {
  if (judge(Call::fallocate, {number(fd), number(mode), number(offset), number(bytes)}).error != 0) return -1;
  return __real_fallocate(fd, mode, offset, bytes);
}

int __wrap_ftruncate(int fd, off_t bytes) {
  if (judge(Call::ftruncate, {number(fd), number(bytes)}).error != 0) return -1;
  return __real_ftruncate(fd, bytes);
}

ssize_t __wrap_pwrite(int fd, const void* from, size_t bytes, off_t offset) {
  const auto verdict = judge(Call::pwrite, {number(fd), number(from), bytes, number(offset)});
  if (verdict.error != 0) return -1;
  return __real_pwrite(fd, from, std::min<std::uint64_t>(bytes, verdict.at_most), offset);
}

int __wrap_fchmod(int fd, mode_t mode) {
  if (judge(Call::fchmod, {number(fd), number(mode)}).error != 0) return -1;
  return __real_fchmod(fd, mode);
}

int __wrap_fsync(int fd) {
  if (judge(Call::fsync, {number(fd)}).error != 0) return -1;
  return __real_fsync(fd);
}

// What fails is closed, too, as Linux does it.
int __wrap_close(int fd) {
  const int error = judge(Call::close, {number(fd)}).error;
  const int status = __real_close(fd);
  if (error == 0) return status;
  errno = error;
  return -1;
}

int __wrap_renameat2(int from_directory, const char* from, int to_directory, const char* to, unsigned flags) {
  if (judge(Call::renameat2, {number(from_directory), number(from), number(to_directory), number(to)}).error != 0)
    return -1;
  return __real_renameat2(from_directory, from, to_directory, to, flags);
}

int __wrap_linkat(int from_directory, const char* from, int to_directory, const char* to, int flags) {
  if (judge(Call::linkat, {number(from_directory), number(from), number(to_directory), number(to)}).error != 0)
    return -1;
  return __real_linkat(from_directory, from, to_directory, to, flags);
}

int __wrap_unlinkat(int directory, const char* name, int flags) {
  if (judge(Call::unlinkat, {number(directory), number(name)}).error != 0) return -1;
  return __real_unlinkat(directory, name, flags);
}

}  // extern "C"
