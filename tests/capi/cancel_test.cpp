// Cancel, close, drain: exactly one DONE in every state, and nothing is left behind.

#include <atomic>
#include <chrono>
#include <thread>

#include "fixture.h"

using namespace capi_test;

namespace {

// The lease and the in-flight count of every endpoint are given back.
void nothing_in_flight(const Client& client) {
  const Json status = client.status();
  REQUIRE(status.number("/calls/in_flight") == 0);
  REQUIRE(status.number("/calls/waiting") == 0);
  for (std::size_t i = 0; i < status.size("/endpoints"); ++i) {
    REQUIRE(status.number("/endpoints/" + std::to_string(i) + "/in_flight") == 0);
  }
}

Outcome cancelled(Client& client, holysheep_request_id id) {
  REQUIRE(holysheep_cancel(client.get(), id) == HOLYSHEEP_OK);
  const Outcome outcome = client.wait(id);
  REQUIRE(outcome.status == HOLYSHEEP_E_CANCELLED);
  REQUIRE(outcome.dones == 1);
  REQUIRE(holysheep_cancel(client.get(), id) == HOLYSHEEP_E_UNKNOWN_REQUEST);
  REQUIRE_FALSE(client.drain(20));
  nothing_in_flight(client);
  return outcome;
}

}  // namespace

TEST_CASE("cancel: while the answer is awaited") {
  Mock mock(three(R"({"default":{"stall":"before_headers"}})"));
  Client client(mock.config());
  const auto id = client.submit(Client::request(chat()));
  mock.await("primary", 1);
  cancelled(client, id);
  REQUIRE(client.status_of(0) == "healthy");
}

TEST_CASE("cancel: while it connects") {
  // In clear text the kernel accepts, and the request would be on its way; TLS needs an answer.
  Mock mock(three(R"({"half_open":true,"tls":true})"));
  Client client(mock.config());
  const auto id = client.submit(Client::request(chat()));
  while (client.status().number("/endpoints/0/attempts") == 0)
    client.drain(1);
  REQUIRE((cancelled(client, id).flags & HOLYSHEEP_FLAG_MAYBE_BILLED) == 0);
}

TEST_CASE("cancel: while it waits for capacity") {
  Mock mock(
      R"({"version":1,"endpoints":[{"name":"primary","default":{"status":429,"headers":{"Retry-After":"40"}}}]})");
  Client client(mock.config());
  const auto id = client.submit(Client::request(chat()));
  while (client.status().number("/calls/waiting") == 0)
    client.drain(1);
  cancelled(client, id);
}

TEST_CASE("cancel: while it waits for a connection") {
  Mock mock(
      R"({"version":1,"endpoints":[{"name":"primary","default":{"stall":"before_headers"}}]})");
  Client client(mock.config(R"(,"limits":{"connections_max":1})"));
  const auto first = client.submit(Client::request(chat()));
  mock.await("primary", 1);
  const auto second = client.submit(Client::request(chat()));
  while (client.status().number("/calls/waiting") == 0)
    client.drain(1);
  REQUIRE(holysheep_cancel(client.get(), second) == HOLYSHEEP_OK);
  REQUIRE(client.wait(second).status == HOLYSHEEP_E_CANCELLED);
  REQUIRE(mock.count() == 1);
  cancelled(client, first);
}

TEST_CASE("cancel: while it streams, and while it is paused") {
  const bool paused = GENERATE(false, true);
  Mock mock(R"({"version":1,"endpoints":[{"name":"primary","default":{"tokens":50000}}]})");
  Client client(mock.config(R"(,"stream_credit_bytes":65536)"));
  const auto id = client.submit(Client::request(chat("gpt-4.1", true)));
  while (client.of(id).pieces.empty())
    REQUIRE(client.drain(kPatienceMs, !paused));
  if (paused) {
    while (client.drain(200, false)) {
    }
  }
  REQUIRE(holysheep_cancel(client.get(), id) == HOLYSHEEP_OK);
  while (client.of(id).dones == 0)
    REQUIRE(client.drain(kPatienceMs, false));
  REQUIRE(client.of(id).status == HOLYSHEEP_E_CANCELLED);
  nothing_in_flight(client);
}

TEST_CASE("close: every call gets its DONE, later submits are refused, join returns") {
  Mock mock(three(R"({"default":{"stall":"before_headers"}})"));
  Client client(mock.config());
  std::vector<holysheep_request_id> ids;
  for (int i = 0; i < 20; ++i)
    ids.push_back(client.submit(Client::request(chat())));
  REQUIRE(holysheep_client_join(client.get(), 0) == HOLYSHEEP_E_INVALID_ARGUMENT);
  holysheep_client_close(client.get());
  holysheep_client_close(client.get());
  for (const auto id : ids)
    REQUIRE(client.wait(id).status == HOLYSHEEP_E_CANCELLED);
  REQUIRE(client.refused(Client::request(chat())).status == HOLYSHEEP_E_CLOSED);
  REQUIRE(holysheep_client_join(client.get(), kPatienceMs) == HOLYSHEEP_OK);
}

TEST_CASE("drain: running calls finish, waiting ones end with retry_after, new ones are refused") {
  Mock mock(
      three(R"({"default":{"latency_ms":300}})",
            R"({"models":["limited"],"default":{"status":429,"headers":{"Retry-After":"30"}}})",
            R"({"refuse":true})"));
  Client client(mock.config());
  const auto limited = client.submit(Client::request(chat("limited"), R"({"allow":["backup-1"]})"));
  while (client.status().number("/calls/waiting") == 0)
    client.drain(1);
  const auto running = client.submit(Client::request(chat(), R"({"allow":["primary"]})"));
  mock.await("primary", 1);
  REQUIRE(holysheep_client_drain(client.get(), kPatienceMs) == HOLYSHEEP_OK);
  REQUIRE(client.wait(running).status == HOLYSHEEP_OK);
  const Outcome ended = client.wait(limited);
  REQUIRE(ended.status != HOLYSHEEP_OK);
  REQUIRE(ended.retry_after_ms > 0);
  REQUIRE(client.refused(Client::request(chat())).status == HOLYSHEEP_E_CLOSED);
}

TEST_CASE("waits: the longest time there is means without limit, not none") {
  Mock mock(three(R"({"default":{"latency_ms":50}})"));
  Client client(mock.config());
  const std::string body = chat();
  client.submit(Client::request(body));
  holysheep_batch* batch = nullptr;
  REQUIRE(holysheep_queue_drain(client.queue(), 0, INT64_MAX, &batch) == HOLYSHEEP_OK);
  holysheep_batch_free(batch);
  client.submit(Client::request(body));
  REQUIRE(holysheep_client_drain(client.get(), INT64_MAX) == HOLYSHEEP_OK);
  holysheep_client_close(client.get());
  REQUIRE(holysheep_client_join(client.get(), INT64_MAX) == HOLYSHEEP_OK);
}

TEST_CASE("drain: a call that was submitted just before is no waiting one") {
  Mock mock(three("{}"));
  for (int round = 0; round < 30; ++round) {
    Client client(mock.config(R"(,"isolated":true)"));
    const auto id = client.submit(Client::request(chat()));
    REQUIRE(holysheep_client_drain(client.get(), kPatienceMs) == HOLYSHEEP_OK);
    REQUIRE(client.wait(id).status == HOLYSHEEP_OK);
  }
}

TEST_CASE("drain: what is still running when the time is up is cancelled") {
  Mock mock(three(R"({"default":{"stall":"before_headers"}})"));
  Client client(mock.config());
  const auto id = client.submit(Client::request(chat()));
  mock.await("primary", 1);
  REQUIRE(holysheep_client_drain(client.get(), 20) == HOLYSHEEP_E_WAIT);
  REQUIRE(client.wait(id).status == HOLYSHEEP_E_CANCELLED);
}

TEST_CASE("free: a queue takes its calls with it, also one that nobody can give credit any more") {
  Mock mock(three(R"({"default":{"stall":"before_headers"}})",
                  R"({"default":{"tokens":20000,"token_ms":0}})"));
  Client client(mock.config(R"(,"isolated":true,"stream_credit_bytes":4096)"));
  holysheep_queue* queue = nullptr;
  REQUIRE(holysheep_queue_new(&queue) == HOLYSHEEP_OK);
  const std::string body = chat();
  const std::string stream = chat("gpt-4.1", true);
  const std::string_view on_backup = R"({"endpoint":"backup-1"})";
  const holysheep_request waiting = Client::request(body);
  const holysheep_request paused = Client::request(stream, on_backup);
  holysheep_request_id id = 0;
  REQUIRE(holysheep_submit(client.get(), queue, &waiting, &id, nullptr) == HOLYSHEEP_OK);
  REQUIRE(holysheep_submit(client.get(), queue, &paused, &id, nullptr) == HOLYSHEEP_OK);
  mock.await("primary", 1);
  holysheep_batch* batch = nullptr;
  REQUIRE(holysheep_queue_drain(queue, 0, kPatienceMs, &batch) == HOLYSHEEP_OK);
  holysheep_batch_free(batch);
  holysheep_queue_free(queue);
  // Neither would ever end by itself.
  REQUIRE(holysheep_client_drain(client.get(), kPatienceMs) == HOLYSHEEP_OK);
}

TEST_CASE("free: in any order, with calls in flight, never blocks, and ends the calls") {
  Mock mock(three(R"({"default":{"stall":"before_headers"}})"));
  const std::string config = mock.config();
  Client other(config);  // a handle on the same engine, which outlives the others
  const std::string body = chat();
  const holysheep_request request = Client::request(body);
  for (int round = 0; round < 20; ++round) {
    holysheep_client* client = nullptr;
    holysheep_queue* queue = nullptr;
    REQUIRE(holysheep_client_open(config.data(), config.size(), &client, nullptr) == HOLYSHEEP_OK);
    REQUIRE(holysheep_queue_new(&queue) == HOLYSHEEP_OK);
    holysheep_request_id id = 0;
    for (int i = 0; i < 5; ++i) {
      REQUIRE(holysheep_submit(client, queue, &request, &id, nullptr) == HOLYSHEEP_OK);
    }
    mock.await("primary", 5 * (round + 1));
    REQUIRE(other.status().number("/calls/in_flight") == 5);
    const auto begin = std::chrono::steady_clock::now();
    if (round % 2 == 0) {
      holysheep_queue_free(queue);
      holysheep_client_free(client);
    } else {
      holysheep_client_free(client);
      holysheep_queue_free(queue);
    }
    const auto patience = std::chrono::milliseconds(kPatienceMs);
    do {
      REQUIRE(std::chrono::steady_clock::now() - begin < patience);
      other.drain(1);
    } while (other.status().number("/calls/in_flight") > 0);
  }
  // By the time of this call's DONE the others have given back all that they had.
  cancelled(other, other.submit(request));
}

TEST_CASE("call: blocking, from many threads on one client") {
  Mock mock(three(R"({"default":{"latency_ms":1}})"));
  Client client(mock.config());
  std::vector<std::thread> threads;
  std::atomic<int> good{0};
  for (int i = 0; i < 16; ++i) {
    threads.emplace_back([&] {
      const std::string body = chat();
      const holysheep_request request = Client::request(body);
      for (int k = 0; k < 20; ++k) {
        holysheep_batch* batch = nullptr;
        if (holysheep_call(client.get(), &request, &batch, nullptr) == HOLYSHEEP_OK) ++good;
        holysheep_batch_free(batch);
      }
    });
  }
  for (std::thread& each : threads)
    each.join();
  REQUIRE(good == 320);
  nothing_in_flight(client);
}

TEST_CASE("call: interrupted by close from another thread") {
  Mock mock(three(R"({"default":{"stall":"before_headers"}})"));
  Client client(mock.config());
  std::thread closer([&] {
    mock.await("primary", 1);
    holysheep_client_close(client.get());
  });
  const std::string body = chat();
  const holysheep_request request = Client::request(body);
  holysheep_batch* batch = nullptr;
  holysheep_error error = HOLYSHEEP_ERROR_INIT;
  REQUIRE(holysheep_call(client.get(), &request, &batch, &error) == HOLYSHEEP_E_CANCELLED);
  REQUIRE(error.status == HOLYSHEEP_E_CANCELLED);
  holysheep_batch_free(batch);
  closer.join();
}

TEST_CASE("drain: when it returns, the last DONE is in the queue") {
  Mock mock(three("{}"));
  const std::string body = chat();
  for (int round = 0; round < 200; ++round) {
    Client client(mock.config());
    const auto id = client.submit(Client::request(body));
    REQUIRE(holysheep_client_drain(client.get(), kPatienceMs) == HOLYSHEEP_OK);
    client.drain(0);
    REQUIRE(client.of(id).dones == 1);
  }
}

TEST_CASE(
    "drain: a call that would begin to wait while it drains ends at once, and says until when") {
  const char* limited =
      R"({"default":{"status":429,"latency_ms":200,"headers":{"Retry-After":"30"}}})";
  Mock mock(three(limited, limited, limited));
  Client client(mock.config());
  const auto id = client.submit(Client::request(chat()));
  mock.await("primary", 1);
  REQUIRE(holysheep_client_drain(client.get(), kPatienceMs) == HOLYSHEEP_OK);
  const Outcome outcome = client.wait(id);
  REQUIRE(outcome.status == HOLYSHEEP_E_CLOSED);
  REQUIRE(outcome.retry_after_ms > 28'000);
}
