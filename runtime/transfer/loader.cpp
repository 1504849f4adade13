#include "hoist/loader.hpp"

#include <system_error>

#include "base/assert.hpp"
#include "base/error.hpp"
#include "device/device_access.hpp"
#include "transfer/running.hpp"

namespace hoist {

namespace transfer {

Result<std::uint32_t> Running::pieces_of(std::string_view name) const {
  if (const auto pieces = job->pieces_until(name)) return *pieces;
  return Error{.code = Errc::missing_tensor, .message = "the transfer has no such tensor", .tensor = std::string(name)};
}

std::uint32_t Running::pieces_of(Plan::Group group) const {
  const auto& groups = job->pieces().group_needs;
  HOIST_ASSERT(group < groups.size());
  return groups[group];
}

}  // namespace transfer

LoadedTensors::LoadedTensors(std::shared_ptr<const transfer::Job> job) : job_(std::move(job)) {}
LoadedTensors::LoadedTensors(LoadedTensors&&) noexcept = default;
LoadedTensors& LoadedTensors::operator=(LoadedTensors&&) noexcept = default;
LoadedTensors::~LoadedTensors() = default;

std::span<const DeviceTensor> LoadedTensors::tensors() const noexcept {
  return job_ ? job_->tensors() : std::span<const DeviceTensor>();
}
const DeviceTensor* LoadedTensors::find(std::string_view name) const noexcept {
  return job_ ? job_->find(name) : nullptr;
}

Transfer::Transfer(std::unique_ptr<transfer::Running> running) : running_(std::move(running)) {}
Transfer::Transfer(Transfer&&) noexcept = default;
Transfer& Transfer::operator=(Transfer&&) noexcept = default;
Transfer::~Transfer() = default;

std::span<const DeviceTensor> Transfer::tensors() const noexcept { return running_->job->tensors(); }
const DeviceTensor* Transfer::find(std::string_view name) const noexcept { return running_->job->find(name); }

Result<void> Transfer::wait() const { return running_->wait(running_->job->pieces_of_all()); }

Result<void> Transfer::wait(std::string_view name) const {
  const auto pieces = running_->pieces_of(name);
  if (!pieces) return pieces.error();
  return running_->wait(*pieces);
}

Result<void> Transfer::wait(Plan::Group group) const { return running_->wait(running_->pieces_of(group)); }

Result<void> Transfer::write_trace(const std::filesystem::path& path) const {
  const transfer::Job& job = *running_->job;
  HOIST_ASSERT(job.traced());
  return base::catching_bad_alloc([&] { return running_->pipeline->trace(job).write(path, job.named_pieces()); });
}

LoadReport Transfer::report() const { return running_->pipeline->report(*running_->job); }

Result<LoadedTensors> Transfer::take() && {
  if (auto done = wait(); !done) return std::move(done).error();
  const std::shared_ptr<transfer::Job> job = running_->job;
  running_.reset();
  job->let_go_of_files();
  return LoadedTensors(job);
}

Loader::Loader(std::shared_ptr<transfer::Pipeline> pipeline) : pipeline_(std::move(pipeline)) {}

Result<Loader> Loader::create(Device device, LoaderOptions options) {
  return base::catching_bad_alloc([&] { return create(std::vector{std::move(device)}, options); });
}

Result<Loader> Loader::create(std::vector<Device> devices, LoaderOptions options) {
  HOIST_ASSERT(!devices.empty());
  return base::catching_bad_alloc([&]() -> Result<Loader> {
    transfer::Pipeline::Devices backends;
    for (const Device& device : devices)
      backends.push_back(DeviceAccess::backend(device));
    auto pipeline = transfer::Pipeline::make(std::move(backends), options);
    if (!pipeline) return std::move(pipeline).error();
    return Loader(std::move(pipeline).value());
  });
}

Result<Transfer> Loader::start(const Plan& plan, LoadOptions options) {
  return transfer::TransferAccess::start(*this, plan, options, nullptr);
}

Result<std::vector<Transfer>> Loader::start(std::span<const Plan> plans, LoadOptions options) {
  return transfer::TransferAccess::start(*this, plans, 0, options, nullptr);
}

namespace transfer {

Result<Transfer> TransferAccess::start(Loader& loader, const Plan& plan, const LoadOptions& options,
                                       device::NativeStream after) {
  auto started = start(loader, {&plan, 1}, options.device, options, after);
  if (!started) return std::move(started).error();
  return std::move(started->front());
}

Result<std::vector<Transfer>> TransferAccess::start(Loader& loader, std::span<const Plan> plans,
                                                    std::size_t first_device, const LoadOptions& options,
                                                    device::NativeStream after) {
  const std::shared_ptr<Pipeline>& pipeline = loader.pipeline_;
  const Pipeline::Devices& devices = pipeline->devices();
  HOIST_ASSERT(first_device <= devices.size() && plans.size() <= devices.size() - first_device);
  return base::catching_bad_alloc([&]() -> Result<std::vector<Transfer>> {
    if (plans.empty()) return std::vector<Transfer>();
    const auto of_plan = [&](std::size_t i, Error error) {
      if (plans.size() > 1) error.message = "plan " + std::to_string(i) + ": " + error.message;
      return error;
    };
    std::vector<const PlanState*> states;
    for (std::size_t i = 0; i < plans.size(); ++i) {
      states.push_back(&PlanAccess::state(plans[i]));
      if (const std::uint64_t bytes = states.back()->arena_bytes; bytes > options.max_device_bytes) {
        return of_plan(i, {.code = Errc::over_budget,
                           .message = "it takes " + base::grouped(bytes) + " bytes of device memory, allowed are " +
                                      base::grouped(options.max_device_bytes)});
      }
    }
    const auto batch = std::make_shared<Batch>();
    batch->schedule = schedule(states);
    std::vector<bool> shares(plans.size());
    for (const Step& step : batch->schedule.steps) {
      for (const Delivery& delivery : batch->schedule.deliveries_of(step))
        if (step.delivery_count > 1) shares[delivery.plan] = true;
    }
    const auto sources = std::make_shared<const Sources>(states, options.cache, options.evict_after);
    std::vector<std::shared_ptr<Job>> jobs;
    for (std::size_t i = 0; i < plans.size(); ++i) {
      const std::size_t device = first_device + i;
      auto job = Job::make(*states[i], std::move(batch->schedule.pieces[i]),
                           {.device = devices[device], .number = device, .shared = shares[i]}, sources, options);
      if (!job) return of_plan(i, std::move(job).error());
      if (after) {
        if (auto follows = (*job)->follow(after); !follows) return std::move(follows).error();
      }
      jobs.push_back(std::move(job).value());
      batch->jobs.push_back(jobs.back().get());
    }
    std::vector<Transfer> transfers;
    transfers.reserve(jobs.size());
    try {
      for (const std::shared_ptr<Job>& job : jobs) {
        job->begin(options.trace);
        transfers.push_back(Transfer(std::make_unique<Running>(pipeline, job, options)));
      }
    } catch (const std::system_error& problem) {
      return base::system_error(problem.code().value(), "start a thread");
    }
    pipeline->start(batch);
    return transfers;
  });
}

}  // namespace transfer

}  // namespace hoist
