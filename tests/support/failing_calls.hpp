// System calls that fail at call N. The linker sends the library's calls here (-Wl,--wrap=pread; FailingCalls.cmake has
// the list), so the code under test is the one that ships.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <limits>
#include <vector>

namespace hoist::test {

enum class Call {
  open,
  fcntl,
  fstat,
  pread,
  preadv,
  mmap,
  madvise,
  posix_fadvise,
  openat,
  fallocate,
  ftruncate,
  pwrite,
  fchmod,
  fsync,
  close,
  renameat2,
  linkat,
  unlinkat
};
inline constexpr std::size_t call_kinds = 18;

// What happens to the calls number `first`, ..., `first + count - 1`, counted from 1 over all threads.
struct Fault {
  std::uint64_t first = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t count = std::numeric_limits<std::uint64_t>::max();
  int error = 0;                                                      // fails with this errno; 0: goes through
  std::uint64_t at_most = std::numeric_limits<std::uint64_t>::max();  // bytes of one pread or pwrite
  std::function<void()> before{};                                     // runs first, on the calling thread
};

inline Fault fail_from(std::uint64_t first, int error) { return {.first = first, .error = error}; }
inline Fault fail_once(std::uint64_t number, int error) { return {.first = number, .count = 1, .error = error}; }

// The arguments as numbers, in their order.
using Arguments = std::array<std::uint64_t, 4>;

// Watches one kind of call for as long as it lives; at most one for each kind at a time.
class FailingCall {
 public:
  explicit FailingCall(Call call, Fault fault = {});
  ~FailingCall();
  FailingCall(const FailingCall&) = delete;
  FailingCall& operator=(const FailingCall&) = delete;

  std::uint64_t calls() const { return seen().size(); }
  bool reached() const;  // the fault has happened
  std::vector<Arguments> seen() const;

 private:
  Call call_;
};

}  // namespace hoist::test
