#include "support/fake_cuda/machine.hpp"

#include <cstdio>
#include <cstdlib>

namespace hoist::test::fake_cuda {

void broken(const char* rule) {
  std::fprintf(stderr, "fake CUDA: %s\n", rule);
  std::abort();
}

Machine& machine() {
  static Machine& only = *new Machine;  // outlives what threads and other statics still call at the end
  return only;
}

Thread& this_thread() {
  thread_local Thread thread;
  if (thread.generation != machine().generation) thread = {.generation = machine().generation};
  return thread;
}

int current_device() {
  Thread& thread = this_thread();
  if (thread.context < 0) {
    thread.context = thread.device;
    machine().contexts.insert(thread.device);
  }
  return thread.context;
}

std::shared_ptr<Stream> Machine::find(cudaStream_t handle) {
  if (handle == nullptr || handle == cudaStreamLegacy) {
    auto& stream = legacy[current_device()];
    if (!stream) stream = add_stream(current_device(), false);
    return stream;
  }
  if (handle == cudaStreamPerThread) {
    auto& stream = per_thread[{current_device(), std::this_thread::get_id()}];
    if (!stream) stream = add_stream(current_device(), true);
    return stream;
  }
  const auto found = streams.find(handle);
  return found == streams.end() ? nullptr : found->second;
}

std::shared_ptr<Stream> Machine::add_stream(int device, bool blocking) {
  auto stream = std::make_shared<Stream>();
  stream->device = device;
  stream->blocking = blocking;
  all_streams.push_back(stream);
  return stream;
}

void Machine::push(const std::shared_ptr<Stream>& stream, Command command) {
  const auto add = [&](Command next) {
    stream->commands.push_back(std::move(next));
    ++stream->pushed;
  };
  const auto found = legacy.find(stream->device);
  const std::shared_ptr<Stream> default_stream = found == legacy.end() ? nullptr : found->second;
  if (stream == default_stream) {
    for (const auto& other : all_streams) {
      if (other->blocking && other->device == stream->device && other->done < other->pushed)
        add({.waits_for = {other, other->pushed}});
    }
  } else if (stream->blocking && default_stream && default_stream->done < default_stream->pushed) {
    add({.waits_for = {default_stream, default_stream->pushed}});
  }
  add(std::move(command));
}

bool Machine::run_to(Lock& lock, const Point& point, bool may_wait) {
  if (!point.stream) return true;
  Stream& stream = *point.stream;
  while (stream.done < point.number) {
    if (sticky != cudaSuccess) return false;
    const Command& front = stream.commands.front();
    if (const Point first = front.waits_for; first.stream && first.stream->done < first.number) {
      if (!run_to(lock, first, may_wait)) return false;
      continue;  // others may have gone on meanwhile
    }
    if (front.released && !*front.released) {
      if (!may_wait) return false;
      changed.wait(lock);
      continue;
    }
    const Command next = std::move(stream.commands.front());
    stream.commands.pop_front();
    if (next.act) next.act();
    ++stream.done;
    changed.notify_all();
  }
  return true;
}

bool Machine::drain(Lock& lock, int device) {
  for (std::size_t i = 0; i < all_streams.size(); ++i) {
    const std::shared_ptr<Stream> stream = all_streams[i];
    if (stream->device == device && !run_to(lock, {stream, stream->pushed}, true)) return false;
  }
  return true;
}

Region* Machine::region(const void* address, std::uint64_t bytes) {
  const auto at = reinterpret_cast<std::uintptr_t>(address);
  auto found = regions.upper_bound(at);
  if (found == regions.begin()) return nullptr;
  --found;
  const std::uint64_t inside = at - found->first;
  if (inside > found->second.bytes || bytes > found->second.bytes - inside) return nullptr;
  return &found->second;
}

std::byte* Machine::view(const void* address, std::uint64_t bytes) {
  const Region* const found = region(address, bytes);
  if (!found) broken("a copy leaves device memory");
  if (found->state == Region::State::freed) broken("a copy uses device memory that was freed");
  if (found->state == Region::State::promised) broken("a copy uses device memory before its stream has allocated it");
  const auto begin = std::prev(regions.upper_bound(reinterpret_cast<std::uintptr_t>(address)))->first;
  return found->view + (reinterpret_cast<std::uintptr_t>(address) - begin);
}

std::uint64_t Machine::used_bytes(int device) const {
  std::uint64_t used = 0;
  for (const auto& [address, region] : regions) {
    if (region.device == device && region.state != Region::State::freed) used += region.bytes;
  }
  return used;
}

bool Machine::registered(const void* address, std::uint64_t bytes, int device) const {
  const auto at = reinterpret_cast<std::uintptr_t>(address);
  auto found = registrations.upper_bound(at);
  if (found == registrations.begin()) return false;
  const auto& [begin, registration] = *--found;
  if (registration.device != Registration::every_device && registration.device != device) return false;
  return at - begin <= registration.bytes && bytes <= registration.bytes - (at - begin);
}

}  // namespace hoist::test::fake_cuda
