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
  struct Again {
    base::Mutex& mutex;
    explicit Again(base::Mutex& held) HOIST_THREAD_ATTRIBUTE(no_thread_safety_analysis) : mutex(held) {
      mutex.unlock();
    }
    ~Again() HOIST_THREAD_ATTRIBUTE(no_thread_safety_analysis) { mutex.lock(); }
  };
  const Again again(mutex);
  return body();
}

// How often a reader without a slot asks the devices for one: a copy of one takes 76 us at 55 GB/s. Seldom, where
// nothing has come for long.
constexpr auto first_pause = std::chrono::microseconds(50);
constexpr auto last_pause = std::chrono::milliseconds(1);

constexpr auto between_reports = std::chrono::milliseconds(100);
constexpr std::uint32_t slots_of_its_own = 2;  // of each batch: one to read into while the other is copied

// Slots that wait for the device, beyond one for each reader. When more do, the device is what takes the time, and who
// reads on only drives what was read out of the processor's cache (tools/bench ring).
constexpr std::uint32_t spare_slots = 2;

// For each of several that fail by one error. Where there is no memory left for it, the error is that.
Error copy_of(const Error& error) {
  auto copy = base::catching_bad_alloc([&]() -> Result<void> { return Error(error); });
  return std::move(copy).error();
}

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

// One that makes the most of it: memory that a CUDA device has pinned is pinned for all.
device::Backend& device_for_the_ring(const Pipeline::Devices& devices) {
  const auto found = std::ranges::find_if(devices, [](const auto& device) { return !device->host_can_write(); });
  return found == devices.end() ? *devices.front() : **found;
}

}  // namespace

Result<std::shared_ptr<Pipeline>> Pipeline::make(Devices devices, const LoaderOptions& options) {
  const std::uint64_t slots = options.staging_bytes / slot_bytes;
  if (slots < 2) {
    return Error{.code = Errc::over_budget,
                 .message = "staging of " + grouped(options.staging_bytes) + " bytes holds fewer than two slots of " +
                            grouped(slot_bytes)};
  }
  const unsigned readers = reader_count(options.threads);
  std::vector<Error> refusals;
  auto ring = make_ring(device_for_the_ring(devices), slots, refusals);
  if (!ring) return std::move(ring).error();
  std::shared_ptr<Pipeline> pipeline(new Pipeline(std::move(devices), std::move(ring).value(), readers));
  pipeline->refusals_ = std::move(refusals);
  try {
    for (unsigned i = 0; i < readers; ++i)
      pipeline->readers_.emplace_back([raw = pipeline.get(), i] { raw->read_pieces(i); });
  } catch (const std::system_error& problem) {
    if (pipeline->readers_.empty()) return base::system_error(problem.code().value(), "start a thread");
    // fewer threads do it, too
  }
  return pipeline;
}

Pipeline::Pipeline(Devices devices, device::Buffer ring, unsigned readers)
    : devices_(std::move(devices)),
      ring_(std::move(ring)),
      most_waiting_(readers + spare_slots),
      users_of_(ring_.byte_count() / slot_bytes),
      pause_(first_pause) {
  for (auto slot = static_cast<std::uint32_t>(users_of_.size()); slot-- > 0;)
    free_.push_back(slot);
}

Pipeline::~Pipeline() {
  {
    const MutexLock lock(mutex_);
    HOIST_ASSERT(batches_.empty());
    closing_ = true;
  }
  to_do_.notify_all();
  for (std::thread& reader : readers_)
    reader.join();
}

void Pipeline::start(const std::shared_ptr<Batch>& batch) {
  const MutexLock lock(mutex_);
  // What grows later has its room now: a reader has nobody to tell that memory ran out.
  std::size_t jobs = batch->jobs.size();
  for (const Batch* other : batches_)
    jobs += other->jobs.size();
  asked_.reserve(jobs);
  batches_.reserve(batches_.size() + 1);
  for (Job* job : batch->jobs)
    job->flow.in_flight.reserve(users_of_.size());
  // From here on nothing fails.
  for (Job* job : batch->jobs) {
    job->flow.batch = batch;
    if (job->pieces_of_all() == 0) job->flow.report.total = Job::Clock::now() - job->flow.started;
  }
  batches_.push_back(batch.get());
  to_do_.notify_all();
}

Result<void> Pipeline::wait(Job& job, std::uint32_t pieces) {
  const MutexLock lock(mutex_);
  wait_until_submitted(job, pieces);
  const Job::Flow& flow = job.flow;
  if (flow.arrived >= pieces) return {};
  const bool cancelled = flow.error && flow.error->code == Errc::cancelled;
  if (flow.done < pieces || flow.drained || cancelled) return *flow.error;
  auto there = wait_for_mark(job, flow.marks[pieces - 1]);
  if (there) arrive(job, pieces);
  return there;
}

void Pipeline::wait_until_submitted(Job& job, std::uint32_t pieces) {
  while (job.flow.done < pieces && !job.flow.error) {
    job.flow.awaited = std::min(job.flow.awaited, pieces);
    progress_.wait(mutex_);
  }
}

Result<void> Pipeline::wait_for_mark(Job& job, device::Mark mark) {
  ++job.flow.users;
  const auto begin = Job::Clock::now();
  auto reached = job.cancellable() ? ask_until(job, mark) : unlocked(mutex_, [&] {
    return base::catching_bad_alloc([&] { return job.queue().wait(mark); });
  });
  job.flow.report.waiting_for_device += Job::Clock::now() - begin;
  const bool done = static_cast<bool>(reached);
  if (done) release(job, mark);
  else fail_locked(job, std::move(reached).error());
  leave(job);
  if (done) return {};
  return *job.flow.error;
}

// A cancel wakes who waits here; a queue's own wait it would not.
Result<void> Pipeline::ask_until(Job& job, device::Mark mark) {
  for (std::chrono::nanoseconds pause = first_pause;;
       pause = std::min<std::chrono::nanoseconds>(2 * pause, last_pause)) {
    auto reached = unlocked(mutex_, [&] { return base::catching_bad_alloc([&] { return job.queue().reached(); }); });
    if (!reached) return std::move(reached).error();
    if (*reached >= mark) return {};
    if (job.flow.error) return *job.flow.error;
    progress_.wait_for(mutex_, pause);
  }
}

Result<void> Pipeline::make_wait(Job& job, std::uint32_t pieces, device::NativeStream stream, Until until) {
  const MutexLock lock(mutex_);
  if (until == Until::submitted) wait_until_submitted(job, pieces);
  if (job.flow.error) return *job.flow.error;
  if (job.flow.done < pieces) {
    return Error{.code = Errc::not_submitted, .message = "the device has not been given the last of it yet"};
  }
  const device::Mark last = pieces == 0 ? 0 : job.flow.marks[pieces - 1];
  if (last == 0) return {};
  ++job.flow.users;
  auto waiting = unlocked(mutex_, [&, mark = last] {
    return base::catching_bad_alloc([&] { return job.queue().make_wait(stream, mark); });
  });
  leave(job);
  return waiting;
}

void Pipeline::watch(Job& job, const std::function<void(const Progress&)>& tell) {
  const std::uint32_t all = job.pieces_of_all();
  std::uint64_t total = 0;
  for (const Piece& piece : job.pieces().pieces)
    total += piece.tensor_bytes;
  const MutexLock lock(mutex_);
  const Job::Flow& flow = job.flow;
  for (auto next = flow.started + between_reports;;) {
    if (flow.arrived < all && flow.error) return;
    const auto now = Job::Clock::now();
    if (flow.done < all && now < next) {
      job.flow.awaited = std::min(job.flow.awaited, all);
      progress_.wait_until(mutex_, next);
      continue;
    }
    next = now + between_reports;
    const Stage stage = flow.arrived == all ? Stage::finish : flow.done == all ? Stage::copy : Stage::read;
    unlocked(mutex_, [&, done = flow.report.moved.bytes] {
      tell({.stage = stage,
            .bytes_done = done,
            .bytes_total = total,
            .elapsed = now - flow.started,
            .device = job.device_number()});
    });
    if (stage == Stage::finish) return;
    if (stage == Stage::copy && !flow.error) (void)wait_for_mark(job, flow.marks[all - 1]);  // its job has the error
  }
}

void Pipeline::cancel(Job& job) {
  const MutexLock lock(mutex_);
  fail_locked(job, base::cancelled());
  give_back_unsubmitted(job);
}

void Pipeline::end(Job& job) {
  const MutexLock lock(mutex_);
  if (job.flow.done < job.pieces().pieces.size()) fail_locked(job, base::cancelled());
  job.flow.ending = true;
  while (job.flow.users != 0)
    progress_.wait(mutex_);
  Batch* const batch = job.flow.batch.get();
  if (batch) std::ranges::replace(batch->jobs, &job, nullptr);  // first: nobody may ask a queue that is being drained
  unlocked(mutex_, [&] { job.drain(); });
  release(job, Job::Flight::never);
  give_back_unsubmitted(job);
  if (batch && std::ranges::all_of(batch->jobs, [](const Job* other) { return other == nullptr; })) {
    std::erase(batches_, batch);
    unlocked(mutex_, [&] { job.evict(); });  // nobody reads the files any more
  }
  job.flow.batch.reset();
}

LoadReport Pipeline::report(const Job& job) const {
  const MutexLock lock(mutex_);
  LoadReport report = job.flow.report;
  report.warnings = job.warnings();
  if (!job.staged()) return report;
  report.staging_bytes = ring_.byte_count();
  report.warnings.insert(report.warnings.begin(), refusals_.begin(), refusals_.end());
  return report;
}

Trace Pipeline::trace(const Job& job) const {
  const MutexLock lock(mutex_);
  return *job.flow.trace;
}

std::byte* Pipeline::slot_at(std::uint32_t slot) const {
  return slot == no_slot ? nullptr : static_cast<std::byte*>(ring_.address()) + slot * slot_bytes;
}

void Pipeline::read_pieces(std::uint32_t reader) {
  io::Bounce bounce;
  for (Work work{.reader = reader}; take(work);) {
    work.begin = Job::Clock::now();
    auto filled = base::catching_bad_alloc([&] { return read(work, bounce); });
    finish(work, std::move(filled));
  }
}

// In the name of one job; where that one is stopped meanwhile, of another that wants the step.
Result<Job::Filled> Pipeline::read(Work& work, io::Bounce& bounce) {
  for (;;) {
    const std::stop_token stop = work.job->flow.stop.get_token();
    const Piece& piece = work.job->pieces().pieces[work.piece];
    auto filled = work.job->read(piece, slot_at(work.slot), bounce, stop);
    if (filled || !stop.stop_requested()) return filled;
    const MutexLock lock(mutex_);
    Job& stopped = *work.job;
    const Batch& batch = *stopped.flow.batch;
    const Delivery* const other = batch.wanted(work.step);
    if (!other) return filled;
    assign(work, batch, *other);
    leave(stopped);
  }
}

void Pipeline::assign(Work& work, const Batch& batch, const Delivery& delivery) {
  work.job = batch.taker(delivery);
  work.piece = delivery.piece;
  ++work.job->flow.users;
}

// The next step of a batch, and a slot for it. False when there will be no more.
bool Pipeline::take(Work& work) {
  const MutexLock lock(mutex_);
  constexpr Job::Clock::time_point never{};
  Job::Clock::time_point waiting_since = never;
  while (!closing_) {
    if (Batch* const batch = next_batch()) {
      const bool staged = batch->next_is_staged();
      assign(work, *batch, *batch->wanted(batch->next));
      work.step = batch->next++;
      work.slot = no_slot;
      if (staged) {
        work.slot = free_.back();
        free_.pop_back();
        users_of_[work.slot] = 1;  // the reader
        batch->began = true;
        ++batch->slots;
        ++batch->reading;
        if (waiting_since != never) work.job->flow.report.waiting_for_slots += Job::Clock::now() - waiting_since;
      }
      if (batch->began && !batch->skip_unwanted()) to_do_.notify_all();  // what was promised to it is free for others
      return true;
    }
    const bool wanting = anything_to_read();
    if (!wanting) waiting_since = never;
    else if (waiting_since == never) waiting_since = Job::Clock::now();
    if (!wanting || !ask_devices()) to_do_.wait(mutex_);
  }
  return false;
}

// The first that has a step to read and may do so.
Batch* Pipeline::next_batch() {
  for (Batch* batch : batches_) {
    if (batch->skip_unwanted() && (!batch->next_is_staged() || may_take_a_slot(*batch))) return batch;
  }
  return nullptr;
}

bool Pipeline::anything_to_read() const {
  return std::ranges::any_of(batches_, [](Batch* batch) { return batch->skip_unwanted(); });
}

bool Pipeline::may_take_a_slot(const Batch& batch) const {
  // What others still have to get of their own.
  std::size_t promised = 0;
  for (Batch* other : batches_) {
    if (other != &batch && other->began && other->slots < slots_of_its_own && other->skip_unwanted())
      promised += slots_of_its_own - other->slots;
  }
  if (batch.slots - batch.reading >= most_waiting_) return false;
  if (!batch.began) return free_.size() >= promised + slots_of_its_own;
  if (batch.slots < slots_of_its_own) return !free_.empty();
  // Beyond that, two are kept for whoever comes next, where there are enough for two batches at all.
  const bool room_for_two = users_of_.size() >= std::size_t{2} * slots_of_its_own;
  return free_.size() > promised + (room_for_two ? slots_of_its_own : 0);
}

// One reader asks, for all, which copies are done, and pauses where none is. False: another does that, or there is
// nothing to ask for, since every slot is being filled or waits for its turn.
bool Pipeline::ask_devices() {
  if (asking_) return false;
  asked_.clear();
  for (const Batch* batch : batches_) {
    for (Job* job : batch->jobs) {
      if (!job || job->flow.in_flight.empty()) continue;
      asked_.push_back(job);
      ++job->flow.users;
    }
  }
  if (asked_.empty()) return false;
  asking_ = true;
  const std::size_t free_before = free_.size();
  Job* dumb = nullptr;  // the first whose device can't say how far it is
  for (std::size_t i = 0; i < asked_.size(); ++i) {
    Job& job = *asked_[i];
    if (!ask(job) && !dumb) dumb = &job;
    else leave(job);
  }
  if (free_.size() != free_before) {
    pause_ = first_pause;
  } else {
    to_do_.wait_for(mutex_, pause_);
    pause_ = std::min<std::chrono::nanoseconds>(2 * pause_, last_pause);
  }
  asking_ = false;
  if (dumb) {  // others ask on meanwhile
    drain(*dumb);
    leave(*dumb);
  }
  if (next_batch()) to_do_.notify_one();  // this reader takes a slot: another is to ask
  return true;
}

// False: its device can't say how far it is.
bool Pipeline::ask(Job& job) {
  Job::Flow& flow = job.flow;
  if (flow.in_flight.empty()) return true;
  if (flow.drained || flow.in_flight.front().mark == Job::Flight::never) return false;
  auto reached = unlocked(mutex_, [&] { return base::catching_bad_alloc([&] { return job.queue().reached(); }); });
  const bool answered = static_cast<bool>(reached);
  if (answered) release(job, *reached);
  else fail_locked(job, std::move(reached).error());
  return answered;
}

// Other jobs may be waiting for the slots of one whose device can't say how far it is.
void Pipeline::drain(Job& job) {
  if (job.flow.users != 1 || job.flow.drained) return;  // not while somebody else uses the queue: later
  job.flow.drained = true;
  unlocked(mutex_, [&] { job.drain(); });
  release(job, Job::Flight::never);
}

void Pipeline::finish(const Work& work, Result<Job::Filled> read) {
  const auto now = Job::Clock::now();
  const MutexLock lock(mutex_);
  const bool staged = work.slot != no_slot;
  Batch& batch = *work.job->flow.batch;
  LoadReport& report = work.job->flow.report;
  report.reading += now - work.begin;
  if (read) {
    report.moved.bytes_read += read->cost.bytes;
    report.moved.requests += read->cost.requests;
    report.moved.padding_bytes += read->cost.padding;
  }
  if (staged) --batch.reading;
  const std::span<const Delivery> deliveries = batch.deliveries_of(work.step);
  for (const Delivery& delivery : deliveries) {
    Job* const job = batch.taker(delivery);
    if (!job || read) continue;
    ++job->flow.users;
    fail_locked(*job, copy_of(read.error()));
    leave(*job);  // gives back what else it has read
  }
  // All before the first is submitted, which gives up the lock.
  for (const auto& [plan, piece] : deliveries) {
    Job* const job = batch.taker({plan, piece});
    if (!job) continue;
    if (job->flow.trace) {
      job->flow.trace->begin_read(piece, work.begin);
      job->flow.trace->add(Trace::Lane::reader, work.reader, piece, work.begin, now);
    }
    job->flow.begins[piece] = read->begin;
    job->flow.filled[piece] = staged ? static_cast<std::int32_t>(work.slot) : Job::Flow::in_place;
    if (staged) ++users_of_[work.slot];
  }
  for (const Delivery& delivery : deliveries) {
    Job* const job = batch.taker(delivery);
    if (!job) continue;
    ++job->flow.users;
    submit_in_order(*job);
    leave(*job);
  }
  if (staged) give_back(*work.job, work.slot);
  leave(*work.job);
}

void Pipeline::submit_in_order(Job& job) {
  Job::Flow& flow = job.flow;
  if (flow.submitting) return;
  flow.submitting = true;
  while (!flow.error && flow.done < flow.filled.size() && flow.filled[flow.done] != Job::Flow::not_read) {
    if (flow.filled[flow.done] == Job::Flow::in_place) {
      flow.marks[flow.done] = flow.done == 0 ? 0 : flow.marks[flow.done - 1];
      advance(job);
      continue;
    }
    const Piece& piece = job.pieces().pieces[flow.done];
    const auto slot = static_cast<std::uint32_t>(flow.filled[flow.done]);
    const auto begin = Job::Clock::now();
    const std::byte* const from = slot_at(slot) + flow.begins[flow.done];
    auto submitted =
        unlocked(mutex_, [&] { return base::catching_bad_alloc([&] { return job.submit(piece, from); }); });
    flow.filled[flow.done] = Job::Flow::not_read;
    if (!submitted) {  // the device may have been given some of it: the slot comes back behind that
      auto mark = unlocked(mutex_, [&] { return base::catching_bad_alloc([&] { return job.queue().mark(); }); });
      flow.in_flight.push_back({.mark = mark ? *mark : Job::Flight::never, .slot = slot, .piece = flow.done});
      fail_locked(job, std::move(submitted).error());
      break;
    }
    const auto now = Job::Clock::now();
    flow.report.submitting += now - begin;
    flow.report.copies += submitted->copies;
    if (!asking_ && anything_to_read()) to_do_.notify_one();  // there is something to ask for
    flow.in_flight.push_back({.mark = submitted->mark, .slot = slot, .piece = flow.done, .submitted = now});
    flow.marks[flow.done] = submitted->mark;
    advance(job);
  }
  flow.submitting = false;
}

// The next piece is there, or queued.
void Pipeline::advance(Job& job) {
  Job::Flow& flow = job.flow;
  flow.report.moved.bytes += job.pieces().pieces[flow.done++].tensor_bytes;
  if (flow.in_flight.empty()) arrive(job, flow.done);
  if (flow.done < flow.awaited) return;  // waking a thread for each piece costs some 5 % of a load
  flow.awaited = Job::Flow::nobody;
  progress_.notify_all();
}

// So many pieces are there, from the first on.
void Pipeline::arrive(Job& job, std::uint32_t pieces) {
  Job::Flow& flow = job.flow;
  pieces = std::min(pieces, flow.done);  // a copy that failed is in flight, too
  const auto reaches = [&](std::uint32_t wanted) { return flow.arrived < wanted && pieces >= wanted; };
  const auto elapsed = Job::Clock::now() - flow.started;
  if (reaches(job.pieces_of_first())) flow.report.first_tensor = elapsed;
  if (reaches(job.pieces_of_all())) flow.report.total = elapsed;
  flow.arrived = std::max(flow.arrived, pieces);
}

// The job has done with it.
void Pipeline::give_back(Job& job, std::uint32_t slot) {
  if (--users_of_[slot] != 0) return;
  free_.push_back(slot);
  --job.flow.batch->slots;
  to_do_.notify_all();
}

void Pipeline::fail_locked(Job& job, Error error) {
  if (!job.flow.error) job.flow.error = std::move(error);
  // Sources have their own code run by it, which may come back here.
  unlocked(mutex_, [stop = job.flow.stop]() mutable { stop.request_stop(); });
  progress_.notify_all();
  to_do_.notify_all();  // it wants no slots any more
}

void Pipeline::release(Job& job, device::Mark reached) {
  Job::Flow& flow = job.flow;
  const auto now = Job::Clock::now();
  const auto later =
      std::ranges::find_if(flow.in_flight, [&](const Job::Flight& flight) { return flight.mark > reached; });
  for (auto flight = flow.in_flight.begin(); flight != later; ++flight) {
    if (flow.trace) {
      flow.trace->add(Trace::Lane::queue, 0, flight->piece, flight->submitted, now);
      flow.trace->add(Trace::Lane::slot, flight->slot, flight->piece, flow.trace->read_began(flight->piece), now);
    }
    give_back(job, flight->slot);
    if (reached != Job::Flight::never) arrive(job, flight->piece + 1);
  }
  flow.in_flight.erase(flow.in_flight.begin(), later);
  if (reached != Job::Flight::never && flow.in_flight.empty()) arrive(job, flow.done);
}

void Pipeline::leave(Job& job) {
  --job.flow.users;
  if (job.flow.error) give_back_unsubmitted(job);
  if (job.flow.ending) progress_.notify_all();
}

// What was read for a job that failed goes nowhere any more. Copies that the device was given end by themselves.
void Pipeline::give_back_unsubmitted(Job& job) {
  if (job.flow.submitting || !job.staged()) return;
  for (std::int32_t& slot : job.flow.filled) {
    if (slot >= 0) give_back(job, static_cast<std::uint32_t>(slot));
    slot = Job::Flow::not_read;
  }
}

}  // namespace hoist::transfer
