// Device memory, page-locked host memory, and copies between them.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <fstream>

#include "support/fake_cuda/call.hpp"

namespace hoist::test::fake_cuda {
namespace {

cudaError_t allocate(void** address, std::uint64_t bytes, int device, Region::State state) {
  constexpr std::uint64_t page = 4096;
  if (bytes > device_bytes - machine().used_bytes(device)) return cudaErrorMemoryAllocation;
  const std::uint64_t whole = (bytes + page - 1) / page * page;
  const int file = memfd_create("fake CUDA device", MFD_CLOEXEC);
  if (file < 0 || ftruncate(file, static_cast<off_t>(whole)) != 0) broken("no memory for the test");
  void* const view = mmap(nullptr, whole, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  *address = mmap(nullptr, whole, PROT_NONE, MAP_SHARED, file, 0);
  close(file);
  if (view == MAP_FAILED || *address == MAP_FAILED) broken("no memory for the test");
  std::memset(view, 0xA5, bytes);
  machine().regions[reinterpret_cast<std::uintptr_t>(*address)] = {bytes, static_cast<std::byte*>(view), device, state};
  return cudaSuccess;
}

void poison(Region& region) {
  region.state = Region::State::freed;
  std::memset(region.view, 0xDD, region.bytes);
}

Region* allocation(const void* address) {
  const auto found = machine().regions.find(reinterpret_cast<std::uintptr_t>(address));
  return found == machine().regions.end() || found->second.state == Region::State::freed ? nullptr : &found->second;
}

bool is_file_mapping(const void* address) {
  const auto at = reinterpret_cast<std::uintptr_t>(address);
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    std::uintptr_t begin = 0, end = 0;
    unsigned long inode = 0;
    if (std::sscanf(line.c_str(), "%lx-%lx %*s %*s %*s %lu", &begin, &end, &inode) == 3 && begin <= at && at < end)
      return inode != 0;
  }
  return false;
}

cudaError_t copy(Lock& lock, void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind, cudaStream_t handle) {
  Machine& all = machine();
  const auto stream = all.find(handle);
  if (!stream) return cudaErrorInvalidResourceHandle;
  const bool up = kind == cudaMemcpyHostToDevice;
  if (!up && kind != cudaMemcpyDeviceToHost) broken("only copies between the host and a device are known here");
  const void* const host = up ? from : to;
  if (!all.region(up ? to : from, bytes)) return cudaErrorInvalidValue;
  if (all.registered(host, bytes, stream->device)) {
    Command command{.host = host, .host_bytes = bytes};
    if (up) command.act = [=] { std::memcpy(machine().view(to, bytes), from, bytes); };
    else command.act = [=] { std::memcpy(to, machine().view(from, bytes), bytes); };
    all.push(stream, std::move(command));
    return cudaSuccess;
  }
  ++all.pageable_copies;
  if (is_file_mapping(host)) broken("a file mapping was given to a copy");
  if (up) {
    const std::string read(static_cast<const char*>(from), bytes);
    all.push(stream, {.act = [=] { std::memcpy(machine().view(to, bytes), read.data(), bytes); }});
    return cudaSuccess;
  }
  all.push(stream, {.act = [=] { std::memcpy(to, machine().view(from, bytes), bytes); }});
  (void)all.run_to(lock, {stream, stream->pushed}, true);
  return cudaSuccess;
}

bool queued_copy_uses(const void* address, std::uint64_t bytes) {
  const auto begin = reinterpret_cast<std::uintptr_t>(address);
  for (const auto& stream : machine().all_streams) {
    for (const Command& command : stream->commands) {
      const auto host = reinterpret_cast<std::uintptr_t>(command.host);
      if (command.host && host < begin + bytes && begin < host + command.host_bytes) return true;
    }
  }
  return false;
}

}  // namespace

extern "C" {

cudaError_t cudaMalloc(void** address, std::size_t bytes) {
  return call("cudaMalloc", [&](Lock&) { return allocate(address, bytes, current_device(), Region::State::there); });
}

// Waits for everything on the device, while no other thread's call goes on.
cudaError_t cudaFree(void* address) {
  return call(
      "cudaFree",
      [&](Lock& lock) {
        Machine& all = machine();
        if (!address) return cudaSuccess;
        const Region* const region = allocation(address);
        if (!region) return cudaErrorInvalidValue;
        all.freeing = std::this_thread::get_id();
        const bool drained = all.drain(lock, region->device);
        all.freeing = {};
        all.changed.notify_all();
        if (drained) poison(*allocation(address));
        return cudaSuccess;
      },
      Kind::frees);
}

cudaError_t cudaMemPoolCreate(cudaMemPool_t* pool, const cudaMemPoolProps* properties) {
  return call("cudaMemPoolCreate", [&](Lock&) {
    *pool = reinterpret_cast<cudaMemPool_t>(new Pool{properties->location.id});
    return cudaSuccess;
  });
}

cudaError_t cudaMemPoolDestroy(cudaMemPool_t pool) {
  return call(
      "cudaMemPoolDestroy",
      [&](Lock&) {
        delete reinterpret_cast<Pool*>(pool);
        return cudaSuccess;
      },
      Kind::frees);
}

cudaError_t cudaMallocFromPoolAsync(void** address, std::size_t bytes, cudaMemPool_t pool, cudaStream_t handle) {
  return call("cudaMallocFromPoolAsync", [&](Lock&) {
    const auto stream = machine().find(handle);
    if (!stream) return cudaErrorInvalidResourceHandle;
    const int device = reinterpret_cast<Pool*>(pool)->device;
    const cudaError_t status = allocate(address, bytes, device, Region::State::promised);
    if (status != cudaSuccess) return status;
    machine().push(stream, {.act = [at = *address] {
                     if (Region* const region = allocation(at)) region->state = Region::State::there;
                   }});
    return status;
  });
}

cudaError_t cudaFreeAsync(void* address, cudaStream_t handle) {
  return call(
      "cudaFreeAsync",
      [&](Lock&) {
        const auto stream = machine().find(handle);
        if (!stream) return cudaErrorInvalidResourceHandle;
        if (!allocation(address)) return cudaErrorInvalidValue;
        machine().push(stream, {.act = [=] { poison(*allocation(address)); }});
        return cudaSuccess;
      },
      Kind::frees);
}

cudaError_t cudaHostRegister(void* address, std::size_t bytes, unsigned flags) {
  return call("cudaHostRegister", [&](Lock&) {
    const bool portable = (flags & cudaHostRegisterPortable) != 0;
    const int device = portable ? Registration::every_device : current_device();
    if (machine().registered(address, 1, device)) return cudaErrorHostMemoryAlreadyRegistered;
    std::uint64_t held = 0;
    for (const auto& [begin, registration] : machine().registrations)
      held += registration.bytes;
    const std::uint64_t most = machine().setup.max_registered;
    if (held > most || bytes > most - held) return cudaErrorMemoryAllocation;
    if (is_file_mapping(address)) broken("a file mapping was registered");
    machine().registrations[reinterpret_cast<std::uintptr_t>(address)] = {.bytes = bytes, .device = device};
    return cudaSuccess;
  });
}

cudaError_t cudaHostUnregister(void* address) {
  return call(
      "cudaHostUnregister",
      [&](Lock&) {
        const auto found = machine().registrations.find(reinterpret_cast<std::uintptr_t>(address));
        if (found == machine().registrations.end()) return cudaErrorHostMemoryNotRegistered;
        if (queued_copy_uses(address, found->second.bytes))
          broken("host memory was unregistered that a queued copy uses");
        machine().registrations.erase(found);
        return cudaSuccess;
      },
      Kind::frees);
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind, cudaStream_t stream) {
  return call("cudaMemcpyAsync", [&](Lock& lock) { return copy(lock, to, from, bytes, kind, stream); });
}

}  // extern "C"
}  // namespace hoist::test::fake_cuda
