// Every call to CUDA that a load makes fails once: the load says so or goes on, and nothing stays behind.
#include "cuda/cuda_test.hpp"

namespace hoist {
namespace {

// A load onto these devices, from making them on, up to the first error.
Result<void> load(const Plan& plan, const std::vector<int>& ordinals) {
  std::vector<Device> devices;
  for (const int ordinal : ordinals) {
    auto device = make_cuda_device(ordinal);
    if (!device) return std::move(device).error();
    devices.push_back(std::move(device).value());
  }
  auto loader = Loader::create(std::move(devices), small_ring);
  if (!loader) return std::move(loader).error();
  auto transfers = loader->start(std::vector<Plan>(ordinals.size(), plan));
  if (!transfers) return std::move(transfers).error();
  Result<void> first;
  for (const Transfer& transfer : *transfers) {
    auto whole = transfer.wait();
    if (first && !whole) first = std::move(whole);
  }
  return first;
}

class CudaSweep : public CudaLoads {
 protected:
  // Gives how many calls a load makes that nothing happens to.
  static std::uint64_t sweep(const std::vector<int>& ordinals, cudaError_t injected, auto&& check) {
    const Plan what = plan();
    for (std::uint64_t call = 1;; ++call) {
      fake::reset();
      fake::fail_at(call, injected);
      const Result<void> whole = load(what, ordinals);
      if (!fake::failed()) {
        EXPECT_THAT(whole, Succeeds());
        EXPECT_EQ(fake::alive(), fake::Alive());
        return call - 1;
      }
      SCOPED_TRACE(call);
      check(whole);
    }
  }
};

TEST_F(CudaSweep, LeavesNothingBehindWhicheverCallFails) {
  for (const std::vector<int>& ordinals : {std::vector{1}, std::vector{1, 0}}) {
    for (const cudaError_t injected : {cudaErrorUnknown, cudaErrorMemoryAllocation}) {
      const std::uint64_t calls = sweep(ordinals, injected, [&](const Result<void>& whole) {
        if (!whole) {
          EXPECT_EQ(whole.error().system_code, injected) << whole.error().to_string();
        }
        EXPECT_EQ(fake::alive(), fake::Alive());
        EXPECT_EQ(cudaPeekAtLastError(), cudaSuccess);
      });
      EXPECT_GT(calls, 20U * ordinals.size());
    }
  }
}

TEST_F(CudaSweep, LetsGoOfEverythingWhicheverCallLosesTheDevice) {
  sweep({1}, cudaErrorIllegalAddress, [](const Result<void>& whole) {
    if (!whole && whole.error().code != Errc::device_unavailable) {
      EXPECT_THAT(whole, FailsWith(Errc::device_lost));
      EXPECT_EQ(whole.error().system_code, cudaErrorIllegalAddress);
    }
    EXPECT_LE(fake::calls_after_loss(), 2U) << "a thread may be in a call while another finds out";
  });
}

}  // namespace
}  // namespace hoist
