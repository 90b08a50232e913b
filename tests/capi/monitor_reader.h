// Readers of a client's monitor endpoint.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "tests/capi/fixture.h"

namespace capi_test {

// The whole answer to a GET, or "" if nobody listens any more.
inline std::string get(int port, const std::string& path) {
  const int connection = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
  std::string answer;
  if (connect(connection, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) {
    const std::string request = "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
    if (send(connection, request.data(), request.size(), MSG_NOSIGNAL) > 0) {
      char buffer[4096];
      for (;;) {
        const ssize_t got = recv(connection, buffer, sizeof buffer, 0);
        if (got <= 0) break;
        answer.append(buffer, static_cast<std::size_t>(got));
      }
    }
  }
  close(connection);
  return answer;
}

inline int port_of(const Client& client) {
  holysheep_monitor* monitor = nullptr;
  REQUIRE(holysheep_client_monitor(client.get(), &monitor) == HOLYSHEEP_OK);
  holysheep_text* text = nullptr;
  REQUIRE(holysheep_monitor_status(monitor, &text) == HOLYSHEEP_OK);
  const std::string address = Json(take(text)).text("/listen");
  holysheep_monitor_free(monitor);
  REQUIRE(address.rfind("127.0.0.1:", 0) == 0);
  return std::atoi(address.c_str() + 10);
}

}  // namespace capi_test
