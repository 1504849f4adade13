// Streams and events.
#include "support/fake_cuda/call.hpp"

namespace hoist::test::fake_cuda {
namespace {

constexpr int not_ready_answers = 2;  // of an event that nothing holds up, before it is seen to be done

template <class Handle>
Handle new_handle() {
  return reinterpret_cast<Handle>(machine().next_handle++);
}

}  // namespace

extern "C" {

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned flags) {
  return call("cudaStreamCreateWithFlags", [&](Lock&) {
    *stream = new_handle<cudaStream_t>();
    machine().stream_flags.insert(flags);
    machine().streams[*stream] = machine().add_stream(current_device(), flags == cudaStreamDefault);
    return cudaSuccess;
  });
}

// What is queued goes on.
cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  return call(
      "cudaStreamDestroy",
      [&](Lock&) { return machine().streams.erase(stream) == 1 ? cudaSuccess : cudaErrorInvalidResourceHandle; },
      Kind::frees);
}

cudaError_t cudaStreamSynchronize(cudaStream_t handle) {
  return call("cudaStreamSynchronize", [&](Lock& lock) {
    const auto stream = machine().find(handle);
    if (!stream) return cudaErrorInvalidResourceHandle;
    (void)machine().run_to(lock, {stream, stream->pushed}, true);
    return cudaSuccess;
  });
}

// What the event stands for now; nothing, where it was never recorded.
cudaError_t cudaStreamWaitEvent(cudaStream_t handle, cudaEvent_t event, unsigned) {
  return call("cudaStreamWaitEvent", [&](Lock&) {
    const auto stream = machine().find(handle);
    const auto found = machine().events.find(event);
    if (!stream || found == machine().events.end()) return cudaErrorInvalidResourceHandle;
    if (found->second.recorded.stream) machine().push(stream, {.waits_for = found->second.recorded});
    return cudaSuccess;
  });
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned flags) {
  return call("cudaEventCreateWithFlags", [&](Lock&) {
    *event = new_handle<cudaEvent_t>();
    machine().event_flags.insert(flags);
    machine().events[*event] = {.device = current_device()};
    ++machine().events_made;
    return cudaSuccess;
  });
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
  return call(
      "cudaEventDestroy",
      [&](Lock&) { return machine().events.erase(event) == 1 ? cudaSuccess : cudaErrorInvalidResourceHandle; },
      Kind::frees);
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t handle) {
  return call("cudaEventRecord", [&](Lock&) {
    const auto stream = machine().find(handle);
    const auto found = machine().events.find(event);
    if (!stream || found == machine().events.end() || found->second.device != stream->device)
      return cudaErrorInvalidResourceHandle;
    machine().push(stream, {});
    found->second.recorded = {stream, stream->pushed};
    found->second.asked = 0;
    return cudaSuccess;
  });
}

cudaError_t cudaEventQuery(cudaEvent_t event) {
  return call("cudaEventQuery", [&](Lock& lock) {
    const auto found = machine().events.find(event);
    if (found == machine().events.end()) return cudaErrorInvalidResourceHandle;
    const Point recorded = found->second.recorded;
    if (!recorded.stream || recorded.stream->done >= recorded.number) return cudaSuccess;
    if (found->second.asked++ < not_ready_answers) return cudaErrorNotReady;
    return machine().run_to(lock, recorded, false) ? cudaSuccess : cudaErrorNotReady;
  });
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  return call("cudaEventSynchronize", [&](Lock& lock) {
    const auto found = machine().events.find(event);
    if (found == machine().events.end()) return cudaErrorInvalidResourceHandle;
    (void)machine().run_to(lock, Point(found->second.recorded), true);
    return cudaSuccess;
  });
}

}  // extern "C"
}  // namespace hoist::test::fake_cuda
