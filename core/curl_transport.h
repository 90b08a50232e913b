// Real HTTP: libcurl's multi interface on the loop's thread. Owns every easy handle, connection and
// socket. What libcurl does by itself and must not is held down here (see the .cpp).
#pragma once

#include <atomic>
#include <memory>

#include "core/transport.h"

namespace holysheep {

struct CurlTransportOptions {
  std::int64_t header_bytes_max = 256 * 1024;
  std::int64_t body_bytes_max = 64 * 1024 * 1024;
  std::int64_t connections_max = 512;  // of the whole transport
  Nanos connection_age_max = 300 * kSecond;
  // When nothing has been under way for so long, every connection is closed: libcurl itself looks
  // at them again only when the next request comes, and would keep thousands of descriptors of a
  // burst, though their servers have hung up. As Go's IdleConnTimeout.
  Nanos idle_max = 90 * kSecond;
};

// For tests and status: what the transport has done so far.
struct CurlTransportCounters {
  std::uint64_t connections_opened = 0;
  std::uint64_t connections_open = 0;  // now
  std::uint64_t requests_sent = 0;
  std::uint64_t queued = 0;  // waiting for a connection now
};

// Null with *error set if libcurl or the loop cannot be made (descriptors, memory).
// `clock_offset`, in nanoseconds, is added to the monotonic clock (the mock's clock_advance).
std::unique_ptr<Transport> make_curl_transport(const CurlTransportOptions& options,
                                               const std::atomic<Nanos>* clock_offset,
                                               std::string* error);
CurlTransportCounters counters_of(const Transport& transport);

// libcurl, TLS and simdjson versions as running; initialises the libraries once (no atexit, no
// OpenSSL configuration file) and may be called from any thread.
const char* library_versions();

}  // namespace holysheep
