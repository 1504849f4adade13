#include "support/deferred_device.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace hoist::test {
namespace {

constexpr std::size_t page_bytes = 4096;

// The code under test broke a rule of the seam; going on would hide where.
[[noreturn]] void broken(const char* rule) {
  std::fprintf(stderr, "DeferredDevice: %s\n", rule);
  std::abort();
}

std::uint64_t rounded(std::uint64_t bytes) { return (bytes + page_bytes - 1) / page_bytes * page_bytes; }

bool overlap(const void* a, std::uint64_t a_bytes, const void* b, std::uint64_t b_bytes) {
  const auto x = reinterpret_cast<std::uintptr_t>(a), y = reinterpret_cast<std::uintptr_t>(b);
  return x < y + b_bytes && y < x + a_bytes;
}

}  // namespace

class DeferredQueue : public device::Queue {
 public:
  explicit DeferredQueue(std::shared_ptr<DeferredDevice> device)
      : device_(std::move(device)), line_(device_->add_line()) {}

  ~DeferredQueue() override { device_->drain(line_); }

  Result<void> upload(const std::byte* host, void* device, std::uint64_t bytes) override {
    device_->push(line_, host, device, bytes);
    return {};
  }
  Result<void> download(const void* device, std::byte* host, std::uint64_t bytes) override {
    device_->push(line_, device, host, bytes);
    return {};
  }
  Result<device::Mark> mark() override { return device_->push_mark(line_); }
  Result<device::Mark> reached() override { return device_->reached(line_); }
  Result<void> wait(device::Mark mark) override {
    device_->wait(line_, mark);
    return {};
  }
  Result<void> follow(device::NativeStream stream) override {
    device_->follow(line_, DeferredDevice::number_of(stream));
    return {};
  }
  Result<void> make_wait(device::NativeStream stream, device::Mark mark) override {
    device_->make_wait(DeferredDevice::number_of(stream), line_, mark);
    return {};
  }

 private:
  std::shared_ptr<DeferredDevice> device_;
  std::size_t line_;
};

DeferredDevice::~DeferredDevice() {
  const base::MutexLock lock(mutex_);
  if (!regions_.empty()) broken("a buffer outlived its device");
}

bool DeferredDevice::step(std::size_t queue) {
  const base::MutexLock lock(mutex_);
  return step_locked(queue);
}

std::size_t DeferredDevice::queued(std::size_t queue) const {
  const base::MutexLock lock(mutex_);
  return lines_.at(queue).commands.size();
}

std::size_t DeferredDevice::queue_count() const {
  const base::MutexLock lock(mutex_);
  return lines_.size();
}

device::NativeStream DeferredDevice::make_stream() { return reinterpret_cast<void*>(add_line() + 1); }

void DeferredDevice::add_work(device::NativeStream stream) {
  const base::MutexLock lock(mutex_);
  push_locked(number_of(stream), {});
}

std::string DeferredDevice::contents(const void* address, std::uint64_t bytes) const {
  const base::MutexLock lock(mutex_);
  return {reinterpret_cast<const char*>(view_of(address, bytes)), bytes};
}

Result<DeviceInfo> DeferredDevice::info() {
  return DeviceInfo{.name = "deferred", .total_bytes = 1U << 30, .free_bytes = 1U << 30};
}

Result<std::unique_ptr<device::Queue>> DeferredDevice::make_queue() {
  return std::make_unique<DeferredQueue>(std::static_pointer_cast<DeferredDevice>(shared_from_this()));
}

// Device memory is mapped twice: where the host is told it is, unreadable, and where the device writes.
Result<void*> DeferredDevice::allocate_bytes(device::Memory memory, std::uint64_t bytes) {
  if (bytes > 1U << 30) return Error{.code = Errc::out_of_memory, .message = "the deferred device has 1 GiB"};
  const int file = memfd_create("deferred device", MFD_CLOEXEC);
  if (file < 0 || ftruncate(file, static_cast<off_t>(rounded(bytes))) != 0) broken("no memory for the test");
  void* const view = mmap(nullptr, rounded(bytes), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  const int protection = memory == device::Memory::device ? PROT_NONE : PROT_READ | PROT_WRITE;
  void* const address = mmap(nullptr, rounded(bytes), protection, MAP_SHARED, file, 0);
  close(file);
  if (view == MAP_FAILED || address == MAP_FAILED) broken("no memory for the test");
  std::memset(view, 0xA5, bytes);
  const base::MutexLock lock(mutex_);
  regions_[reinterpret_cast<std::uintptr_t>(address)] = {bytes, static_cast<std::byte*>(view)};
  return address;
}

void DeferredDevice::free_bytes(device::Memory, void* address, std::uint64_t bytes) noexcept {
  const base::MutexLock lock(mutex_);
  for (const Line& line : lines_) {
    for (const Command& command : line.commands) {
      if (overlap(address, bytes, command.from, command.bytes) || overlap(address, bytes, command.to, command.bytes)) {
        broken("memory was freed that a queued copy uses");
      }
    }
  }
  const auto region = regions_.find(reinterpret_cast<std::uintptr_t>(address));
  if (region == regions_.end() || region->second.bytes != bytes) broken("what is freed was not allocated");
  munmap(region->second.view, rounded(bytes));
  munmap(address, rounded(bytes));
  regions_.erase(region);
}

std::size_t DeferredDevice::add_line() {
  const base::MutexLock lock(mutex_);
  lines_.emplace_back();
  return lines_.size() - 1;
}

void DeferredDevice::push(std::size_t queue, const void* from, void* to, std::uint64_t bytes) {
  const base::MutexLock lock(mutex_);
  (void)view_of(from, bytes);
  (void)view_of(to, bytes);
  push_locked(queue, {.from = from, .to = to, .bytes = bytes});
}

void DeferredDevice::push_locked(std::size_t line, const Command& command) {
  lines_.at(line).commands.push_back(command);
  ++lines_[line].pushed;
}

device::Mark DeferredDevice::push_mark(std::size_t queue) {
  const base::MutexLock lock(mutex_);
  Line& line = lines_[queue];
  push_locked(queue, {.mark = ++line.issued});
  line.marks.push_back(line.pushed);
  return line.issued;
}

void DeferredDevice::follow(std::size_t queue, std::size_t stream) {
  const base::MutexLock lock(mutex_);
  push_locked(queue, {.line = stream, .until = lines_.at(stream).pushed});
}

void DeferredDevice::make_wait(std::size_t stream, std::size_t queue, device::Mark mark) {
  const base::MutexLock lock(mutex_);
  if (mark > lines_[queue].issued) broken("a stream is to wait for a mark that was never made");
  if (mark != 0) push_locked(stream, {.line = queue, .until = lines_[queue].marks[mark - 1]});
}

void DeferredDevice::drain(std::size_t queue) {
  const base::MutexLock lock(mutex_);
  while (step_with_what_it_waits_for(queue)) {
  }
}

device::Mark DeferredDevice::reached(std::size_t queue) {
  const base::MutexLock lock(mutex_);
  if (steps_ == Steps::when_waited) step_with_what_it_waits_for(queue);
  return lines_[queue].reached;
}

void DeferredDevice::wait(std::size_t queue, device::Mark mark) {
  const base::MutexLock lock(mutex_);
  if (mark > lines_[queue].issued) broken("a wait for a mark that was never made");
  while (lines_[queue].reached < mark) {
    if (steps_ == Steps::when_waited) step_with_what_it_waits_for(queue);
    else changed_.wait(mutex_);
  }
}

// Nobody steps it elsewhere, or might for long.
bool DeferredDevice::step_with_what_it_waits_for(std::size_t line) {
  if (step_locked(line)) return true;
  return !lines_[line].commands.empty() && step_with_what_it_waits_for(lines_[line].commands.front().line);
}

bool DeferredDevice::step_locked(std::size_t number) {
  Line& line = lines_.at(number);
  if (line.commands.empty()) return false;
  const Command command = line.commands.front();
  if (command.until > lines_[command.line].done) return false;
  line.commands.pop_front();
  ++line.done;
  if (command.mark != 0) line.reached = command.mark;
  else if (command.bytes != 0)
    std::memcpy(view_of(command.to, command.bytes), view_of(command.from, command.bytes), command.bytes);
  changed_.notify_all();
  return true;
}

std::byte* DeferredDevice::view_of(const void* address, std::uint64_t bytes) const {
  const auto at = reinterpret_cast<std::uintptr_t>(address);
  auto region = regions_.upper_bound(at);
  if (region == regions_.begin()) broken("an address outside every buffer");
  --region;
  const std::uint64_t inside = at - region->first;
  if (inside > region->second.bytes || bytes > region->second.bytes - inside) broken("a copy leaves its buffer");
  return region->second.view + inside;
}

}  // namespace hoist::test
