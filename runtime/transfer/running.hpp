// What stands behind a Transfer: a job, for as long as the pipeline knows it.
#pragma once

#include <functional>

#include "transfer/pipeline.hpp"

namespace hoist::transfer {

struct Running {
  // Before the job is started: what was cancelled by then never begins. Throws std::system_error where progress is to
  // be told and no thread is to be had.
  Running(std::shared_ptr<Pipeline> pipeline_, std::shared_ptr<Job> job_, const LoadOptions& options)
      : pipeline(std::move(pipeline_)), job(std::move(job_)) {
    cancel.emplace(options.stop, [this] { pipeline->cancel(*job); });
    if (!options.on_progress) return;
    try {
      watcher = std::thread([this, tell = options.on_progress] { pipeline->watch(*job, tell); });
    } catch (...) {
      cancel.reset();
      pipeline->end(*job);
      throw;
    }
  }
  ~Running() {
    cancel.reset();  // first: it uses the job
    if (watcher.joinable()) {
      pipeline->cancel(*job);
      watcher.join();
    }
    pipeline->end(*job);
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  Result<void> wait(std::uint32_t pieces) const { return pipeline->wait(*job, pieces); }

  // How many pieces must be there until the tensor is. missing_tensor.
  Result<std::uint32_t> pieces_of(std::string_view name) const;
  std::uint32_t pieces_of(Plan::Group group) const;

  std::shared_ptr<Pipeline> pipeline;
  std::shared_ptr<Job> job;
  std::optional<std::stop_callback<std::function<void()>>> cancel{};
  std::thread watcher{};
};

struct TransferAccess {
  // `after`: a stream that the copies follow, or null.
  static Result<Transfer> start(Loader& loader, const Plan& plan, const LoadOptions& options,
                                device::NativeStream after);
  // Plans for the loader's devices, from the numbered one on.
  static Result<std::vector<Transfer>> start(Loader& loader, std::span<const Plan> plans, std::size_t first_device,
                                             const LoadOptions& options, device::NativeStream after);
  static std::unique_ptr<Running>& running(Transfer& transfer) { return transfer.running_; }
  static const Running& running(const Transfer& transfer) { return *transfer.running_; }
  static std::shared_ptr<const Job>& job(LoadedTensors& tensors) { return tensors.job_; }
};

}  // namespace hoist::transfer
