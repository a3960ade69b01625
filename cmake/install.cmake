include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/aiopp)

install(TARGETS aiopp EXPORT aiopp-targets)
if(TARGET aiopp_static)
    install(TARGETS aiopp_static EXPORT aiopp-targets)
endif()
install(DIRECTORY include/aio DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.hpp")
# As they lie here, with what they link to.
install(FILES docs/guide.md docs/behaviour.md docs/coming-from.md docs/versions.md DESTINATION ${CMAKE_INSTALL_DOCDIR}/docs)
install(DIRECTORY docs/images DESTINATION ${CMAKE_INSTALL_DOCDIR}/docs)
install(DIRECTORY examples DESTINATION ${CMAKE_INSTALL_DOCDIR}
    FILES_MATCHING PATTERN "*.cpp" PATTERN "*.hpp" PATTERN project/CMakeLists.txt)
install(FILES CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(EXPORT aiopp-targets NAMESPACE aiopp:: DESTINATION ${package_dir})

# Before 1.0 a minor version may change the API.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/aiopp-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES cmake/aiopp-config.cmake cmake/aiopp-loops.cmake ${PROJECT_BINARY_DIR}/aiopp-config-version.cmake DESTINATION ${package_dir})

# Relative to the file itself, so that `cmake --install --prefix` elsewhere still gives the right paths.
file(RELATIVE_PATH prefix_from_pc ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
# What a static library needs, all who link it must name.
set(pc_libs)
set(pc_libs_private)
if(AIO_RING AND BUILD_SHARED_LIBS)
    set(pc_libs_private " -luring")
elseif(AIO_RING)
    set(pc_libs " -luring")
endif()
configure_file(cmake/aiopp.pc.in ${PROJECT_BINARY_DIR}/aiopp.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/aiopp.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

if(AIO_BUILD_TOOLS)
    install(TARGETS aio)
    file(GLOB man_pages CONFIGURE_DEPENDS docs/man/*.1)
    install(FILES ${man_pages} DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
    install(FILES tools/completion/aio.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME aio)
endif()
