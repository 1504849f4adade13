#include "hoist/loader.hpp"

#include <functional>

#include "base/assert.hpp"
#include "base/error.hpp"
#include "device/device_access.hpp"
#include "transfer/pipeline.hpp"

namespace hoist {

namespace transfer {

// A job, for as long as the pipeline knows it.
struct Running {
  Running(std::shared_ptr<Pipeline> pipeline_, std::shared_ptr<Job> job_, const std::stop_token& stop)
      : pipeline(std::move(pipeline_)), job(std::move(job_)) {
    pipeline->start(*job);
    cancel.emplace(stop, [this] { pipeline->cancel(*job); });
  }
  ~Running() {
    cancel.reset();  // first: it uses the job
    pipeline->end(*job);
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  Result<void> wait(std::uint32_t pieces) const { return pipeline->wait(*job, pieces); }

  std::shared_ptr<Pipeline> pipeline;
  std::shared_ptr<Job> job;
  std::optional<std::stop_callback<std::function<void()>>> cancel{};
};

}  // namespace transfer

LoadedTensors::LoadedTensors(std::shared_ptr<const transfer::Job> job) : job_(std::move(job)) {}
LoadedTensors::LoadedTensors(LoadedTensors&&) noexcept = default;
LoadedTensors& LoadedTensors::operator=(LoadedTensors&&) noexcept = default;
LoadedTensors::~LoadedTensors() = default;

std::span<const DeviceTensor> LoadedTensors::tensors() const noexcept { return job_->tensors(); }
const DeviceTensor* LoadedTensors::find(std::string_view name) const noexcept { return job_->find(name); }

Transfer::Transfer(std::unique_ptr<transfer::Running> running) : running_(std::move(running)) {}
Transfer::Transfer(Transfer&&) noexcept = default;
Transfer& Transfer::operator=(Transfer&&) noexcept = default;
Transfer::~Transfer() = default;

std::span<const DeviceTensor> Transfer::tensors() const noexcept { return running_->job->tensors(); }
const DeviceTensor* Transfer::find(std::string_view name) const noexcept { return running_->job->find(name); }

Result<void> Transfer::wait() const {
  return running_->wait(static_cast<std::uint32_t>(running_->job->pieces().pieces.size()));
}

Result<void> Transfer::wait(std::string_view name) const {
  const auto pieces = running_->job->pieces_until(name);
  if (!pieces) {
    return Error{
        .code = Errc::missing_tensor, .message = "the transfer has no such tensor", .tensor = std::string(name)};
  }
  return running_->wait(*pieces);
}

Result<void> Transfer::wait(Plan::Group group) const {
  const auto& groups = running_->job->pieces().group_needs;
  HOIST_ASSERT(group < groups.size());
  return running_->wait(groups[group]);
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
  return base::catching_bad_alloc([&]() -> Result<Loader> {
    auto pipeline = transfer::Pipeline::make(DeviceAccess::backend(device), options);
    if (!pipeline) return std::move(pipeline).error();
    return Loader(std::move(pipeline).value());
  });
}

Result<Transfer> Loader::start(const Plan& plan, LoadOptions options) {
  return base::catching_bad_alloc([&]() -> Result<Transfer> {
    const transfer::PlanState& state = transfer::PlanAccess::state(plan);
    if (state.arena_bytes > options.max_device_bytes) {
      return Error{.code = Errc::over_budget,
                   .message = "the plan takes " + base::grouped(state.arena_bytes) +
                              " bytes of device memory, allowed are " + base::grouped(options.max_device_bytes)};
    }
    const bool staged = options.staging == Staging::always || !pipeline_->host_can_write();
    auto job = transfer::Job::make(state, pipeline_->device(), staged);
    if (!job) return std::move(job).error();
    return Transfer(std::make_unique<transfer::Running>(pipeline_, std::move(job).value(), options.stop));
  });
}

}  // namespace hoist
