#include "base/assert.hpp"
#include "base/error.hpp"
#include "hoist/cuda.hpp"
#include "transfer/running.hpp"

namespace hoist {
namespace {

using transfer::Running;
using transfer::TransferAccess;
using Until = transfer::Pipeline::Until;

Error no_stream() {
  return {.code = Errc::wrong_device,
          .message = "a null stream; pass cudaStreamLegacy or cudaStreamPerThread for a default one"};
}

Result<void> make_wait(const Running& running, const Result<std::uint32_t>& pieces, CUstream_st* stream, Until until) {
  if (!pieces) return pieces.error();
  if (!stream) return no_stream();
  if (!running.job->staged()) {
    return Error{.code = Errc::wrong_device, .message = "the tensors go to a device without streams"};
  }
  return base::catching_bad_alloc([&] { return running.pipeline->make_wait(*running.job, *pieces, stream, until); });
}

Result<void> make_wait(const Transfer& transfer, CUstream_st* stream, Until until) {
  const Running& running = TransferAccess::running(transfer);
  return make_wait(running, running.job->pieces_of_all(), stream, until);
}

// Of a group, by number, or of a tensor, by name.
Result<void> make_wait(const Transfer& transfer, auto which, CUstream_st* stream, Until until) {
  const Running& running = TransferAccess::running(transfer);
  return make_wait(running, running.pieces_of(which), stream, until);
}

// Until the stream has done what it holds now.
Result<void> wait_for(device::Backend& device, CUstream_st* stream) {
  if (!stream) return no_stream();
  return base::catching_bad_alloc([&]() -> Result<void> {
    auto queue = device.make_queue();
    if (!queue) return std::move(queue).error();
    if (auto follows = (*queue)->follow(stream); !follows) return follows;
    auto mark = (*queue)->mark();
    if (!mark) return std::move(mark).error();
    return (*queue)->wait(*mark);
  });
}

}  // namespace

Result<Transfer> start_after(CUstream_st* stream, Loader& loader, const Plan& plan, LoadOptions options) {
  if (!stream) return no_stream();
  return TransferAccess::start(loader, plan, options, stream);
}

Result<void> enqueue_wait(const Transfer& transfer, CUstream_st* stream) {
  return make_wait(transfer, stream, Until::submitted);
}
Result<void> enqueue_wait(const Transfer& transfer, Plan::Group group, CUstream_st* stream) {
  return make_wait(transfer, group, stream, Until::submitted);
}
Result<void> enqueue_wait(const Transfer& transfer, std::string_view name, CUstream_st* stream) {
  return make_wait(transfer, name, stream, Until::submitted);
}
Result<void> try_enqueue_wait(const Transfer& transfer, CUstream_st* stream) {
  return make_wait(transfer, stream, Until::now);
}
Result<void> try_enqueue_wait(const Transfer& transfer, Plan::Group group, CUstream_st* stream) {
  return make_wait(transfer, group, stream, Until::now);
}
Result<void> try_enqueue_wait(const Transfer& transfer, std::string_view name, CUstream_st* stream) {
  return make_wait(transfer, name, stream, Until::now);
}

Result<void> release_after(LoadedTensors& tensors, CUstream_st* stream) {
  auto& job = TransferAccess::job(tensors);
  HOIST_ASSERT(job);
  if (auto done = wait_for(job->device(), stream); !done) return done;
  job.reset();
  return {};
}

Result<void> release_after(Transfer& transfer, CUstream_st* stream) {
  auto& running = TransferAccess::running(transfer);
  HOIST_ASSERT(running);
  if (auto done = wait_for(running->job->device(), stream); !done) return done;
  running.reset();
  return {};
}

}  // namespace hoist
