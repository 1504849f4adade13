// The ring, the readers, and the jobs that they work on.
#pragma once

#include <condition_variable>
#include <thread>

#include "base/mutex.hpp"
#include "transfer/batch.hpp"

namespace hoist::transfer {

// Thread-safe. Every job must be ended before the last reference goes.
//
// A reader takes the next step of a batch and a free slot together, under the lock, in the batch's order; so the oldest
// piece that was not submitted owns a slot, and nobody waits for one while holding another. A batch begins only when
// two slots are free, which are its own until it has read everything: it goes on however long another waits for its
// devices. Whoever completes the next piece of a job in order submits it; a slot that serves several jobs is free when
// all of them have done with it. No call of a device and no read happens under the lock.
class Pipeline {
 public:
  using Devices = std::vector<std::shared_ptr<device::Backend>>;

  static Result<std::shared_ptr<Pipeline>> make(Devices devices, const LoaderOptions& options);
  ~Pipeline();

  const Devices& devices() const noexcept { return devices_; }

  void start(const std::shared_ptr<Batch>& batch);
  // Until `pieces` of them, from the first on, are there.
  Result<void> wait(Job& job, std::uint32_t pieces);
  // Makes a stream wait for them, once they are queued: until then the caller waits, or is told not_submitted.
  enum class Until : std::uint8_t { submitted, now };
  Result<void> make_wait(Job& job, std::uint32_t pieces, device::NativeStream stream, Until until);
  // Tells how far it is until everything is there, or the job failed.
  void watch(Job& job, const std::function<void(const Progress&)>& tell);
  void cancel(Job& job);  // unless it failed before; before its start, too
  // Cancels what is left, waits for the device, gives all slots back. Then nothing here knows the job any more.
  void end(Job& job);
  LoadReport report(const Job& job) const;
  Trace trace(const Job& job) const;  // so far; the job has one

 private:
  static constexpr std::uint32_t no_slot = UINT32_MAX;

  // A step that is read, in the name of one of the jobs that want it.
  struct Work {
    Job* job = nullptr;
    std::uint32_t piece = 0;
    std::uint32_t step = 0;
    std::uint32_t slot = no_slot;
    std::uint32_t reader = 0;
    Job::Clock::time_point begin{};
  };

  Pipeline(Devices devices, device::Buffer ring, unsigned readers);

  std::byte* slot_at(std::uint32_t slot) const;
  void read_pieces(std::uint32_t reader);
  Result<Job::Filled> read(Work& work, io::Bounce& bounce);
  static void assign(Work& work, const Batch& batch, const Delivery& delivery);
  bool take(Work& work);
  Batch* next_batch() HOIST_REQUIRES(mutex_);
  bool may_take_a_slot(const Batch& batch) const HOIST_REQUIRES(mutex_);
  bool anything_to_read() const HOIST_REQUIRES(mutex_);
  bool ask_devices() HOIST_REQUIRES(mutex_);
  bool ask(Job& job) HOIST_REQUIRES(mutex_);
  void drain(Job& job) HOIST_REQUIRES(mutex_);
  void wait_until_submitted(Job& job, std::uint32_t pieces) HOIST_REQUIRES(mutex_);  // or failed
  Result<void> wait_for_mark(Job& job, device::Mark mark) HOIST_REQUIRES(mutex_);
  Result<void> ask_until(Job& job, device::Mark mark) HOIST_REQUIRES(mutex_);
  void finish(const Work& work, Result<Job::Filled> read);
  void arrive(Job& job, std::uint32_t pieces) HOIST_REQUIRES(mutex_);
  void give_back(Job& job, std::uint32_t slot) HOIST_REQUIRES(mutex_);
  void submit_in_order(Job& job) HOIST_REQUIRES(mutex_);
  void advance(Job& job) HOIST_REQUIRES(mutex_);
  void fail_locked(Job& job, Error error) HOIST_REQUIRES(mutex_);
  void release(Job& job, device::Mark reached) HOIST_REQUIRES(mutex_);
  void leave(Job& job) HOIST_REQUIRES(mutex_);
  void give_back_unsubmitted(Job& job) HOIST_REQUIRES(mutex_);

  const Devices devices_;
  const device::Buffer ring_;
  std::vector<Error> refusals_;       // of a larger or a better ring; not changed once readers run
  const std::uint32_t most_waiting_;  // slots of one batch that were read and not yet copied
  mutable base::Mutex mutex_;
  std::condition_variable_any to_do_;                     // for readers
  std::condition_variable_any progress_;                  // for who waits for a job
  std::vector<Batch*> batches_ HOIST_GUARDED_BY(mutex_);  // in the order of their starts
  std::vector<std::uint32_t> free_ HOIST_GUARDED_BY(mutex_);
  std::vector<std::uint32_t> users_of_
      HOIST_GUARDED_BY(mutex_);                       // of each slot: its reader, and jobs that have not done with it
  std::vector<Job*> asked_ HOIST_GUARDED_BY(mutex_);  // by the reader that asks their devices
  std::chrono::nanoseconds pause_ HOIST_GUARDED_BY(mutex_);
  bool asking_ HOIST_GUARDED_BY(mutex_) = false;
  bool closing_ HOIST_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> readers_;
};

}  // namespace hoist::transfer
