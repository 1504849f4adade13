# Settings that every target of this project shares; none of them reaches a consumer.
include(GNUInstallDirs)

if(PROJECT_IS_TOP_LEVEL AND NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release)
endif()

add_library(hoist_settings INTERFACE)
target_compile_features(hoist_settings INTERFACE cxx_std_20)
# designated initialisers leave out fields on purpose: every field of an options struct has a default
target_compile_options(hoist_settings INTERFACE -Wall -Wextra -Wpedantic -Wno-missing-field-initializers
                                                $<$<CXX_COMPILER_ID:Clang>:-Wthread-safety>)
# GCC 12 sees overlaps in every std::string operator+ and insert (GCC bug 105651)
target_compile_options(hoist_settings INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>)
# std::stable_sort of libstdc++ 12 uses what it deprecates itself; clang says so where GCC does not
target_compile_options(hoist_settings INTERFACE $<$<CXX_COMPILER_ID:Clang>:-Wno-deprecated-declarations>)
if(HOIST_ASSERTIONS)
  target_compile_definitions(hoist_settings INTERFACE HOIST_ASSERTIONS)
endif()
