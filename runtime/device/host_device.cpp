#include "device/host_device.hpp"

#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <new>
#include <system_error>
#include <thread>

#include "base/assert.hpp"
#include "base/error.hpp"
#include "base/huge_allocator.hpp"
#include "base/memory.hpp"
#include "base/mutex.hpp"

namespace hoist::device {
namespace {

// Of all its memory: a direct read of a file whose tensors are aligned then needs no bounce.
constexpr std::size_t page_bytes = 4096;
static_assert(page_bytes % alignment_bytes == 0);

// A queue that is further behind makes its callers wait: far more than a ring has slots, far less than memory.
constexpr std::size_t max_queued = 1024;

class HostQueue final : public Queue {
 public:
  // Throws std::system_error where no thread is to be had.
  explicit HostQueue(std::shared_ptr<Backend> backend) : backend_(std::move(backend)), worker_([this] { work(); }) {}

  ~HostQueue() override {
    {
      const base::MutexLock lock(mutex_);
      closing_ = true;
    }
    changed_.notify_all();
    worker_.join();
  }

  Result<void> upload(const std::byte* host, void* device, std::uint64_t bytes) override {
    return copy(host, device, bytes);
  }
  Result<void> download(const void* device, std::byte* host, std::uint64_t bytes) override {
    return copy(device, host, bytes);
  }

  Result<Mark> mark() override {
    return base::catching_bad_alloc([this]() -> Result<Mark> {
      const base::MutexLock lock(mutex_);
      wait_for_room();  // before the mark has its number: another may be made meanwhile
      queued_.push_back({.mark = issued_ + 1});
      changed_.notify_all();
      return ++issued_;
    });
  }

  Result<Mark> reached() override {
    const base::MutexLock lock(mutex_);
    return reached_;
  }

  Result<void> wait(Mark mark) override {
    const base::MutexLock lock(mutex_);
    HOIST_ASSERT(mark <= issued_);
    while (reached_ < mark)
      changed_.wait(mutex_);
    return {};
  }

 private:
  struct Command {
    const void* from = nullptr;
    void* to = nullptr;
    std::uint64_t bytes = 0;
    Mark mark = 0;  // or a mark instead of a copy
  };

  Result<void> copy(const void* from, void* to, std::uint64_t bytes) {
    return base::catching_bad_alloc([&]() -> Result<void> {
      const base::MutexLock lock(mutex_);
      wait_for_room();
      queued_.push_back({.from = from, .to = to, .bytes = bytes});
      changed_.notify_all();
      return {};
    });
  }

  void wait_for_room() HOIST_REQUIRES(mutex_) {
    while (queued_.size() >= max_queued)
      changed_.wait(mutex_);
  }

  void work() {
    for (Command command; next(command);) {
      if (command.mark == 0) {
        std::memcpy(command.to, command.from, command.bytes);
        continue;
      }
      const base::MutexLock lock(mutex_);
      reached_ = command.mark;
      changed_.notify_all();
    }
  }

  // False when there will be no more.
  bool next(Command& command) {
    const base::MutexLock lock(mutex_);
    while (queued_.empty() && !closing_)
      changed_.wait(mutex_);
    if (queued_.empty()) return false;
    command = queued_.front();
    queued_.pop_front();
    if (queued_.size() + 1 == max_queued) changed_.notify_all();
    return true;
  }

  std::shared_ptr<Backend> backend_;
  base::Mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<Command> queued_ HOIST_GUARDED_BY(mutex_);
  Mark issued_ HOIST_GUARDED_BY(mutex_) = 0;
  Mark reached_ HOIST_GUARDED_BY(mutex_) = 0;
  bool closing_ HOIST_GUARDED_BY(mutex_) = false;
  std::thread worker_;  // last: it uses the others
};

std::uint64_t total_bytes() {
  const auto pages = static_cast<std::uint64_t>(std::max(0L, sysconf(_SC_PHYS_PAGES)));
  return pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

class HostDevice final : public Backend {
 public:
  Result<DeviceInfo> info() override {
    return DeviceInfo{.name = "host",
                      .total_bytes = total_bytes(),
                      .free_bytes = std::min(base::available_memory_bytes(), total_bytes())};
  }

  bool host_can_write() const noexcept override { return true; }

  Result<std::unique_ptr<Queue>> make_queue() override {
    return base::catching_bad_alloc([this]() -> Result<std::unique_ptr<Queue>> {
      try {
        return std::make_unique<HostQueue>(shared_from_this());
      } catch (const std::system_error& problem) {
        return base::system_error(problem.code().value(), "start a thread");
      }
    });
  }

 protected:
  Result<void*> allocate_bytes(Memory, std::uint64_t bytes) override {
    const std::uint64_t available = std::min(base::available_memory_bytes(), total_bytes());
    const bool can_be = bytes <= available;
    void* const memory = can_be ? ::operator new(bytes, std::align_val_t{page_bytes}, std::nothrow) : nullptr;
    if (!memory) return base::no_host_memory(bytes, available);
    base::ask_for_huge_pages(memory, bytes);
    return memory;
  }

  void free_bytes(Memory, void* address, std::uint64_t) noexcept override {
    ::operator delete(address, std::align_val_t{page_bytes});
  }
};

}  // namespace

std::shared_ptr<Backend> make_host_device() { return std::make_shared<HostDevice>(); }

}  // namespace hoist::device
