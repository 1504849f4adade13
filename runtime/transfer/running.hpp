// What stands behind a Transfer: a job, for as long as the pipeline knows it.
#pragma once

#include <functional>

#include "transfer/pipeline.hpp"

namespace hoist::transfer {

struct Running {
  Running(std::shared_ptr<Pipeline> pipeline_, std::shared_ptr<Job> job_, const std::stop_token& stop)
      : pipeline(std::move(pipeline_)), job(std::move(job_)) {
    cancel.emplace(stop, [this] { pipeline->cancel(*job); });  // first: what was cancelled before never begins
    pipeline->start(*job);
  }
  ~Running() {
    cancel.reset();  // first: it uses the job
    pipeline->end(*job);
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  Result<void> wait(std::uint32_t pieces) const { return pipeline->wait(*job, pieces); }

  std::uint32_t pieces_of_all() const { return static_cast<std::uint32_t>(job->pieces().pieces.size()); }
  // How many pieces must be there until the tensor is. missing_tensor.
  Result<std::uint32_t> pieces_of(std::string_view name) const;
  std::uint32_t pieces_of(Plan::Group group) const;

  std::shared_ptr<Pipeline> pipeline;
  std::shared_ptr<Job> job;
  std::optional<std::stop_callback<std::function<void()>>> cancel{};
};

struct TransferAccess {
  // `after`: a stream that the copies follow, or null.
  static Result<Transfer> start(Loader& loader, const Plan& plan, const LoadOptions& options,
                                device::NativeStream after);
  static std::unique_ptr<Running>& running(Transfer& transfer) { return transfer.running_; }
  static const Running& running(const Transfer& transfer) { return *transfer.running_; }
  static std::shared_ptr<const Job>& job(LoadedTensors& tensors) { return tensors.job_; }
};

}  // namespace hoist::transfer
