// Every call to CUDA that a load makes fails once: the load says so or goes on, and nothing stays behind.
#include "cuda/cuda_test.hpp"

namespace hoist {
namespace {

// A load with its device and its loader, up to the first error.
Result<void> load(const Plan& plan, const CudaOptions& options) {
  auto device = make_cuda_device(1, options);
  if (!device) return std::move(device).error();
  auto loader = Loader::create(std::move(device).value(), small_ring);
  if (!loader) return std::move(loader).error();
  auto transfer = loader->start(plan);
  if (!transfer) return std::move(transfer).error();
  return transfer->wait();
}

class CudaSweep : public CudaLoads {
 protected:
  // Gives how many calls a load makes that nothing happens to.
  static std::uint64_t sweep(cudaError_t injected, auto&& check, const CudaOptions& options = {}) {
    const Plan what = plan();
    for (std::uint64_t call = 1;; ++call) {
      fake::reset();
      fake::fail_at(call, injected);
      const Result<void> whole = load(what, options);
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
  for (const cudaError_t injected : {cudaErrorUnknown, cudaErrorMemoryAllocation}) {
    const std::uint64_t calls = sweep(injected, [&](const Result<void>& whole) {
      if (!whole) {
        EXPECT_EQ(whole.error().system_code, injected) << whole.error().to_string();
      }
      EXPECT_EQ(fake::alive(), fake::Alive());
      EXPECT_EQ(cudaPeekAtLastError(), cudaSuccess);
    });
    EXPECT_GT(calls, 20U);
  }
}

TEST_F(CudaSweep, LetsGoOfEverythingWhicheverCallLosesTheDevice) {
  sweep(cudaErrorIllegalAddress, [](const Result<void>& whole) {
    if (!whole && whole.error().code != Errc::device_unavailable) {
      EXPECT_THAT(whole, FailsWith(Errc::device_lost));
      EXPECT_EQ(whole.error().system_code, cudaErrorIllegalAddress);
    }
    EXPECT_LE(fake::calls_after_loss(), 2U) << "a thread may be in a call while another finds out";
  });
}

}  // namespace
}  // namespace hoist
