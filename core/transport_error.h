// How a transport can fail without an HTTP answer, or in the middle of one. Names, not curl
// numbers.
#pragma once

#include <cstdint>
#include <string_view>

namespace holysheep {

enum class TransportError : std::uint8_t {
  none,
  resolve,            // the name has no address
  connect,            // refused, unreachable host
  tls,                // handshake
  certificate,        // the peer's certificate was not accepted
  proxy,              // the proxy refused
  reset,              // cut before the whole header had come, on a fresh connection
  reused_dead,        // a reused connection that died before any byte of the answer
  cut,                // cut inside the body
  protocol,           // not HTTP, bad chunking, bad compression
  header_too_large,   // limits.header_bytes_max
  body_too_large,     // limits.body_bytes_max
  local_descriptors,  // EMFILE, ENFILE
  local_memory,
  local_ports,    // EADDRNOTAVAIL
  local_network,  // no network at all
  local_files,    // ca_file or client_cert cannot be read
};

// "reused_dead" and so on.
std::string_view name_of(TransportError error);

}  // namespace holysheep
