#include "cuda/context.hpp"

#include <system_error>
#include <thread>

namespace hoist::cuda {
namespace {

// The driver counts its errors as the runtime does, since CUDA 10.1.
cudaError_t as_runtime(CUresult result) { return static_cast<cudaError_t>(result); }

std::string version_text(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

// Before there is a context, whatever fails means that there will be none.
Error unavailable(cudaError_t status, std::string_view call) {
  Error error = cuda_error(status, call);
  if (error.code != Errc::out_of_memory) error.code = Errc::device_unavailable;
  int driver = 0;
  if (status == cudaErrorInsufficientDriver && cudaDriverGetVersion(&driver) == cudaSuccess) {
    error.message = driver == 0 ? "no CUDA driver is installed"
                                : "the CUDA driver is made for " + version_text(driver) + ", too old for " +
                                      version_text(CUDART_VERSION);
  }
  return error;
}

}  // namespace

Result<Context::Driver> Context::find_driver() {
  constexpr unsigned any_cuda_12 = 12000;  // both are older
  Driver driver;
  const auto find = [](const char* symbol, auto& function) -> Result<void> {
    void* found = nullptr;
    cudaDriverEntryPointQueryResult said{};
    const cudaError_t status = cudaGetDriverEntryPointByVersion(symbol, &found, any_cuda_12, cudaEnableDefault, &said);
    if (status != cudaSuccess) return unavailable(status, "cudaGetDriverEntryPointByVersion");
    if (!found) return Error{.code = Errc::device_unavailable, .message = "the driver lacks " + std::string(symbol)};
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(found);
    return {};
  };
  if (auto found = find("cuCtxGetCurrent", driver.get); !found) return std::move(found).error();
  if (auto found = find("cuCtxSetCurrent", driver.set); !found) return std::move(found).error();
  return driver;
}

// On a thread of its own: what cudaSetDevice does to a thread stays, even where the context is taken from it again.
Result<std::shared_ptr<Context>> Context::make(int ordinal) {
  Result<std::shared_ptr<Context>> made = std::shared_ptr<Context>();
  try {
    std::thread([&] { made = base::catching_bad_alloc([&] { return make_here(ordinal); }); }).join();
  } catch (const std::system_error& problem) {
    return base::system_error(problem.code().value(), "start a thread");
  }
  return made;
}

Result<std::shared_ptr<Context>> Context::make_here(int ordinal) {
  int count = 0;
  if (const cudaError_t status = cudaGetDeviceCount(&count); status != cudaSuccess) {
    return unavailable(status, "cudaGetDeviceCount");
  }
  if (ordinal < 0 || ordinal >= count) {
    return Error{.code = Errc::device_unavailable,
                 .message = "there is no cuda:" + std::to_string(ordinal) + "; the driver shows " +
                            std::to_string(count) + (count == 1 ? " device" : " devices"),
                 .system_code = cudaErrorInvalidDevice};
  }
  const auto driver = find_driver();
  if (!driver) return driver.error();
  cudaDeviceProp properties{};
  if (const cudaError_t status = cudaGetDeviceProperties(&properties, ordinal); status != cudaSuccess) {
    return unavailable(status, "cudaGetDeviceProperties");
  }
  CUcontext primary = nullptr;
  if (const cudaError_t status = cudaSetDevice(ordinal); status != cudaSuccess) {
    return unavailable(status, "cudaSetDevice");
  }
  if (const CUresult result = driver->get(&primary); result != CUDA_SUCCESS) {
    return unavailable(as_runtime(result), "cuCtxGetCurrent");
  }
  if (!primary) return Error{.code = Errc::device_unavailable, .message = "cudaSetDevice has made no context"};
  return std::shared_ptr<Context>(
      new Context(*driver, primary, "cuda:" + std::to_string(ordinal) + " " + properties.name));
}

Context::Current::Current(Context& context) noexcept : context_(context) {
  if (context.lost()) return;
  CUresult result = context.driver_.get(&before_);
  if (result == CUDA_SUCCESS && before_ != context.primary_) result = context.driver_.set(context.primary_);
  ready_ = result == CUDA_SUCCESS;
  if (!ready_) context.lose(as_runtime(result));  // it is gone: nothing can be done in it
}

Context::Current::~Current() {
  if (ready_ && before_ != context_.primary_) (void)context_.driver_.set(before_);
}

Result<void> Context::check(cudaError_t status, std::string_view call) {
  if (status == cudaSuccess) return {};
  ignore(status);
  if (lost() && !is_sticky(status)) return lost_error();
  return cuda_error(status, call);
}

void Context::ignore(cudaError_t status) noexcept {
  if (status == cudaSuccess) return;
  (void)cudaGetLastError();
  const cudaError_t still = cudaPeekAtLastError();  // what can't be cleared is sticky, whatever it is called
  if (is_sticky(status)) lose(status);
  else if (still != cudaSuccess) lose(still);
}

bool Context::not_ready(cudaError_t status) noexcept {
  if (status != cudaErrorNotReady) return false;
  (void)cudaGetLastError();
  return true;
}

void Context::lose(cudaError_t status) noexcept {
  cudaError_t none = cudaSuccess;
  lost_.compare_exchange_strong(none, status);
}

Error Context::lost_error() const {
  Error error = cuda_error(lost_, "the device was lost");
  error.code = Errc::device_lost;
  return error;
}

}  // namespace hoist::cuda
