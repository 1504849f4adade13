// The checksum of bytes that several threads bring, piece by piece, on their way to somewhere else.
#pragma once

#include <condition_variable>
#include <optional>

#include "base/checksum.hpp"
#include "base/mutex.hpp"

namespace hoist::transfer {

// Thread-safe.
class PassingChecksum {
 public:
  // Waits until all bytes before `begin` were added: a thread that has taken a piece adds it, or gives up, whatever
  // the pieces behind it do meanwhile. What was added before is passed over.
  void add(std::uint64_t begin, std::span<const std::byte> bytes);

  // Some piece does not come: nobody waits any more.
  void give_up();

  // Nothing where that is not of so many bytes.
  std::optional<std::string> digits(std::uint64_t byte_count);

 private:
  base::Mutex mutex_;
  std::condition_variable_any turn_;
  std::uint64_t added_ HOIST_GUARDED_BY(mutex_) = 0;
  bool given_up_ HOIST_GUARDED_BY(mutex_) = false;
  base::Checksum checksum_;  // of whose turn it is
};

}  // namespace hoist::transfer
