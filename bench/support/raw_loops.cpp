#include "raw_loops.hpp"

#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <thread>
#include <vector>

namespace bench {
namespace {

void require_all(ssize_t got, std::size_t wanted, const char* what) {
  if (got == static_cast<ssize_t>(wanted)) return;
  throw std::system_error(got < 0 ? errno : EIO, std::generic_category(), what);
}

}  // namespace

void in_parts(unsigned threads, std::size_t count, const std::function<void(std::size_t, std::size_t)>& part) {
  std::vector<std::jthread> helpers;
  for (unsigned i = 0; i + 1 < threads; ++i)
    helpers.emplace_back([&part, i, count, threads] { part(count * i / threads, count * (i + 1) / threads); });
  part(count * (threads - 1) / threads, count);
}

void in_turns(unsigned threads, std::size_t count, std::size_t step,
              const std::function<void(unsigned, std::size_t, std::size_t)>& part) {
  std::atomic<std::size_t> next = 0;
  in_parts(threads, threads, [&](std::size_t thread, std::size_t) {
    for (std::size_t begin; (begin = next.fetch_add(step)) < count;)
      part(static_cast<unsigned>(thread), begin, std::min(count, begin + step));
  });
}

void pread_loop(int descriptor, std::uint64_t offset, std::span<std::byte> into, std::size_t chunk) {
  for (std::size_t done = 0; done < into.size();) {
    const ssize_t got =
        ::pread(descriptor, into.data() + done, std::min(chunk, into.size() - done), static_cast<off_t>(offset + done));
    if (got <= 0) require_all(got, chunk, "pread");
    done += static_cast<std::size_t>(got);
  }
}

void memcpy_loop(std::span<const std::byte> from, std::span<std::byte> into, std::size_t chunk) {
  for (std::size_t done = 0; done < into.size(); done += chunk)
    std::memcpy(into.data() + done, from.data() + done, std::min(chunk, into.size() - done));
}

void two_copies_loop(int descriptor, std::uint64_t offset, std::span<std::byte> into, std::span<std::byte> slots,
                     std::size_t chunk, unsigned threads) {
  in_turns(threads, into.size(), chunk, [&](unsigned thread, std::size_t begin, std::size_t end) {
    const auto slot = slots.subspan(thread * chunk, end - begin);
    pread_loop(descriptor, offset + begin, slot, chunk);
    std::memcpy(into.data() + begin, slot.data(), slot.size());
  });
}

void pread_each_run(int descriptor, const Strided& runs, std::size_t begin, std::size_t end,
                    std::span<std::byte> into) {
  for (std::size_t i = begin; i < end; ++i) {
    const auto offset = static_cast<off_t>(runs.offset + i * runs.stride);
    require_all(::pread(descriptor, into.data() + i * runs.run, runs.run, offset), runs.run, "pread");
  }
}

void pread_over_runs(int descriptor, const Strided& runs, std::size_t begin, std::size_t end, std::span<std::byte> into,
                     std::size_t window) {
  std::vector<std::byte> bounce(std::max(window, runs.run));
  const std::size_t at_once = (bounce.size() - runs.run) / runs.stride + 1;
  for (std::size_t i = begin; i < end; i += at_once) {
    const std::size_t count = std::min(at_once, end - i);
    const std::size_t covered = (count - 1) * runs.stride + runs.run;
    const auto offset = static_cast<off_t>(runs.offset + i * runs.stride);
    require_all(::pread(descriptor, bounce.data(), covered, offset), covered, "pread");
    for (std::size_t k = 0; k < count; ++k)
      std::memcpy(into.data() + (i + k) * runs.run, bounce.data() + k * runs.stride, runs.run);
  }
}

void vm_readv_runs(std::span<const std::byte> file, const Strided& runs, std::size_t begin, std::size_t end,
                   std::span<std::byte> into, std::size_t batch) {
  const pid_t self = ::getpid();
  std::vector<iovec> remote(batch);
  for (std::size_t i = begin; i < end; i += batch) {
    const std::size_t count = std::min(batch, end - i);
    for (std::size_t k = 0; k < count; ++k)
      remote[k] = {const_cast<std::byte*>(file.data()) + runs.offset + (i + k) * runs.stride, runs.run};
    const iovec local{into.data() + i * runs.run, count * runs.run};
    require_all(::process_vm_readv(self, &local, 1, remote.data(), count, 0), count * runs.run, "process_vm_readv");
  }
}

void memcpy_runs(std::span<const std::byte> file, const Strided& runs, std::size_t begin, std::size_t end,
                 std::span<std::byte> into) {
  for (std::size_t i = begin; i < end; ++i)
    std::memcpy(into.data() + i * runs.run, file.data() + runs.offset + i * runs.stride, runs.run);
}

}  // namespace bench
