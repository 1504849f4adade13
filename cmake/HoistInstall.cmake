# Install rules: library, headers, the package config for find_package, and hoist.pc for pkg-config. The prefix may be
# moved afterwards.
include(CMakePackageConfigHelpers)
set(hoist_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/hoist)
set(hoist_pkgconfig_dir ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

install(
  TARGETS hoist
  EXPORT hoistTargets
  FILE_SET HEADERS
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT hoistTargets NAMESPACE hoist:: DESTINATION ${hoist_package_dir})

# Apart, since a static hoist::cuda needs the toolkit's runtime where it is linked, and hoist::hoist needs none.
if(TARGET hoist_cuda)
  install(
    TARGETS hoist_cuda
    EXPORT hoistCudaTargets
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
  install(EXPORT hoistCudaTargets NAMESPACE hoist:: DESTINATION ${hoist_package_dir})
endif()

configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/hoistConfig.cmake.in ${PROJECT_BINARY_DIR}/hoistConfig.cmake
                              INSTALL_DESTINATION ${hoist_package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/hoistConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/hoistConfig.cmake ${PROJECT_BINARY_DIR}/hoistConfigVersion.cmake
        DESTINATION ${hoist_package_dir})

file(RELATIVE_PATH hoist_prefix_from_pkgconfig /prefix/${hoist_pkgconfig_dir} /prefix)
configure_file(${CMAKE_CURRENT_LIST_DIR}/hoist.pc.in ${PROJECT_BINARY_DIR}/hoist.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/hoist.pc DESTINATION ${hoist_pkgconfig_dir})

if(TARGET hoist_command)
  if(BUILD_SHARED_LIBS)
    file(RELATIVE_PATH hoist_lib_from_bin /prefix/${CMAKE_INSTALL_BINDIR} /prefix/${CMAKE_INSTALL_LIBDIR})
    set_target_properties(hoist_command PROPERTIES INSTALL_RPATH "$ORIGIN/${hoist_lib_from_bin}")
  endif()
  install(TARGETS hoist_command RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
