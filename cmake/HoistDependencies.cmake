# Dependencies come from the system; tools/setup installs them on Debian and Ubuntu.
find_package(Boost 1.74 REQUIRED)
find_package(RapidJSON REQUIRED) # gives variables, no target
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(RE2 REQUIRED IMPORTED_TARGET re2)
pkg_check_modules(XXHASH REQUIRED IMPORTED_TARGET libxxhash)
