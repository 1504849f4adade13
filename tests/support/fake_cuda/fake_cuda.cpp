#include "support/fake_cuda/fake_cuda.hpp"

#include <sys/mman.h>

#include <algorithm>

#include "support/fake_cuda/machine.hpp"

namespace hoist::test::fake_cuda {

void reset(Setup setup) {
  Machine& all = machine();
  const Lock lock(all.mutex);
  for (const auto& [address, region] : all.regions) {
    munmap(region.view, region.bytes);
    munmap(reinterpret_cast<void*>(address), region.bytes);
  }
  all.setup = setup;
  ++all.generation;
  all.calls = all.fail_call = all.calls_after_loss = all.events_made = all.pageable_copies = 0;
  all.fail_error = all.sticky = all.named_error = cudaSuccess;
  all.named_call.clear();
  all.regions.clear();
  all.registrations.clear();
  all.streams.clear();
  all.all_streams.clear();
  all.events.clear();
  all.legacy.clear();
  all.per_thread.clear();
  all.contexts.clear();
  all.stream_flags.clear();
  all.event_flags.clear();
}

Alive alive() {
  Machine& all = machine();
  const Lock lock(all.mutex);
  const auto live = [](const auto& entry) { return entry.second.state != Region::State::freed; };
  return {.allocations = static_cast<int>(std::ranges::count_if(all.regions, live)),
          .events = static_cast<int>(all.events.size()),
          .streams = static_cast<int>(all.streams.size()),
          .registrations = static_cast<int>(all.registrations.size())};
}

void fail_at(std::uint64_t call, cudaError_t error) {
  Machine& all = machine();
  const Lock lock(all.mutex);
  all.fail_call = call;
  all.fail_error = error;
}

void fail_calls_of(std::string name, cudaError_t error) {
  Machine& all = machine();
  const Lock lock(all.mutex);
  all.named_call = std::move(name);
  all.named_error = error;
}

std::uint64_t calls() {
  const Lock lock(machine().mutex);
  return machine().calls;
}

bool failed() {
  const Lock lock(machine().mutex);
  return machine().fail_call != 0 && machine().calls >= machine().fail_call;
}

void lose(cudaError_t sticky) {
  const Lock lock(machine().mutex);
  machine().sticky = sticky;
  machine().changed.notify_all();
}

std::uint64_t calls_after_loss() {
  const Lock lock(machine().mutex);
  return machine().calls_after_loss;
}

void Work::finish() {
  const Lock lock(machine().mutex);
  *state_ = true;
  machine().changed.notify_all();
}

Work add_work(cudaStream_t stream) {
  Work work;
  const Lock lock(machine().mutex);
  machine().push(machine().find(stream), {.released = work.state_});
  return work;
}

bool idle(cudaStream_t stream) {
  const Lock lock(machine().mutex);
  return machine().find(stream)->commands.empty();
}

std::string contents(const void* device, std::uint64_t bytes) {
  const Lock lock(machine().mutex);
  const Region* const found = machine().region(device, bytes);
  if (!found) broken("a test looks beyond device memory");
  const auto begin = std::prev(machine().regions.upper_bound(reinterpret_cast<std::uintptr_t>(device)))->first;
  return {reinterpret_cast<const char*>(found->view) + (reinterpret_cast<std::uintptr_t>(device) - begin), bytes};
}

int device_of(const void* device) {
  const Lock lock(machine().mutex);
  const Region* const found = machine().region(device, 1);
  return found && found->state != Region::State::freed ? found->device : -1;
}

void take_context() {
  const Lock lock(machine().mutex);
  this_thread().context = -1;
}

std::set<int> contexts() {
  const Lock lock(machine().mutex);
  return machine().contexts;
}
std::set<unsigned> stream_flags() {
  const Lock lock(machine().mutex);
  return machine().stream_flags;
}
std::set<unsigned> event_flags() {
  const Lock lock(machine().mutex);
  return machine().event_flags;
}
std::uint64_t events_made() {
  const Lock lock(machine().mutex);
  return machine().events_made;
}

std::uint64_t pageable_copies() {
  const Lock lock(machine().mutex);
  return machine().pageable_copies;
}

}  // namespace hoist::test::fake_cuda
