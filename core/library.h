// The libraries under us, initialised once per process: OpenSSL without atexit (two threads inside
// OpenSSL while the process exits crashed 99 of 120 runs; without it none) and without reading the
// machine's configuration file, then libcurl.
#pragma once

#include <string>

namespace holysheep {

// From any thread. False if libcurl cannot start (memory).
bool initialise_libraries();
// For certificate checks where the configuration names none: "" if libcurl has a place of its own.
const std::string& default_ca_file();
// As it runs, not as compiled: HTTP/2 by itself only where waiting for a multiplexed connection
// works (7.88 opened 201 connections for 300 calls).
bool library_multiplexes_well();

}  // namespace holysheep
