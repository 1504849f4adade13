#include "cuda/cuda_error.hpp"

namespace hoist::cuda {
namespace {

Errc code_of(cudaError_t status) {
  if (is_sticky(status)) return Errc::device_lost;
  switch (status) {
    case cudaErrorMemoryAllocation: return Errc::out_of_memory;
    case cudaErrorInvalidResourceHandle: return Errc::wrong_device;  // a stream of another device
    case cudaErrorInitializationError:
    case cudaErrorStubLibrary:
    case cudaErrorInsufficientDriver:
    case cudaErrorCallRequiresNewerDriver:
    case cudaErrorDevicesUnavailable:
    case cudaErrorNoDevice:
    case cudaErrorInvalidDevice:
    case cudaErrorDeviceNotLicensed:
    case cudaErrorStartupFailure:
    case cudaErrorSystemNotReady:
    case cudaErrorSystemDriverMismatch:
    case cudaErrorCompatNotSupportedOnDevice:
    case cudaErrorMpsConnectionFailed:
    case cudaErrorMpsRpcFailure:
    case cudaErrorMpsServerNotReady:
    case cudaErrorMpsMaxClientsReached:
    case cudaErrorMpsMaxConnectionsReached: return Errc::device_unavailable;
    default: return Errc::io_error;
  }
}

}  // namespace

// Those after which, by CUDA's documentation, the process must be relaunched; faults of the hardware, which are seen to
// behave so too; and what says that there is no context or no runtime any more.
bool is_sticky(cudaError_t status) noexcept {
  switch (status) {
#if CUDART_VERSION >= 12080
    case cudaErrorContained:
    case cudaErrorTensorMemoryLeak:
#endif
    case cudaErrorIllegalAddress:
    case cudaErrorLaunchTimeout:
    case cudaErrorAssert:
    case cudaErrorHardwareStackError:
    case cudaErrorIllegalInstruction:
    case cudaErrorMisalignedAddress:
    case cudaErrorInvalidAddressSpace:
    case cudaErrorInvalidPc:
    case cudaErrorLaunchFailure:
    case cudaErrorMpsClientTerminated:
    case cudaErrorExternalDevice:
    case cudaErrorECCUncorrectable:
    case cudaErrorNvlinkUncorrectable:
    case cudaErrorDeviceUninitialized:
    case cudaErrorContextIsDestroyed:
    case cudaErrorCudartUnloading: return true;
    default: return false;
  }
}

Error cuda_error(cudaError_t status, std::string_view call) {
  return {.code = code_of(status),
          .message = std::string(call) + ": " + cudaGetErrorString(status) + " (" + cudaGetErrorName(status) + ")",
          .system_code = static_cast<int>(status)};
}

}  // namespace hoist::cuda
