// The monitor endpoint while calls flow and while its client goes: for the sanitizers above all.
// What it answers is tested by tests/monitor.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <memory>
#include <thread>

#include "fixture.h"

using namespace capi_test;

namespace {

// The whole answer to a GET, or "" if nobody listens any more.
std::string get(int port, const std::string& path) {
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

int port_of(const Client& client) {
  holysheep_monitor* monitor = nullptr;
  REQUIRE(holysheep_client_monitor(client.get(), &monitor) == HOLYSHEEP_OK);
  holysheep_text* text = nullptr;
  REQUIRE(holysheep_monitor_status(monitor, &text) == HOLYSHEEP_OK);
  const std::string address = Json(take(text)).text("/listen");
  holysheep_monitor_free(monitor);
  REQUIRE(address.rfind("127.0.0.1:", 0) == 0);
  return std::atoi(address.c_str() + 10);
}

}  // namespace

TEST_CASE(
    "monitor endpoint: readers and calls at the same time, and readers when the client goes") {
  Mock mock(three(R"({"fail_rate":0.3,"fail":{"status":500}})"));
  auto client = std::make_unique<Client>(
      mock.config(R"(,"isolated":true,"monitor":{"listen":":0","alert_threshold":1})"));
  const int port = port_of(*client);
  std::atomic<bool> stop{false};
  std::atomic<int> answered{0};
  std::vector<std::thread> readers;
  for (const char* path : {"/metrics", "/status", "/health", "/"}) {
    readers.emplace_back([&, path] {
      while (!stop.load()) {
        if (get(port, path).rfind("HTTP/1.1 200", 0) == 0) answered.fetch_add(1);
      }
    });
  }
  for (int i = 0; i < 50; ++i)
    REQUIRE(client->call().status == HOLYSHEEP_OK);
  while (answered.load() < 20)
    REQUIRE(client->call().status == HOLYSHEEP_OK);
  holysheep_client_close(client->get());
  REQUIRE(holysheep_client_join(client->get(), kPatienceMs) == HOLYSHEEP_OK);
  stop.store(true);
  for (std::thread& reader : readers)
    reader.join();
  REQUIRE(get(port, "/livez").empty());
}

TEST_CASE("monitor endpoint: while the last calls drain it says that no more are taken") {
  Mock mock(three(R"({"default":{"stall":"before_headers"}})"));
  Client client(mock.config(R"(,"isolated":true,"monitor":{"listen":":0"})"));
  const int port = port_of(client);
  REQUIRE(get(port, "/readyz").rfind("HTTP/1.1 200", 0) == 0);
  const std::string body = chat();
  client.submit(Client::request(body));
  mock.await("primary", 1);
  std::thread draining([&] { holysheep_client_drain(client.get(), 2000); });
  while (get(port, "/readyz").rfind("HTTP/1.1 503", 0) != 0) {
  }
  REQUIRE(get(port, "/livez").rfind("HTTP/1.1 200", 0) == 0);
  draining.join();
}
