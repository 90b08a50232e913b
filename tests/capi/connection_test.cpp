// Connections that die, silently or at the moment of their reuse, and what the kernel is told about
// each: over real sockets, counted at the server.

#include <dirent.h>

#include <atomic>
#include <cstdlib>
#include <future>
#include <string>

#include "fixture.h"
#include "relay.h"
#include "tests/unit/scripted_server.h"

using namespace capi_test;
using holysheep::testing::Peer;
using holysheep::testing::ScriptedServer;

namespace {

std::string pool_of(int port, std::string_view more = {}) {
  return R"({"version":1,"isolated":true,"endpoints":[{"name":"primary","auth":"none","url":)"
         R"("http://127.0.0.1:)" +
         std::to_string(port) + R"(/v1"}])" + std::string(more) + "}";
}

const std::string kAnswer =
    R"({"id":"a","object":"chat.completion","model":"m","choices":[{"index":0,"message":)"
    R"({"role":"assistant","content":"Hello."},"finish_reason":"stop"}]})";

int port_of(const Mock& mock) {
  const std::string url = Json(mock.config()).text("/endpoints/0/url");
  return std::atoi(url.c_str() + url.rfind(':') + 1);
}

// Every TCP socket of this process that is connected to that port.
std::vector<int> sockets_to(int port) {
  std::vector<int> found;
  DIR* folder = opendir("/proc/self/fd");
  REQUIRE(folder != nullptr);
  while (const dirent* entry = readdir(folder)) {
    const int descriptor = std::atoi(entry->d_name);
    sockaddr_in peer{};
    socklen_t size = sizeof peer;
    if (getpeername(descriptor, reinterpret_cast<sockaddr*>(&peer), &size) == 0 &&
        peer.sin_family == AF_INET && ntohs(peer.sin_port) == port) {
      found.push_back(descriptor);
    }
  }
  closedir(folder);
  return found;
}

int option_of(int socket, int level, int option) {
  int value = -1;
  socklen_t size = sizeof value;
  REQUIRE(getsockopt(socket, level, option, &value, &size) == 0);
  return value;
}

}  // namespace

TEST_CASE("connection: one that is dead costs the call that meets it, not the next one") {
  Mock mock(R"({"version":1,"endpoints":[{"name":"primary"}]})");
  Relay relay(port_of(mock));
  Client client(pool_of(relay.port()));
  REQUIRE(client.call().status == HOLYSHEEP_OK);
  REQUIRE(client.call().status == HOLYSHEEP_OK);
  REQUIRE(relay.connections() == 1);

  relay.freeze();
  const Outcome silent = client.call(chat(), R"({"time_limits":{"response_ms":100}})");
  INFO(silent.meta);
  REQUIRE(silent.status == HOLYSHEEP_E_TIMEOUT);
  REQUIRE(Json(silent.meta).text("/trace/0/time_limit") == "response");
  REQUIRE(relay.await_shut(0, kPatienceMs));

  const Outcome next = client.call();
  INFO(next.meta);
  REQUIRE(next.status == HOLYSHEEP_OK);
  REQUIRE(next.attempts == 1);
  REQUIRE(relay.connections() == 2);
  REQUIRE(mock.count() == 3);
}

TEST_CASE("connection: calls that wait on several dead ones all end, and the next ones succeed") {
  Mock mock(R"({"version":1,"endpoints":[{"name":"primary","default":{"latency_ms":20}}]})");
  Relay relay(port_of(mock));
  Client client(pool_of(relay.port()));
  std::vector<holysheep_request_id> ids;
  const std::string body = chat();
  for (int i = 0; i < 5; ++i)
    ids.push_back(client.submit(Client::request(body)));
  for (const auto id : ids)
    REQUIRE(client.wait(id).status == HOLYSHEEP_OK);
  const int open = relay.connections();
  REQUIRE(open >= 2);

  relay.freeze();
  ids.clear();
  for (int i = 0; i < 5; ++i) {
    ids.push_back(client.submit(Client::request(body, R"({"time_limits":{"response_ms":150}})")));
  }
  for (const auto id : ids) {
    const Outcome outcome = client.wait(id);
    INFO(outcome.meta);
    // Those that met a dead connection; one more may have been opened, which lives.
    REQUIRE((outcome.status == HOLYSHEEP_E_TIMEOUT || outcome.status == HOLYSHEEP_OK));
  }
  for (int i = 0; i < 5; ++i)
    REQUIRE(client.call().status == HOLYSHEEP_OK);
}

TEST_CASE("connection: the kernel watches each one for a silent death") {
  Mock mock(R"({"version":1,"endpoints":[{"name":"primary"}]})");
  Client client(mock.config());
  REQUIRE(client.call().status == HOLYSHEEP_OK);
  const std::vector<int> sockets = sockets_to(port_of(mock));
  REQUIRE(sockets.size() == 1);
  REQUIRE(option_of(sockets[0], SOL_SOCKET, SO_KEEPALIVE) == 1);
  REQUIRE(option_of(sockets[0], IPPROTO_TCP, TCP_KEEPIDLE) == 30);
  REQUIRE(option_of(sockets[0], IPPROTO_TCP, TCP_KEEPINTVL) == 10);
  REQUIRE(option_of(sockets[0], IPPROTO_TCP, TCP_USER_TIMEOUT) == 20'000);
  REQUIRE(option_of(sockets[0], IPPROTO_TCP, TCP_NODELAY) == 1);
  REQUIRE((fcntl(sockets[0], F_GETFD) & FD_CLOEXEC) != 0);
}

TEST_CASE("connection: one that dies at its reuse costs one more POST, which the trace shows") {
  // Closes with FIN or RST after it has read the second request, without a byte of an answer.
  const bool with_reset = GENERATE(false, true);
  std::atomic<int> posts{0};
  ScriptedServer server([&](Peer& peer) {
    for (int number = 0; !peer.read_request().empty(); ++number) {
      ++posts;
      if (number == 1 && peer.number() == 0) {
        if (with_reset) peer.reset();
        return;
      }
      peer.answer(kAnswer);
    }
  });
  Client client(pool_of(server.port()));
  REQUIRE(client.call().attempts == 1);
  const Outcome second = client.call();
  INFO(second.meta);
  REQUIRE(second.status == HOLYSHEEP_OK);
  REQUIRE(second.route() == "primary:transient,primary:ok");
  REQUIRE(Json(second.meta).text("/trace/0/transport") == "reused_dead");
  REQUIRE(second.attempts == 2);
  REQUIRE(posts == 3);
  REQUIRE(server.connections() == 2);
  REQUIRE(client.call().attempts == 1);
  REQUIRE(posts == 4);
}

TEST_CASE("connection: after one that was dead no other old one is tried") {
  // Both connections answer together, once; whoever asks again on one of them finds it dead.
  std::promise<void> both;
  std::shared_future<void> both_asked = both.get_future().share();
  std::atomic<int> asked{0};
  std::atomic<int> posts{0};
  ScriptedServer server([&](Peer& peer) {
    for (int number = 0; !peer.read_request().empty(); ++number) {
      ++posts;
      if (peer.number() < 2) {
        if (number == 1) return;
        if (++asked == 2) both.set_value();
        both_asked.wait();
      }
      peer.answer(kAnswer);
    }
  });
  Client client(pool_of(server.port()));
  const std::string body = chat();
  const auto first = client.submit(Client::request(body));
  const auto second = client.submit(Client::request(body));
  REQUIRE(client.wait(first).status == HOLYSHEEP_OK);
  REQUIRE(client.wait(second).status == HOLYSHEEP_OK);
  REQUIRE(server.connections() == 2);
  const Outcome third = client.call();
  INFO(third.meta);
  REQUIRE(third.status == HOLYSHEEP_OK);
  REQUIRE(third.route() == "primary:transient,primary:ok");
  REQUIRE(posts == 4);
  REQUIRE(server.connections() == 3);
}

TEST_CASE("connection: a request that may not be repeated is not, when its connection dies") {
  std::atomic<int> posts{0};
  ScriptedServer server([&](Peer& peer) {
    for (int number = 0; !peer.read_request().empty(); ++number) {
      ++posts;
      if (number == 1 && peer.number() == 0) return;
      peer.answer(kAnswer);
    }
  });
  Client client(pool_of(server.port()));
  const std::string body = R"({"a":1})";
  holysheep_request request = Client::request(body);
  request.path = "/some/unknown/path";
  REQUIRE(client.call(request).status == HOLYSHEEP_OK);
  const Outcome second = client.call(request);
  INFO(second.meta);
  REQUIRE(second.status == HOLYSHEEP_E_CONNECTION);
  REQUIRE(second.attempts == 1);
  REQUIRE((second.flags & HOLYSHEEP_FLAG_MAYBE_BILLED) != 0);
  REQUIRE(posts == 2);
}

TEST_CASE("connection: every POST at a server that drops at random is an attempt of some trace") {
  // Each connection dies after 1, 2 or 3 requests: sometimes with the answer, sometimes instead.
  std::atomic<int> posts{0};
  ScriptedServer server([&](Peer& peer) {
    const int requests_max = 1 + peer.number() % 3;
    for (int number = 1; !peer.read_request().empty(); ++number) {
      ++posts;
      const bool last = number == requests_max;
      if (last && peer.number() % 2 == 0 && number > 1) return;
      peer.answer(kAnswer);
      if (last) return;
    }
  });
  Client client(pool_of(server.port()));
  int attempts = 0;
  int served = 0;
  for (int round = 0; round < 20; ++round) {
    std::vector<holysheep_request_id> ids;
    const std::string body = chat();
    for (int i = 0; i < 8; ++i)
      ids.push_back(client.submit(Client::request(body)));
    for (const auto id : ids) {
      const Outcome outcome = client.wait(id);
      const Json meta(outcome.meta);
      REQUIRE(outcome.attempts == static_cast<int>(meta.size("/trace")));
      attempts += outcome.attempts;
      served += outcome.status == HOLYSHEEP_OK ? 1 : 0;
    }
  }
  // A connection that was closed before the request had been read is an attempt without a POST;
  // there is never a POST without an attempt.
  REQUIRE(posts <= attempts);
  REQUIRE(posts >= served);
  REQUIRE(served > 0);
}

TEST_CASE("connection: above its greatest age one is not used again; 0 is no limit") {
  const auto [age_ms, connections] =
      GENERATE(std::pair<const char*, int>{"1", 2}, std::pair<const char*, int>{"1000", 2},
               std::pair<const char*, int>{"300000", 1}, std::pair<const char*, int>{"0", 1});
  INFO(age_ms);
  ScriptedServer server([&](Peer& peer) {
    while (!peer.read_request().empty())
      peer.answer(kAnswer);
  });
  Client client(pool_of(server.port(), std::string(R"(,"connection_age_max_ms":)") + age_ms));
  REQUIRE(client.call().status == HOLYSHEEP_OK);
  REQUIRE(client.call().status == HOLYSHEEP_OK);
  REQUIRE(server.connections() == 1);
  // Nothing happens in this time: libcurl's clock is real, and counts whole seconds.
  REQUIRE_FALSE(client.drain(2'100));
  REQUIRE(client.call().status == HOLYSHEEP_OK);
  REQUIRE(server.connections() == connections);
}

TEST_CASE("connection: no more than connections_max, and what waits can be timed out") {
  std::atomic<int> open{0};
  std::atomic<int> most{0};
  ScriptedServer server([&](Peer& peer) {
    const int now = ++open;
    int before = most;
    while (before < now && !most.compare_exchange_weak(before, now)) {
    }
    while (!peer.read_request().empty())
      peer.answer(kAnswer);
    --open;
  });
  SECTION("of the client") {
    Client client(pool_of(server.port(), R"(,"limits":{"connections_max":3})"));
    std::vector<holysheep_request_id> ids;
    const std::string body = chat();
    for (int i = 0; i < 100; ++i)
      ids.push_back(client.submit(Client::request(body)));
    for (const auto id : ids)
      REQUIRE(client.wait(id).status == HOLYSHEEP_OK);
    REQUIRE(most <= 3);
  }
  SECTION("a call that waits for one ends with its time limit") {
    ScriptedServer silent([](Peer& peer) { peer.wait_for_close(); });
    Client client(pool_of(silent.port(), R"(,"limits":{"connections_max":1})"));
    const std::string body = chat();
    const auto first = client.submit(Client::request(body));
    while (silent.connections() == 0)
      client.drain(1);
    holysheep_request request = Client::request(body);
    request.timeout_ms = 100;
    const Outcome waited = client.call(request);
    INFO(waited.meta);
    REQUIRE(waited.status == HOLYSHEEP_E_TIMEOUT);
    REQUIRE((waited.flags & HOLYSHEEP_FLAG_MAYBE_BILLED) == 0);
    REQUIRE(silent.connections() == 1);
    REQUIRE(holysheep_cancel(client.get(), first) == HOLYSHEEP_OK);
    REQUIRE(client.wait(first).status == HOLYSHEEP_E_CANCELLED);
  }
}
