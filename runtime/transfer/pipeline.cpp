#include "transfer/pipeline.hpp"

#include <algorithm>
#include <system_error>

#include "base/assert.hpp"
#include "base/error.hpp"

namespace hoist::transfer {
namespace {

using base::grouped;
using base::MutexLock;

// Runs `body` without the lock that is held around it.
auto unlocked(base::Mutex& mutex, auto&& body) HOIST_THREAD_ATTRIBUTE(no_thread_safety_analysis) {
  mutex.unlock();
  auto result = body();
  mutex.lock();
  return result;
}

Error cancelled() { return {.code = Errc::cancelled, .message = "cancelled"}; }

unsigned reader_count(unsigned asked) {
  constexpr unsigned most = 16;  // more than a link or a disk was seen to need (fastsafetensors and Run:ai take 16)
  return asked != 0 ? asked : std::clamp(std::thread::hardware_concurrency(), 1U, most);
}

// As large as was asked for, where that much may be pinned; else half of it, and so on; else not pinned.
Result<device::Buffer> make_ring(device::Backend& device, std::uint64_t slots, std::vector<Error>& refusals) {
  constexpr std::uint64_t fewest = 2;
  for (std::uint64_t fewer = slots;; fewer = std::max(fewer / 2, fewest)) {
    auto ring = device.allocate(device::Memory::staging, fewer * slot_bytes);
    if (ring || ring.error().code == Errc::device_lost) return ring;
    refusals.push_back(std::move(ring).error());
    if (fewer == fewest) break;
  }
  return device.allocate(device::Memory::pageable, slots * slot_bytes);
}

}  // namespace

Result<std::shared_ptr<Pipeline>> Pipeline::make(std::shared_ptr<device::Backend> device,
                                                 const LoaderOptions& options) {
  const std::uint64_t slots = options.staging_bytes / slot_bytes;
  if (slots < 2) {
    return Error{.code = Errc::over_budget,
                 .message = "staging of " + grouped(options.staging_bytes) + " bytes holds fewer than two slots of " +
                            grouped(slot_bytes)};
  }
  std::vector<Error> refusals;
  auto ring = make_ring(*device, slots, refusals);
  if (!ring) return std::move(ring).error();
  std::shared_ptr<Pipeline> pipeline(new Pipeline(std::move(device), std::move(ring).value()));
  pipeline->refusals_ = std::move(refusals);
  try {
    for (unsigned i = 0; i < reader_count(options.threads); ++i)
      pipeline->readers_.emplace_back([raw = pipeline.get()] { raw->read_pieces(); });
  } catch (const std::system_error& problem) {
    if (pipeline->readers_.empty()) return base::system_error(problem.code().value(), "start a thread");
    // fewer threads do it, too
  }
  return pipeline;
}

Pipeline::Pipeline(std::shared_ptr<device::Backend> device, device::Buffer ring)
    : device_(std::move(device)), ring_(std::move(ring)) {
  for (auto slot = static_cast<std::uint32_t>(ring_.byte_count() / slot_bytes); slot-- > 0;)
    free_.push_back(slot);
}

Pipeline::~Pipeline() {
  {
    const MutexLock lock(mutex_);
    HOIST_ASSERT(jobs_.empty());
    closing_ = true;
  }
  changed_.notify_all();
  for (std::thread& reader : readers_)
    reader.join();
}

void Pipeline::start(Job& job) {
  const MutexLock lock(mutex_);
  // What grows later has its room now: a reader has nobody to tell that memory ran out.
  job.flow.in_flight.reserve(ring_.byte_count() / slot_bytes);
  jobs_.push_back(&job);
  changed_.notify_all();
}

Result<void> Pipeline::wait(Job& job, std::uint32_t pieces) {
  const MutexLock lock(mutex_);
  while (job.flow.done < pieces && !job.flow.error)
    changed_.wait(mutex_);
  if (job.flow.done < pieces) return *job.flow.error;
  if (pieces == 0 || !job.staged()) return {};
  if (job.flow.ended) {
    if (job.flow.error) return *job.flow.error;
    return {};
  }
  return wait_for_mark(job, job.flow.marks[pieces - 1]);
}

Result<void> Pipeline::wait_for_mark(Job& job, device::Mark mark) {
  ++job.flow.users;
  auto reached = unlocked(mutex_, [&] { return job.queue().wait(mark); });
  if (reached) release(job, mark);
  else fail_locked(job, reached.error());
  leave(job);
  return reached;
}

Result<void> Pipeline::make_wait(Job& job, std::uint32_t pieces, device::NativeStream stream, Until until) {
  const MutexLock lock(mutex_);
  while (until == Until::submitted && job.flow.done < pieces && !job.flow.error)
    changed_.wait(mutex_);
  if (job.flow.error) return *job.flow.error;
  if (job.flow.done < pieces) {
    return Error{.code = Errc::not_submitted, .message = "the device has not been given the last of it yet"};
  }
  if (pieces == 0) return {};
  ++job.flow.users;
  auto waiting =
      unlocked(mutex_, [&, mark = job.flow.marks[pieces - 1]] { return job.queue().make_wait(stream, mark); });
  leave(job);
  return waiting;
}

void Pipeline::cancel(Job& job) {
  const MutexLock lock(mutex_);
  fail_locked(job, cancelled());
  if (job.flow.users == 0) settle(job);
}

void Pipeline::end(Job& job) {
  const MutexLock lock(mutex_);
  if (job.flow.done < job.pieces().pieces.size()) fail_locked(job, cancelled());
  while (job.flow.users != 0)
    changed_.wait(mutex_);
  settle(job);
  std::erase(jobs_, &job);
}

LoadReport Pipeline::report(const Job& job) const {
  const MutexLock lock(mutex_);
  if (!job.staged()) return {.moved = job.flow.moved};
  return {.moved = job.flow.moved, .staging_bytes = ring_.byte_count(), .warnings = refusals_};
}

std::byte* Pipeline::slot_at(std::uint32_t slot) const {
  return slot == no_slot ? nullptr : static_cast<std::byte*>(ring_.address()) + slot * slot_bytes;
}

void Pipeline::read_pieces() {
  for (Work work; take(work);) {
    Job& job = *work.job;
    const std::stop_token stop = job.flow.stop.get_token();
    const Piece& piece = job.pieces().pieces[work.piece];
    auto read = base::catching_bad_alloc([&] { return job.read(piece, slot_at(work.slot), stop); });
    finish(work, std::move(read));
  }
}

// The next piece of the first job that has one, and a slot for it. False when there will be no more.
bool Pipeline::take(Work& work) {
  const MutexLock lock(mutex_);
  while (!closing_) {
    const auto wanting = std::ranges::find_if(
        jobs_, [](const Job* job) { return !job->flow.error && job->flow.next < job->pieces().pieces.size(); });
    if (wanting != jobs_.end()) {
      Job& job = **wanting;
      if (!job.staged() || !free_.empty()) {
        work = {.job = &job, .piece = job.flow.next++};
        if (job.staged()) {
          work.slot = free_.back();
          free_.pop_back();
        }
        ++job.flow.users;
        return true;
      }
      if (free_a_slot()) continue;
    }
    changed_.wait(mutex_);
  }
  return false;
}

// Waits for the oldest copy in flight. False: there is none, every slot is being filled or waits for its turn.
bool Pipeline::free_a_slot() {
  // A job that has ended is being drained: its slots come without anybody waiting, and its queue is gone.
  const auto flying =
      std::ranges::find_if(jobs_, [](const Job* job) { return !job->flow.ended && !job->flow.in_flight.empty(); });
  if (flying == jobs_.end()) return false;
  (void)wait_for_mark(**flying, (*flying)->flow.in_flight.front().mark);  // its job has the error
  return true;
}

void Pipeline::finish(const Work& work, Result<store::ReadCost> read) {
  const MutexLock lock(mutex_);
  Job& job = *work.job;
  if (read) {
    job.flow.moved.bytes_read += read->bytes;
    job.flow.moved.requests += read->requests;
  } else {
    fail_locked(job, std::move(read).error());
  }
  if (job.flow.error) {
    if (work.slot != no_slot) free_.push_back(work.slot);
  } else {
    job.flow.filled[work.piece] = work.slot == no_slot ? 0 : static_cast<std::int32_t>(work.slot);
    if (job.staged()) submit_in_order(job);
    else advance(job);
  }
  leave(job);
}

void Pipeline::submit_in_order(Job& job) {
  Job::Flow& flow = job.flow;
  if (flow.submitting) return;
  flow.submitting = true;
  while (!flow.error && flow.done < flow.filled.size() && flow.filled[flow.done] >= 0) {
    const Piece& piece = job.pieces().pieces[flow.done];
    const auto slot = static_cast<std::uint32_t>(flow.filled[flow.done]);
    auto mark =
        unlocked(mutex_, [&] { return base::catching_bad_alloc([&] { return job.submit(piece, slot_at(slot)); }); });
    if (!mark) {
      fail_locked(job, std::move(mark).error());  // the slot goes back when the queue was drained
      break;
    }
    flow.filled[flow.done] = -1;
    flow.in_flight.push_back({*mark, slot});
    flow.marks[flow.done] = *mark;
    advance(job);
  }
  flow.submitting = false;
}

// The next piece is there, or queued; without a queue, as many as are there in order.
void Pipeline::advance(Job& job) {
  Job::Flow& flow = job.flow;
  const auto count = [&] { flow.moved.bytes += job.pieces().pieces[flow.done++].tensor_bytes; };
  if (job.staged()) count();
  else {
    while (flow.done < flow.filled.size() && flow.filled[flow.done] >= 0)
      count();
  }
  changed_.notify_all();
}

void Pipeline::fail_locked(Job& job, Error error) {
  if (!job.flow.error) job.flow.error = std::move(error);
  job.flow.stop.request_stop();
  changed_.notify_all();
}

void Pipeline::release(Job& job, device::Mark reached) {
  std::vector<Job::Flight>& flying = job.flow.in_flight;
  const auto later = std::ranges::find_if(flying, [&](const Job::Flight& flight) { return flight.mark > reached; });
  for (auto flight = flying.begin(); flight != later; ++flight)
    free_.push_back(flight->slot);
  flying.erase(flying.begin(), later);
  changed_.notify_all();
}

void Pipeline::leave(Job& job) {
  if (--job.flow.users == 0 && job.flow.error) settle(job);
  changed_.notify_all();
}

// Nobody uses the job: drains its queue, and all its slots are free.
void Pipeline::settle(Job& job) {
  if (job.flow.ended) return;
  job.flow.ended = true;
  ++job.flow.users;
  unlocked(mutex_, [&] {
    job.drain();
    return true;
  });
  --job.flow.users;
  release(job, UINT64_MAX);
  for (std::int32_t& slot : job.flow.filled) {
    if (slot >= 0 && job.staged()) free_.push_back(static_cast<std::uint32_t>(slot));
    slot = -1;
  }
  changed_.notify_all();
}

}  // namespace hoist::transfer
