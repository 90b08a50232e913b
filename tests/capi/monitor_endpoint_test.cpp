// The monitor endpoint while calls flow and while its client goes: for the sanitizers above all.
// What it answers is tested by tests/monitor.

#include <atomic>
#include <memory>
#include <thread>

#include "monitor_reader.h"

using namespace capi_test;

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

TEST_CASE("monitor: webhook and status page are asked while calls fail and their client goes") {
  Mock helper(R"({"version":1,"endpoints":[{"name":"helper"}]})");
  const std::string url = Json(helper.config()).text("/endpoints/0/url");
  const std::string_view broken = R"({"default":{"status":500}})";
  Mock mock(three(R"({"default":{"status":429,"headers":{"Retry-After":"30"}}})", broken, broken));
  Client client(mock.config(R"(,"isolated":true,"max_wait_ms":0,"monitor":{"alert_threshold":1,)"
                            R"("check_service":true,"status_page_url":")" +
                            url + R"(","webhook":{"url":")" + url + R"(/hook"}})"));
  const Outcome failed = client.call();
  REQUIRE(failed.status != HOLYSHEEP_OK);
  REQUIRE((failed.flags & HOLYSHEEP_FLAG_ALL_ENDPOINTS_FAILED) != 0);
  REQUIRE(failed.message.find("the status page " + url) != std::string::npos);
  helper.await("helper", 2);  // the page and the first alert
  for (int i = 0; i < 20; ++i)
    client.call();
  holysheep_client_close(client.get());
  REQUIRE(holysheep_client_join(client.get(), kPatienceMs) == HOLYSHEEP_OK);
}
