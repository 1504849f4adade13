// What every call of the fake runtime goes through.
#pragma once

#include <string_view>

#include "support/fake_cuda/machine.hpp"

namespace hoist::test::fake_cuda {

enum class Kind { usual, frees };  // what frees has freed, whatever it answers

// Every call that can fail: one at a time, never beside a cudaFree.
template <class Body>
cudaError_t call(std::string_view name, Body body, Kind kind = Kind::usual) {
  Machine& all = machine();
  Lock lock(all.mutex);
  all.changed.wait(lock, [&] { return all.freeing == std::thread::id() || all.freeing == std::this_thread::get_id(); });
  ++all.calls;
  cudaError_t status = cudaSuccess;
  if (all.sticky != cudaSuccess) {
    ++all.calls_after_loss;
    status = all.sticky;
  } else {
    if (all.calls == all.fail_call) {
      status = all.fail_error;
      if (status >= cudaErrorIllegalAddress && status <= cudaErrorLaunchFailure) all.sticky = status;
    } else if (name == all.named_call) status = all.named_error;
    if (status == cudaSuccess) status = body(lock);
    else if (kind == Kind::frees) (void)body(lock);
  }
  if (all.sticky != cudaSuccess) status = all.sticky;
  if (status != cudaSuccess) this_thread().last_error = status;
  return status;
}

}  // namespace hoist::test::fake_cuda
