// Calls above connections_max: they wait where they can still go anywhere.

#include "fixture.h"

using namespace capi_test;

namespace {

constexpr const char* kStallsOnce = R"({"replies":[{"stall":"before_headers"}]})";

// Every endpoint of the configuration gets `members`: client settings beside the mock's.
std::string with_settings(std::string config, std::string_view members) {
  const std::string_view name = R"("name":)";
  for (std::size_t at = config.find(name); at != std::string::npos;
       at = config.find(name, at + members.size() + name.size() + 1)) {
    config.insert(at, std::string(members) + ",");
  }
  return config;
}

// All connections are in use by calls that are never answered, one per endpoint.
struct Full {
  Full() {
    for (const char* endpoint : {"primary", "backup-1", "backup-2"}) {
      busy.push_back(client.submit(Client::request(body)));
      mock.await(endpoint, 1);
    }
  }
  holysheep_request_id submit(std::string_view options = {}) {
    return client.submit(Client::request(body, options));
  }
  void await_waiting(std::int64_t count) {
    while (client.status().number("/calls/waiting") != count) {
    }
  }
  void end(std::size_t call) {
    REQUIRE(holysheep_cancel(client.get(), busy[call]) == HOLYSHEEP_OK);
    REQUIRE(client.wait(busy[call]).status == HOLYSHEEP_E_CANCELLED);
  }

  std::string body = chat();
  Mock mock{three(kStallsOnce, kStallsOnce, kStallsOnce)};
  Client client{with_settings(mock.config(R"(,"isolated":true)"), R"("connections_max":1)")};
  std::vector<holysheep_request_id> busy;
};

}  // namespace

TEST_CASE("room: a call that waits for a connection goes where one comes free first") {
  Full pool;
  const auto first = pool.submit();
  const auto second = pool.submit();
  pool.await_waiting(2);
  pool.end(1);
  for (const auto id : {first, second}) {
    const Outcome outcome = pool.client.wait(id);
    INFO(outcome.meta);
    REQUIRE(outcome.status == HOLYSHEEP_OK);
    REQUIRE(outcome.route() == "backup-1:ok");
    REQUIRE(Json(outcome.meta).text("/trace/0/others/0/reason") == "no connection free");
  }
  REQUIRE(pool.mock.count("primary") == 1);
  REQUIRE(pool.mock.count("backup-2") == 1);
}

TEST_CASE("room: a call goes only where it may, and lets others pass while it waits") {
  Full pool;
  const auto only_there = pool.submit(R"({"allow":["primary"]})");
  pool.await_waiting(1);
  const auto anywhere = pool.submit();
  pool.await_waiting(2);
  pool.end(2);
  REQUIRE(pool.client.wait(anywhere).endpoint() == "backup-2");
  REQUIRE(pool.client.status().number("/calls/waiting") == 1);
  pool.end(0);
  REQUIRE(pool.client.wait(only_there).endpoint() == "primary");
}

TEST_CASE("room: what waits for a connection can be cancelled, drained and timed out") {
  Full pool;
  SECTION("cancel") {
    const auto waiting = pool.submit();
    pool.await_waiting(1);
    REQUIRE(holysheep_cancel(pool.client.get(), waiting) == HOLYSHEEP_OK);
    REQUIRE(pool.client.wait(waiting).status == HOLYSHEEP_E_CANCELLED);
  }
  SECTION("drain") {
    const auto waiting = pool.submit();
    pool.await_waiting(1);
    holysheep_client_drain(pool.client.get(), 0);
    const Outcome outcome = pool.client.wait(waiting);
    REQUIRE(outcome.status == HOLYSHEEP_E_CLOSED);
    REQUIRE(outcome.retry_after_ms == -1);  // nobody knows
    REQUIRE((outcome.flags & HOLYSHEEP_FLAG_NOTHING_SENT) != 0);
  }
  SECTION("max_wait_ms") {
    const Outcome outcome = pool.client.wait(pool.submit(R"({"max_wait_ms":0})"));
    INFO(outcome.message);
    REQUIRE(outcome.status == HOLYSHEEP_E_LIMIT);
    REQUIRE(outcome.message.starts_with("limits.connections_max"));
    REQUIRE((outcome.flags & HOLYSHEEP_FLAG_NOTHING_SENT) != 0);
  }
  SECTION("total") {
    const auto waiting = pool.submit();
    pool.await_waiting(1);
    pool.client.advance(3'600'000);
    REQUIRE(pool.client.wait(waiting).status != HOLYSHEEP_OK);
  }
  REQUIRE(pool.client.status().number("/calls/waiting") == 0);
  REQUIRE(pool.mock.count() == 3);
}

TEST_CASE("room: another endpoint's long cooldown does not end the wait for a connection") {
  Full pool;
  pool.end(0);
  pool.mock.set("primary", R"({"default":{"status":429,"headers":{"Retry-After":"600"}}})");
  const auto first = pool.submit(R"({"allow":["primary"],"max_wait_ms":0})");
  REQUIRE(pool.client.wait(first).status == HOLYSHEEP_E_RATE_LIMIT);
  const auto waiting = pool.submit();
  pool.await_waiting(1);
  pool.end(1);
  REQUIRE(pool.client.wait(waiting).route() == "backup-1:ok");
}

TEST_CASE("room: who waits is told when the route closes") {
  constexpr int kCalls = 6;
  SECTION("a refused key ends them all, at once") {
    Mock mock(R"({"version":1,"endpoints":[{"name":"primary","key":"another"}]})");
    Client client(with_settings(mock.config(R"(,"isolated":true)"), R"("connections_max":2)"));
    const std::string body = chat();
    std::vector<holysheep_request_id> ids;
    for (int i = 0; i < kCalls; ++i)
      ids.push_back(client.submit(Client::request(body)));
    for (const auto id : ids)
      REQUIRE(client.wait(id).status == HOLYSHEEP_E_AUTHENTICATION);
    REQUIRE(mock.count() <= 2);
  }
  SECTION("a breaker that has opened lets the next one try it") {
    Mock mock(
        R"({"version":1,"endpoints":[{"name":"primary","replies":[{"status":500,"times":4}]}]})");
    Client client(with_settings(mock.config(R"(,"isolated":true,"retry":{"max_attempts":1})"),
                                R"("connections_max":2)"));
    const std::string body = chat();
    std::vector<holysheep_request_id> ids;
    for (int i = 0; i < 3 * kCalls; ++i)
      ids.push_back(client.submit(Client::request(body)));
    int served = 0;
    for (const auto id : ids)
      served += client.wait(id).status == HOLYSHEEP_OK ? 1 : 0;
    REQUIRE(served == 3 * kCalls - 4);
  }
}

TEST_CASE("room: a breaker that opened before keeps nobody from a connection that comes free") {
  Mock mock(
      R"({"version":1,"endpoints":[{"name":"primary","replies":[{"status":500,"times":3},{"latency_ms":100}]}]})");
  Client client(with_settings(mock.config(R"(,"isolated":true,"retry":{"max_attempts":1})"),
                              R"("connections_max":1)"));
  for (int i = 0; i < 3; ++i)
    REQUIRE(client.call(chat("one")).status == HOLYSHEEP_E_INTERNAL_SERVER);
  const std::string other = chat("two");
  const std::string body = chat("one");
  const auto busy = client.submit(Client::request(other));
  mock.await("primary", 4);
  std::vector<holysheep_request_id> ids;
  for (int i = 0; i < 3; ++i)
    ids.push_back(client.submit(Client::request(body, R"({"max_wait_ms":15000})")));
  REQUIRE(client.wait(busy).status == HOLYSHEEP_OK);
  for (const auto id : ids)
    REQUIRE(client.wait(id).status == HOLYSHEEP_OK);
}

TEST_CASE("room: the client's own limit sends nobody to a worse endpoint") {
  constexpr int kCalls = 40;
  Mock mock(three(R"({"default":{"latency_ms":1}})"));
  std::string config = mock.config(R"(,"isolated":true,"limits":{"connections_max":4})");
  for (const char* name : {"backup-1", "backup-2"}) {
    const std::string text = R"("name":")" + std::string(name) + "\"";
    config.insert(config.find(text), R"("priority":1,)");
  }
  Client client(config);
  // Until its first answer nobody knows whether primary lives.
  REQUIRE(client.call().status == HOLYSHEEP_OK);
  const std::string body = chat();
  std::vector<holysheep_request_id> ids;
  for (int i = 0; i < kCalls; ++i)
    ids.push_back(client.submit(Client::request(body)));
  for (const auto id : ids)
    REQUIRE(client.wait(id).status == HOLYSHEEP_OK);
  REQUIRE(mock.count("primary") == 1 + kCalls);
}

TEST_CASE("room: attempts at a host that cannot be reached are not begun again and again") {
  constexpr int kCalls = 100;
  Mock mock(three(R"({"refuse":true})"));
  Client client(mock.config(R"(,"isolated":true,"breaker":false,"retry":{"max_attempts":1})"));
  holysheep_queue* logs = nullptr;
  REQUIRE(holysheep_queue_new(&logs) == HOLYSHEEP_OK);
  REQUIRE(holysheep_client_log(client.get(), logs, HOLYSHEEP_LOG_INFO) == HOLYSHEEP_OK);
  const std::string body = chat();
  std::vector<holysheep_request_id> ids;
  for (int i = 0; i < kCalls; ++i)
    ids.push_back(client.submit(Client::request(body, R"({"allow":["primary"]})")));
  for (const auto id : ids)
    REQUIRE(client.wait(id).status == HOLYSHEEP_E_CONNECTION);
  int begun = 0;
  holysheep_batch* batch = nullptr;
  while (holysheep_queue_drain(logs, 0, 0, &batch) == HOLYSHEEP_OK) {
    for (std::size_t i = 0; i < holysheep_batch_count(batch); ++i) {
      holysheep_event event = HOLYSHEEP_EVENT_INIT;
      holysheep_batch_event(batch, i, &event);
      const std::string_view record(event.data, event.data_size);
      begun += record.find(R"("message":"attempt")") != std::string_view::npos ? 1 : 0;
    }
    holysheep_batch_free(batch);
  }
  holysheep_queue_free(logs);
  REQUIRE(begun >= kCalls);
  REQUIRE(begun <= 2 * kCalls);
}

TEST_CASE("room: nothing that waits is sent to an endpoint that has been limited meanwhile") {
  // Two connections in all. One call has the first, to primary; one has the second, to backup-1;
  // a third waits in primary's line when primary says 429.
  Mock mock(three(R"({"default":{"latency_ms":200,"status":429,"headers":{"Retry-After":"30"}}})",
                  R"({"replies":[{"stall":"before_headers"}]})"));
  Client client(mock.config(R"(,"isolated":true,"limits":{"connections_max":2})"));
  const std::string body = chat();
  const auto busy = client.submit(Client::request(body, R"({"endpoint":"backup-1"})"));
  mock.await("backup-1", 1);
  const auto limited = client.submit(Client::request(body));
  const auto waiting = client.submit(Client::request(body));
  const Outcome moved = client.wait(waiting);
  INFO(moved.meta);
  REQUIRE(moved.status == HOLYSHEEP_OK);
  REQUIRE(moved.attempts == 1);
  REQUIRE(client.wait(limited).status == HOLYSHEEP_OK);
  REQUIRE(mock.count("primary") == 1);
  REQUIRE(client.status().number("/endpoints/0/attempts") == 1);
  REQUIRE(holysheep_cancel(client.get(), busy) == HOLYSHEEP_OK);
  client.wait(busy);
}
