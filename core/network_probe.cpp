#include "core/network_probe.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

namespace holysheep {
namespace {

constexpr const char* kProbe4 = "192.0.2.1";    // RFC 5737
constexpr const char* kProbe6 = "2001:db8::1";  // RFC 3849
constexpr int kProbePort = 443;

// 0, or why there is no way to that address.
int try_route(const sockaddr* address, socklen_t size) {
  const int probe = socket(address->sa_family, SOCK_DGRAM, 0);
  if (probe < 0) return errno;
  const int failure = connect(probe, address, size) == 0 ? 0 : errno;
  close(probe);
  return failure;
}

bool means_no_route(int failure) {
  return failure == ENETUNREACH || failure == ENETDOWN || failure == EHOSTUNREACH ||
         failure == EADDRNOTAVAIL || failure == EAFNOSUPPORT;
}

}  // namespace

TransportError probe_network() {
  sockaddr_in address4{};
  address4.sin_family = AF_INET;
  address4.sin_port = htons(kProbePort);
  inet_pton(AF_INET, kProbe4, &address4.sin_addr);
  const int failure4 = try_route(reinterpret_cast<const sockaddr*>(&address4), sizeof address4);
  if (failure4 == EMFILE || failure4 == ENFILE) return TransportError::local_descriptors;
  if (failure4 == ENOMEM || failure4 == ENOBUFS) return TransportError::local_memory;
  if (!means_no_route(failure4)) return TransportError::none;

  sockaddr_in6 address6{};
  address6.sin6_family = AF_INET6;
  address6.sin6_port = htons(kProbePort);
  inet_pton(AF_INET6, kProbe6, &address6.sin6_addr);
  const int failure6 = try_route(reinterpret_cast<const sockaddr*>(&address6), sizeof address6);
  return means_no_route(failure6) ? TransportError::local_network : TransportError::none;
}

}  // namespace holysheep
