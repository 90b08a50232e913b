#include "core/connection_table.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <new>

#include "core/connection_queue.h"

namespace holysheep {
namespace {

// Data that the peer's host has not acknowledged for this long means that the host is gone; Linux
// would go on for 15 minutes.
constexpr int kUnacknowledgedMsMax = 20'000;
// A silent connection is asked for a sign of life after this many seconds, then every 10 s; NAT
// boxes forget after a minute or more.
constexpr int kKeepAliveIdleSeconds = 30;
constexpr int kKeepAliveIntervalSeconds = 10;

void set_option(curl_socket_t socket, int level, int option, int value) {
  setsockopt(socket, level, option, &value, sizeof value);
}

// These find a dead peer over HTTP/2 too, instead of its PING: curl_easy_upkeep(), which sends
// that, reaches no connection of a multi handle (libcurl 7.88 and 8.14). A connection whose peer's
// kernel lives, but not its server, is found by the first call that hears nothing (shut_down()).
void set_options(curl_socket_t socket) {
  set_option(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
#ifdef TCP_KEEPIDLE
  set_option(socket, IPPROTO_TCP, TCP_KEEPIDLE, kKeepAliveIdleSeconds);
#elif defined(TCP_KEEPALIVE)
  set_option(socket, IPPROTO_TCP, TCP_KEEPALIVE, kKeepAliveIdleSeconds);
#endif
#ifdef TCP_KEEPINTVL
  set_option(socket, IPPROTO_TCP, TCP_KEEPINTVL, kKeepAliveIntervalSeconds);
#endif
#ifdef TCP_USER_TIMEOUT
  set_option(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, kUnacknowledgedMsMax);
#endif
#ifdef SO_NOSIGPIPE
  set_option(socket, SOL_SOCKET, SO_NOSIGPIPE, 1);
#endif
}

curl_socket_t make_socket(const curl_sockaddr& address) {
#ifdef SOCK_CLOEXEC
  return socket(address.family, address.socktype | SOCK_CLOEXEC, address.protocol);
#else
  const curl_socket_t made = socket(address.family, address.socktype, address.protocol);
  if (made >= 0) fcntl(made, F_SETFD, FD_CLOEXEC);
  return made;
#endif
}

// Whether the peer has sent anything lately. Where the system does not tell: no.
bool heard_within([[maybe_unused]] curl_socket_t socket, [[maybe_unused]] Nanos silence) {
#ifdef __linux__
  // The kernel counts in ticks of up to 10 ms.
  constexpr Nanos kTick = 10 * kMillisecond;
  tcp_info info{};
  socklen_t size = sizeof info;
  if (getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return false;
  return from_ms(info.tcpi_last_data_recv) + kTick < silence;
#else
  return false;
#endif
}

using NameFunction = int (*)(int, sockaddr*, socklen_t*);

bool end_matches(curl_socket_t socket, NameFunction name_of_end, const std::string& address,
                 int port) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (name_of_end(socket, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return false;
  char text[INET6_ADDRSTRLEN] = "";
  int found = 0;
  if (storage.ss_family == AF_INET) {
    const auto* ip4 = reinterpret_cast<const sockaddr_in*>(&storage);
    found = ntohs(ip4->sin_port);
    inet_ntop(AF_INET, &ip4->sin_addr, text, sizeof text);
  } else if (storage.ss_family == AF_INET6) {
    const auto* ip6 = reinterpret_cast<const sockaddr_in6*>(&storage);
    found = ntohs(ip6->sin6_port);
    inet_ntop(AF_INET6, &ip6->sin6_addr, text, sizeof text);
  }
  return found == port && address == text;
}

}  // namespace

curl_socket_t ConnectionTable::open(const curl_sockaddr& address, Lane& lane, AttemptId opener,
                                    int* error_number) {
  const curl_socket_t made = make_socket(address);
  if (made == CURL_SOCKET_BAD) {
    *error_number = errno;
    return CURL_SOCKET_BAD;
  }
  set_options(made);
  try {
    loop_.socket_opened(made);
    Connection& connection = connections_[made];
    // Closed without our knowledge: the kernel would not give the number out again otherwise.
    if (connection.lane != nullptr) forget(connection);
    connection = {&lane, opener, false};
  } catch (const std::bad_alloc&) {
    ::close(made);
    *error_number = ENOMEM;
    return CURL_SOCKET_BAD;
  }
  ++lane.sockets;
  ++opened_;
  return made;
}

void ConnectionTable::prove(curl_socket_t socket, AttemptId opener) {
  const auto found = connections_.find(socket);
  if (found == connections_.end()) return;
  Connection& connection = found->second;
  if (connection.opener != opener || connection.live) return;
  connection.live = true;
  ++connection.lane->host->live;
}

void ConnectionTable::forget(const Connection& connection) {
  connection.lane->socket_closed();
  if (connection.live) --connection.lane->host->live;
}

int ConnectionTable::close(curl_socket_t socket) {
  const auto found = connections_.find(socket);
  if (found != connections_.end()) {
    forget(found->second);
    connections_.erase(found);
    loop_.socket_closing(socket);
  }
  return ::close(socket);
}

bool ConnectionTable::shut_down(const ConnectionEnds& ends, Nanos silence) {
  if (ends.local_port == 0) return false;
  for (auto& [socket, connection] : connections_) {
    if (!end_matches(socket, getsockname, ends.local_address, ends.local_port) ||
        !end_matches(socket, getpeername, ends.peer_address, ends.peer_port)) {
      continue;
    }
    if (heard_within(socket, silence)) return false;
    if (connection.live) --connection.lane->host->live;
    connection.live = false;
    return shutdown(socket, SHUT_RDWR) == 0;
  }
  return false;
}

}  // namespace holysheep
