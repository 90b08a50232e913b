# Third-party code: the system's package where it is new enough, else a pinned archive of
# packaging/archives (in HOLYSHEEP_DEPS_DIR, which packaging/fetch fills, or at its address
# upstream).
# HOLYSHEEP_PINNED asks for the archives of libcurl and simdjson whatever the system has;
# HOLYSHEEP_THIRD_PARTY names the static libraries of packaging/third_party, which become part of a
# library that needs nothing but libc.

set(HOLYSHEEP_THIRD_PARTY "" CACHE PATH "Static libraries to carry inside (packaging/third_party)")
option(HOLYSHEEP_PINNED "Build libcurl and simdjson from the pinned archives" OFF)
if(DEFINED ENV{HOLYSHEEP_DEPS_DIR})
  set(HOLYSHEEP_DEPS_DIR_DEFAULT "$ENV{HOLYSHEEP_DEPS_DIR}")
else()
  set(HOLYSHEEP_DEPS_DIR_DEFAULT "$ENV{HOME}/.cache/holysheep/deps")
endif()
set(HOLYSHEEP_DEPS_DIR "${HOLYSHEEP_DEPS_DIR_DEFAULT}" CACHE PATH
    "Folder with pinned source archives")

include(FetchContent)

# The archive of a name in packaging/archives: the first row whose file is there, else the first
# one with an address.
function(holysheep_find_archive name url_variable sha256_variable)
  file(STRINGS ${PROJECT_SOURCE_DIR}/packaging/archives rows REGEX "^${name} ")
  foreach(row IN LISTS rows)
    string(REGEX REPLACE " +" ";" row "${row}")
    list(GET row 1 file)
    list(GET row 2 sha256)
    list(FILTER row INCLUDE REGEX "^https://")
    if(EXISTS "${HOLYSHEEP_DEPS_DIR}/${file}")
      set(${url_variable} "${HOLYSHEEP_DEPS_DIR}/${file}" PARENT_SCOPE)
      set(${sha256_variable} ${sha256} PARENT_SCOPE)
      return()
    elseif(row AND NOT address)
      set(address ${row})
      set(address_sha256 ${sha256})
    endif()
  endforeach()
  set(${url_variable} "${address}" PARENT_SCOPE)
  set(${sha256_variable} ${address_sha256} PARENT_SCOPE)
endfunction()

# Makes a pinned archive part of the build. Its headers are the system's: our warnings are not for
# them. `SOURCE_SUBDIR none` leaves its CMake files alone.
function(holysheep_archive name)
  string(TOLOWER ${name} lower)
  holysheep_find_archive(${lower} url sha256)
  message(STATUS "${name}: building ${url}")
  set(options ${ARGN})
  if(CMAKE_VERSION VERSION_GREATER_EQUAL 3.25)
    list(APPEND options SYSTEM DOWNLOAD_EXTRACT_TIMESTAMP ON)
  endif()
  if(CMAKE_VERSION VERSION_GREATER_EQUAL 3.28)
    list(APPEND options EXCLUDE_FROM_ALL)  # what the archive installs is not ours to install
  endif()
  FetchContent_Declare(${name} ${options} URL "${url}" URL_HASH SHA256=${sha256})
  set(CMAKE_POLICY_DEFAULT_CMP0077 NEW)  # what is set here counts for the archive's options,
  set(CMAKE_POLICY_DEFAULT_CMP0126 NEW)  # cached ones too
  set(BUILD_SHARED_LIBS OFF)
  set(BUILD_TESTING OFF)
  FetchContent_MakeAvailable(${name})
  set(${lower}_SOURCE_DIR "${${lower}_SOURCE_DIR}" PARENT_SCOPE)
endfunction()

find_package(Threads REQUIRED)
if(HOLYSHEEP_THIRD_PARTY)
  set(OPENSSL_ROOT_DIR ${HOLYSHEEP_THIRD_PARTY})
  set(OPENSSL_USE_STATIC_LIBS ON)
  set(ZLIB_ROOT ${HOLYSHEEP_THIRD_PARTY})
  set(NGHTTP2_INCLUDE_DIR ${HOLYSHEEP_THIRD_PARTY}/include)
  set(NGHTTP2_LIBRARY ${HOLYSHEEP_THIRD_PARTY}/lib/libnghttp2.a)
  find_package(CURL 8 REQUIRED CONFIG PATHS ${HOLYSHEEP_THIRD_PARTY} NO_DEFAULT_PATH)
  add_library(simdjson::simdjson STATIC IMPORTED)
  set_target_properties(simdjson::simdjson PROPERTIES
    IMPORTED_LOCATION ${HOLYSHEEP_THIRD_PARTY}/lib/libsimdjson.a
    INTERFACE_COMPILE_DEFINITIONS SIMDJSON_IMPLEMENTATION_ICELAKE=0
    INTERFACE_INCLUDE_DIRECTORIES ${HOLYSHEEP_THIRD_PARTY}/include)
endif()
find_package(OpenSSL 3.0 REQUIRED)

if(NOT HOLYSHEEP_PINNED)
  find_package(CURL 7.88 QUIET)
endif()
if(NOT CURL_FOUND)
  foreach(setting HTTP_ONLY CURL_USE_OPENSSL USE_NGHTTP2 CURL_ZLIB CURL_DISABLE_INSTALL
          CURL_CA_FALLBACK CURL_DISABLE_WEBSOCKETS)
    set(${setting} ON)
  endforeach()
  foreach(setting CURL_USE_LIBPSL CURL_USE_LIBSSH2 USE_LIBIDN2 CURL_BROTLI CURL_ZSTD
          CURL_ENABLE_EXPORT_TARGET BUILD_CURL_EXE BUILD_LIBCURL_DOCS BUILD_MISC_DOCS
          ENABLE_CURL_MANUAL)
    set(${setting} OFF)
  endforeach()
  # The engine finds the machine's CA certificates itself.
  set(CURL_CA_BUNDLE none)
  set(CURL_CA_PATH none)
  holysheep_archive(CURL)
endif()

if(NOT HOLYSHEEP_PINNED AND NOT TARGET simdjson::simdjson)
  find_package(simdjson QUIET)  # its version file refuses 3.12 to who asks for 3.0
  if(simdjson_FOUND AND simdjson_VERSION VERSION_LESS 3.0)
    message(FATAL_ERROR "simdjson ${simdjson_VERSION} in ${simdjson_DIR} is too old (3.0 is "
            "needed): remove it, or build with -DHOLYSHEEP_PINNED=ON")
  endif()
endif()
if(NOT TARGET simdjson::simdjson)
  holysheep_archive(simdjson SOURCE_SUBDIR none)
  find_path(simdjson_AMALGAMATION simdjson.cpp NO_DEFAULT_PATH NO_CACHE REQUIRED
            PATHS ${simdjson_SOURCE_DIR}/singleheader ${simdjson_SOURCE_DIR}/vendor/simdjson)
  add_library(simdjson STATIC ${simdjson_AMALGAMATION}/simdjson.cpp)
  target_include_directories(simdjson SYSTEM PUBLIC ${simdjson_AMALGAMATION})
  add_library(simdjson::simdjson ALIAS simdjson)
endif()

if(HOLYSHEEP_TESTS)
  if(NOT HOLYSHEEP_THIRD_PARTY)  # the system's Catch2 speaks to the system's C++ runtime
    find_package(Catch2 3 QUIET)
  endif()
  if(NOT Catch2_FOUND)
    holysheep_archive(Catch2)
  endif()
endif()
