#include "core/mock/mock_descriptor.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

namespace holysheep {
namespace {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

std::string numeric_host(const std::string& host) {
  return host == "localhost" ? "127.0.0.1" : host;
}

bool fill_address(const std::string& host, int port, SocketAddress* address) {
  const auto network_port = htons(static_cast<std::uint16_t>(port));
  if (host.find(':') != std::string::npos) {
    auto* const six = reinterpret_cast<sockaddr_in6*>(&address->storage);
    six->sin6_family = AF_INET6;
    six->sin6_port = network_port;
    address->size = sizeof *six;
    return inet_pton(AF_INET6, host.c_str(), &six->sin6_addr) == 1;
  }
  auto* const four = reinterpret_cast<sockaddr_in*>(&address->storage);
  four->sin_family = AF_INET;
  four->sin_port = network_port;
  address->size = sizeof *four;
  return inet_pton(AF_INET, host.c_str(), &four->sin_addr) == 1;
}

int bound_port(int descriptor) {
  SocketAddress address;
  address.size = sizeof address.storage;
  if (getsockname(descriptor, reinterpret_cast<sockaddr*>(&address.storage), &address.size) != 0) {
    return 0;
  }
  const auto port = address.storage.ss_family == AF_INET6
                        ? reinterpret_cast<sockaddr_in6*>(&address.storage)->sin6_port
                        : reinterpret_cast<sockaddr_in*>(&address.storage)->sin_port;
  return ntohs(port);
}

}  // namespace

void MockDescriptor::reset(int descriptor) {
  if (descriptor_ >= 0) close(descriptor_);
  descriptor_ = descriptor;
}

Result<MockDescriptor> bind_mock_socket(const std::string& host, int* port) {
  SocketAddress address;
  if (!fill_address(numeric_host(host), *port, &address)) {
    return Error{Status::config, "host: expected a loopback address"};
  }
  MockDescriptor made(
      socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP));
  if (made.get() < 0) return mock_local_error("cannot make a socket");
  const int on = 1;
  setsockopt(made.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(made.get(), reinterpret_cast<sockaddr*>(&address.storage), address.size) != 0) {
    return mock_local_error("cannot bind port " + std::to_string(*port));
  }
  *port = bound_port(made.get());
  return made;
}

Error mock_local_error(const std::string& what) {
  const int number = errno;
  char buffer[128];
  return {Status::local, "mock: " + what + ": " + strerror_r(number, buffer, sizeof buffer)};
}

}  // namespace holysheep
