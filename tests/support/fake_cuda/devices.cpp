// Errors, devices, and which of them a thread is on.
#include <cuda.h>

#include <cstdio>
#include <utility>

#include "support/fake_cuda/call.hpp"

namespace hoist::test::fake_cuda {
namespace {

cudaError_t device_count(int* count) {
  *count = 0;
  const Setup& setup = machine().setup;
  if (setup.driver_version < CUDART_VERSION / 1000 * 1000) return cudaErrorInsufficientDriver;
  if (setup.devices == 0) return cudaErrorNoDevice;
  *count = setup.devices;
  return cudaSuccess;
}

CUresult get_current(CUcontext* context) {
  const Lock lock(machine().mutex);
  *context = reinterpret_cast<CUcontext>(static_cast<std::intptr_t>(this_thread().context) + 1);
  return CUDA_SUCCESS;
}

CUresult set_current(CUcontext context) {
  const Lock lock(machine().mutex);
  if (machine().named_call == "cuCtxSetCurrent") return static_cast<CUresult>(machine().named_error);
  this_thread().context = static_cast<int>(reinterpret_cast<std::intptr_t>(context)) - 1;
  return CUDA_SUCCESS;
}

}  // namespace

extern "C" {

cudaError_t cudaGetLastError() {
  const Lock lock(machine().mutex);
  if (machine().sticky != cudaSuccess) return machine().sticky;
  return std::exchange(this_thread().last_error, cudaSuccess);
}

cudaError_t cudaPeekAtLastError() {
  const Lock lock(machine().mutex);
  return machine().sticky != cudaSuccess ? machine().sticky : this_thread().last_error;
}

const char* cudaGetErrorName(cudaError_t) { return "cudaErrorOfTheFake"; }
const char* cudaGetErrorString(cudaError_t) { return "said by the fake runtime"; }

cudaError_t cudaDriverGetVersion(int* version) {
  const Lock lock(machine().mutex);
  *version = machine().setup.driver_version;
  return cudaSuccess;
}

cudaError_t cudaGetDeviceCount(int* count) {
  return call("cudaGetDeviceCount", [&](Lock&) { return device_count(count); });
}

cudaError_t cudaSetDevice(int device) {
  return call("cudaSetDevice", [&](Lock&) {
    int count = 0;
    if (const cudaError_t status = device_count(&count); status != cudaSuccess) return status;
    if (device < 0 || device >= count) return cudaErrorInvalidDevice;
    machine().contexts.insert(device);
    this_thread().device = this_thread().context = device;
    return cudaSuccess;
  });
}

cudaError_t cudaGetDevice(int* device) {
  return call("cudaGetDevice", [&](Lock&) {
    *device = this_thread().context < 0 ? this_thread().device : this_thread().context;
    return cudaSuccess;
  });
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
  return call("cudaGetDeviceProperties", [&](Lock&) {
    *properties = {};
    std::snprintf(properties->name, sizeof properties->name, "Fake %d", device);
    properties->totalGlobalMem = device_bytes;
    return cudaSuccess;
  });
}

cudaError_t cudaGetDriverEntryPointByVersion(const char* symbol, void** function, unsigned, unsigned long long,
                                             cudaDriverEntryPointQueryResult*) {
  return call("cudaGetDriverEntryPointByVersion", [&](Lock&) {
    *function = nullptr;
    if (std::string_view(symbol) == "cuCtxGetCurrent") *function = reinterpret_cast<void*>(get_current);
    if (std::string_view(symbol) == "cuCtxSetCurrent") *function = reinterpret_cast<void*>(set_current);
    return cudaSuccess;
  });
}

cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total) {
  return call("cudaMemGetInfo", [&](Lock&) {
    *total = device_bytes;
    *free = device_bytes - machine().used_bytes(current_device());
    return cudaSuccess;
  });
}

}  // extern "C"
}  // namespace hoist::test::fake_cuda
