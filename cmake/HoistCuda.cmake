# HOIST_CUDA: whether hoist::cuda is built. Where there is no toolkit, its objects are still built for the tests, which
# link them with a fake runtime, if build/venv has CUDA's headers (tools/test puts them there).
set(HOIST_CUDA AUTO CACHE STRING "Build hoist::cuda: AUTO (where the CUDA toolkit is found), ON, OFF")
set_property(CACHE HOIST_CUDA PROPERTY STRINGS AUTO ON OFF)

set(hoist_cuda_toolkit 12.5) # cudaGetDriverEntryPointByVersion
if(HOIST_CUDA STREQUAL "AUTO")
  find_package(CUDAToolkit ${hoist_cuda_toolkit} QUIET)
elseif(HOIST_CUDA)
  find_package(CUDAToolkit ${hoist_cuda_toolkit} REQUIRED)
endif()

set(hoist_cuda_headers "")
if(HOIST_CUDA AND TARGET CUDA::cudart_static)
  set(hoist_cuda_headers ${CUDAToolkit_INCLUDE_DIRS})
  message(STATUS "hoist::cuda: CUDA ${CUDAToolkit_VERSION}")
elseif(HOIST_CUDA)
  file(GLOB hoist_cuda_headers ${PROJECT_SOURCE_DIR}/build/venv/lib/python3*/site-packages/nvidia/cu13/include)
  message(STATUS "hoist::cuda: not built, there is no CUDA toolkit ${hoist_cuda_toolkit} or newer")
  if(HOIST_BUILD_TESTS AND NOT hoist_cuda_headers)
    message(STATUS "hoist::cuda: its tests are left out, there are no CUDA headers in build/venv (see tools/test)")
  endif()
endif()
