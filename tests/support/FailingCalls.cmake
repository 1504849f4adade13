# target_link_libraries(TEST PRIVATE hoist_failing_calls): system calls of the library that a test can let fail.
if(NOT TARGET hoist_failing_calls)
  add_library(hoist_failing_calls INTERFACE)
  target_sources(hoist_failing_calls INTERFACE ${CMAKE_CURRENT_LIST_DIR}/failing_calls.cpp)
  foreach(call open fcntl fstat pread preadv mmap madvise posix_fadvise
          openat fallocate ftruncate pwrite fchmod fsync close renameat2 linkat unlinkat)
    target_link_options(hoist_failing_calls INTERFACE -Wl,--wrap=${call})
  endforeach()
endif()
