# Install rules: library, headers, the package config for find_package, and hoist.pc for pkg-config.
include(CMakePackageConfigHelpers)

install(
  TARGETS hoist
  EXPORT hoistTargets
  FILE_SET HEADERS
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT hoistTargets NAMESPACE hoist:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/hoist)

configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/hoistConfig.cmake.in ${PROJECT_BINARY_DIR}/hoistConfig.cmake
                              INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/hoist)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/hoistConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/hoistConfig.cmake ${PROJECT_BINARY_DIR}/hoistConfigVersion.cmake
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/hoist)

configure_file(${CMAKE_CURRENT_LIST_DIR}/hoist.pc.in ${PROJECT_BINARY_DIR}/hoist.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/hoist.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

if(TARGET hoist_command)
  install(TARGETS hoist_command RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
