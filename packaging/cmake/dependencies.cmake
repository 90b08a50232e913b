# Third-party code: the system's package where it is new enough, else a pinned archive.
# An archive is looked for in HOLYSHEEP_DEPS_DIR first, then at its upstream address; the SHA-256
# is the same for both. `packaging/dependencies` fills that folder through apt.

set(HOLYSHEEP_DEPS_DIR "$ENV{HOLYSHEEP_DEPS_DIR}" CACHE PATH "Folder with pinned source archives")

find_package(Threads REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(CURL 7.88 REQUIRED)
find_package(simdjson 3.0 REQUIRED)

# holysheep_archive(<variable> <file name> <sha256> <upstream url>): where to take an archive from.
function(holysheep_archive variable name sha256 url)
  if(HOLYSHEEP_DEPS_DIR AND EXISTS "${HOLYSHEEP_DEPS_DIR}/${name}")
    set(url "${HOLYSHEEP_DEPS_DIR}/${name}")
  endif()
  set(${variable} URL "${url}" URL_HASH SHA256=${sha256} PARENT_SCOPE)
endfunction()

if(HOLYSHEEP_TESTS)
  find_package(Catch2 3 QUIET)
  if(NOT Catch2_FOUND)
    include(FetchContent)
    holysheep_archive(CATCH2 catch2_3.7.1.orig.tar.gz
      c991b247a1a0d7bb9c39aa35faf0fe9e19764213f28ffba3109388e62ee0269c
      https://github.com/catchorg/Catch2/archive/refs/tags/v3.7.1.tar.gz)
    FetchContent_Declare(Catch2 SYSTEM ${CATCH2} DOWNLOAD_EXTRACT_TIMESTAMP ON)
    FetchContent_MakeAvailable(Catch2)
  endif()
endif()
