# What `cmake --install` puts where: the library, its headers, the CLI, and the two ways in which
# other builds find them, find_package(holysheep) and pkg-config. Everything is relative to the
# prefix, so that the tree can be moved.

include(CMakePackageConfigHelpers)

install(TARGETS holysheep EXPORT holysheep-targets
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
        INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(FILES ${PROJECT_SOURCE_DIR}/capi/holysheep.h ${PROJECT_SOURCE_DIR}/capi/holysheep_mock.h
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
if(TARGET holysheep_cli)
  install(TARGETS holysheep_cli RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/holysheep)
install(EXPORT holysheep-targets NAMESPACE holysheep:: FILE holysheep-config.cmake
        DESTINATION ${package_dir})
# Within one SONAME everything stays, so any later version of the same major number will do.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/holysheep-config-version.cmake
                                 COMPATIBILITY SameMajorVersion)
install(FILES ${PROJECT_BINARY_DIR}/holysheep-config-version.cmake DESTINATION ${package_dir})

# From <libdir>/pkgconfig up to the prefix, however deep <libdir> is (lib, lib64, lib/<triplet>).
file(RELATIVE_PATH HOLYSHEEP_PKGCONFIG_TO_PREFIX
     ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
configure_file(${PROJECT_SOURCE_DIR}/packaging/cmake/holysheep.pc.in
               ${PROJECT_BINARY_DIR}/holysheep.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/holysheep.pc
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
