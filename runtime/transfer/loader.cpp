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
  return base::catching_bad_alloc([&]() -> Result<Loader> {
    auto pipeline = transfer::Pipeline::make(DeviceAccess::backend(device), options);
    if (!pipeline) return std::move(pipeline).error();
    return Loader(std::move(pipeline).value());
  });
}

Result<Transfer> Loader::start(const Plan& plan, LoadOptions options) {
  return transfer::TransferAccess::start(*this, plan, options, nullptr);
}

Result<Transfer> transfer::TransferAccess::start(Loader& loader, const Plan& plan, const LoadOptions& options,
                                                 device::NativeStream after) {
  return base::catching_bad_alloc([&]() -> Result<Transfer> {
    const PlanState& state = PlanAccess::state(plan);
    if (state.arena_bytes > options.max_device_bytes) {
      return Error{.code = Errc::over_budget,
                   .message = "the plan takes " + base::grouped(state.arena_bytes) +
                              " bytes of device memory, allowed are " + base::grouped(options.max_device_bytes)};
    }
    const std::shared_ptr<Pipeline>& pipeline = loader.pipeline_;
    const bool staged = options.staging == Staging::always || !pipeline->host_can_write();
    auto job = Job::make(state, pipeline->device(), staged);
    if (!job) return std::move(job).error();
    if (after) {
      if (auto follows = (*job)->follow(after); !follows) return std::move(follows).error();
    }
    (*job)->begin(options.trace);
    try {
      return Transfer(std::make_unique<Running>(pipeline, std::move(job).value(), options));
    } catch (const std::system_error& problem) {
      return base::system_error(problem.code().value(), "start a thread");
    }
  });
}

}  // namespace hoist
