# Third-party code: the system's package where it is new enough, else a pinned archive.
# An archive is looked for in HOLYSHEEP_DEPS_DIR first, then at its upstream address; the SHA-256
# is the same for both. `packaging/dependencies` fills that folder through apt: names and sums
# stand there too.

if(DEFINED ENV{HOLYSHEEP_DEPS_DIR})
  set(HOLYSHEEP_DEPS_DIR_DEFAULT "$ENV{HOLYSHEEP_DEPS_DIR}")
else()
  set(HOLYSHEEP_DEPS_DIR_DEFAULT "$ENV{HOME}/.cache/holysheep/deps")
endif()
set(HOLYSHEEP_DEPS_DIR "${HOLYSHEEP_DEPS_DIR_DEFAULT}" CACHE PATH
    "Folder with pinned source archives")

include(FetchContent)

# Makes the pinned archive part of the build. Its headers are the system's: our warnings are not
# for them.
function(holysheep_archive name file sha256 url)
  if(EXISTS "${HOLYSHEEP_DEPS_DIR}/${file}")
    set(url "${HOLYSHEEP_DEPS_DIR}/${file}")
  endif()
  message(STATUS "${name}: building ${url}")
  set(options)
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
endfunction()

find_package(Threads REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)

find_package(CURL 7.88 QUIET)
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
  holysheep_archive(CURL curl_8.14.1.orig.tar.gz
    6766ada7101d292b42b8b15681120acd68effa4a9660935853cf6d61f0d984d4
    https://curl.se/download/curl-8.14.1.tar.gz)
endif()

find_package(simdjson 3.0 QUIET)
if(NOT simdjson_FOUND)
  holysheep_archive(simdjson simdjson-4.6.4.tar.gz
    b091107844fe928158c5c2265c20360fff312889ddf7ebc4528a0f0f8f2ff9cd
    https://github.com/simdjson/simdjson/archive/refs/tags/v4.6.4.tar.gz)
endif()

if(HOLYSHEEP_TESTS)
  find_package(Catch2 3 QUIET)
  if(NOT Catch2_FOUND)
    holysheep_archive(Catch2 catch2_3.7.1.orig.tar.gz
      c991b247a1a0d7bb9c39aa35faf0fe9e19764213f28ffba3109388e62ee0269c
      https://github.com/catchorg/Catch2/archive/refs/tags/v3.7.1.tar.gz)
  endif()
endif()
