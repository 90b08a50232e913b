// Bad input gets a clear error that names the field, before anything is sent.

#include <cstring>

#include "fixture.h"

using namespace capi_test;

namespace {

holysheep_error open_error(const std::string& config) {
  holysheep_client* client = nullptr;
  holysheep_error error = HOLYSHEEP_ERROR_INIT;
  const holysheep_status status =
      holysheep_client_open(config.data(), config.size(), &client, &error);
  INFO(config);
  REQUIRE(status != HOLYSHEEP_OK);
  REQUIRE(client == nullptr);
  REQUIRE(error.status == status);
  return error;
}

bool says(const holysheep_error& error, const char* text) {
  INFO(error.message);
  return std::strstr(error.message, text) != nullptr;
}

}  // namespace

TEST_CASE("refusal: configuration errors name the path and the nearest name") {
  const auto [config, text] = GENERATE(
      std::pair<const char*, const char*>{
          R"({"version":1,"api_key":"k-12345","endpoints":[{"name":"a","url":"https://a.example/v1","prioritty":1}]})",
          "endpoints[0].prioritty"},
      std::pair<const char*, const char*>{R"({"version":1,"api_key":"k-12345","polcy":"smart"})",
                                          "policy"},
      std::pair<const char*, const char*>{R"({"version":2,"api_key":"k-12345"})", "version"},
      std::pair<const char*, const char*>{
          R"({"version":1,"api_key":"k-12345","limits":{"calls_max":"many"}})", "limits.calls_max"},
      std::pair<const char*, const char*>{R"({"version":1)", "line"},
      std::pair<const char*, const char*>{
          R"({"version":1,"api_key":"k-12345","base_url":"ftp://x/"})", "base_url"});
  const holysheep_error error = open_error(config);
  REQUIRE(error.status == HOLYSHEEP_E_CONFIG);
  REQUIRE(says(error, text));
  REQUIRE_FALSE(says(error, "k-12345"));
}

TEST_CASE("refusal: a key that would go to a second host without being told to") {
  const holysheep_error error = open_error(
      R"({"version":1,"api_key":"k-12345","endpoints":["https://a.example/v1","https://b.example/v1"]})");
  REQUIRE(error.status == HOLYSHEEP_E_CONFIG);
  REQUIRE(says(error, "endpoints[1]"));
  REQUIRE(says(error, "share_key"));
}

TEST_CASE("refusal: a key over plain http to a public address") {
  const holysheep_error error =
      open_error(R"({"version":1,"api_key":"k-12345","base_url":"http://198.51.100.7/v1"})");
  REQUIRE(error.status == HOLYSHEEP_E_CONFIG);
  REQUIRE(says(error, "allow_insecure"));
}

TEST_CASE("refusal: requests that cannot be sent") {
  Mock mock(three("{}"));
  Client client(mock.config());
  const std::string good = chat();
  SECTION("a body that is no JSON") {
    const std::string body = "{\"model\":";
    REQUIRE(client.refused(Client::request(body)).status == HOLYSHEEP_E_REQUEST);
  }
  SECTION("options with an unknown key") {
    const auto error = client.refused(Client::request(good, R"({"max_atempts":3})"));
    REQUIRE(error.status == HOLYSHEEP_E_REQUEST);
    REQUIRE(says(error, "max_atempts"));
  }
  SECTION("an allow that leaves nothing") {
    const auto error = client.refused(Client::request(good, R"({"allow":["region:mars"]})"));
    REQUIRE(error.status == HOLYSHEEP_E_NO_ROUTE);
  }
  SECTION("a header that would begin another") {
    holysheep_request request = Client::request(good);
    request.headers = "X-A: b\r\nHost: elsewhere\n";
    REQUIRE(client.refused(request).status == HOLYSHEEP_E_REQUEST);
  }
  SECTION("a path that leaves the base") {
    holysheep_request request = Client::request(good);
    request.path = "/../admin";
    REQUIRE(client.refused(request).status == HOLYSHEEP_E_REQUEST);
  }
  SECTION("stream in the body and not in the request") {
    const std::string body = chat("m", true);
    holysheep_request request = Client::request(body);
    request.stream = HOLYSHEEP_STREAM_NONE;
    REQUIRE(client.refused(request).status == HOLYSHEEP_E_REQUEST);
  }
  SECTION("NULL and sizes that cannot be") {
    holysheep_request request = HOLYSHEEP_REQUEST_INIT;
    request.struct_size = 0;
    REQUIRE(client.refused(request).status == HOLYSHEEP_E_INVALID_ARGUMENT);
    holysheep_request_id id = 0;
    REQUIRE(holysheep_submit(nullptr, client.queue(), &request, &id, nullptr) ==
            HOLYSHEEP_E_INVALID_ARGUMENT);
    REQUIRE(holysheep_client_status(nullptr, nullptr) == HOLYSHEEP_E_INVALID_ARGUMENT);
    REQUIRE(holysheep_batch_count(nullptr) == 0);
    holysheep_batch_free(nullptr);
    holysheep_text_free(nullptr);
    holysheep_client_free(nullptr);
    holysheep_queue_free(nullptr);
    holysheep_mock_free(nullptr);
  }
  REQUIRE(mock.count() == 0);
}

TEST_CASE("refusal: calls above the limit are refused at once, the others are served") {
  Mock mock(R"({"version":1,"endpoints":[{"name":"primary","default":{"latency_ms":50}}]})");
  Client client(mock.config(R"(,"limits":{"calls_max":100})"));
  const std::string body = chat();
  const holysheep_request request = Client::request(body);
  std::vector<holysheep_request_id> accepted;
  int refused = 0;
  for (int i = 0; i < 10'100; ++i) {
    holysheep_request_id id = 0;
    holysheep_error error = HOLYSHEEP_ERROR_INIT;
    const auto status = holysheep_submit(client.get(), client.queue(), &request, &id, &error);
    if (status == HOLYSHEEP_OK) {
      accepted.push_back(id);
      continue;
    }
    REQUIRE(status == HOLYSHEEP_E_LIMIT);
    REQUIRE(says(error, "limits.calls_max"));
    ++refused;
  }
  REQUIRE(accepted.size() >= 100);
  REQUIRE(refused > 0);
  for (const auto id : accepted)
    REQUIRE(client.wait(id).status == HOLYSHEEP_OK);
}

TEST_CASE("refusal: huge headers and bodies end the attempt with the limit's name") {
  SECTION("header") {
    Mock mock(three(R"({"default":{"headers":{"X-Huge":")" + std::string(60'000, 'x') + R"("}}})"));
    Client client(mock.config(R"(,"limits":{"header_bytes_max":16384})"));
    const Outcome outcome = client.call();
    INFO(outcome.meta);
    REQUIRE(outcome.status == HOLYSHEEP_OK);
    REQUIRE(Json(outcome.meta).text("/trace/0/transport") == "header_too_large");
  }
  SECTION("body") {
    Mock mock(three(R"({"default":{"tokens":100000}})"));
    Client client(mock.config(R"(,"limits":{"body_bytes_max":65536})"));
    const Outcome outcome = client.call();
    INFO(outcome.meta);
    // It would be as large elsewhere, and be billed again.
    REQUIRE(outcome.status == HOLYSHEEP_E_LIMIT);
    REQUIRE(outcome.message.starts_with("limits.body_bytes_max"));
  }
  SECTION("error page") {
    Mock mock(three(R"({"default":{"status":500,"body":")" + std::string(100'000, 'x') + R"("}})"));
    Client client(mock.config(R"(,"retry":{"max_attempts":1})"));
    const Outcome outcome = client.call();
    REQUIRE(outcome.status == HOLYSHEEP_E_INTERNAL_SERVER);
    REQUIRE(outcome.body.size() == 65'536);
  }
  SECTION("server-sent event") {
    Mock mock(
        three(R"({"default":{"events":["{\"choices\":[{\"delta\":{\"content\":\"\"}}],\"x\":\")" +
              std::string(100'000, 'x') + R"(\"}"]}})"));
    Client client(mock.config(R"(,"limits":{"event_bytes_max":16384})"));
    const Outcome outcome = client.call(chat("m", true));
    INFO(outcome.meta);
    REQUIRE(outcome.status == HOLYSHEEP_OK);
    REQUIRE(outcome.endpoint() == "backup-1");
  }
  SECTION("server-sent event, from everybody") {
    const std::string huge = R"({"default":{"events":["{\"choices\":[{\"delta\":{\"content\":\")" +
                             std::string(100'000, 'x') + R"(\"}}]}"]}})";
    Mock mock(three(huge, huge, huge));
    Client client(mock.config(R"(,"limits":{"event_bytes_max":16384})"));
    const Outcome outcome = client.call(chat("m", true));
    INFO(outcome.meta);
    // One endpoint may send garbage; what two of them say is the answer.
    REQUIRE(outcome.status == HOLYSHEEP_E_LIMIT);
    REQUIRE(outcome.message.starts_with("limits.event_bytes_max"));
    REQUIRE(mock.count() == 2);
  }
}

TEST_CASE("refusal: a model without a price is served, at a cost that is null") {
  Mock mock(three("{}"));
  Client client(mock.config(R"(,"prices":{"priced":{"input":"2","output":"8"}})"));
  REQUIRE(Json(client.call(chat("unpriced")).meta).at("/cost_nano_usd").is_null());
  const Json priced(client.call(chat("priced")).meta);
  REQUIRE(priced.number("/cost_nano_usd") ==
          2'000 * priced.number("/usage/input") + 8'000 * priced.number("/usage/output"));
}

TEST_CASE("refusal: a key given with a call goes only where the client's key may go") {
  Mock mock(three(R"({"default":{"status":500}})"));
  std::string config = mock.config();
  // backup-1 has a key of its own, so that a call's key is not for it; backup-2 shares the
  // client's.
  const std::size_t at = config.find(R"("share_key":true)", config.find("backup-1"));
  config.replace(at, 16, R"("api_key":"other-key")");
  Client client(config);
  const std::string body = chat();
  holysheep_request request = Client::request(body);
  request.headers = "Authorization: Bearer callers-own-key";
  const Outcome outcome = client.call(request);
  INFO(outcome.meta);
  REQUIRE(outcome.status == HOLYSHEEP_OK);
  REQUIRE(outcome.endpoint() == "backup-2");
  REQUIRE(mock.count("backup-1") == 0);
  const Json requests = mock.requests();
  for (std::size_t i = 0; i < requests.size(""); ++i) {
    REQUIRE(requests.text("/" + std::to_string(i) + "/key") == "callers-own-key");
  }
}

TEST_CASE("secrets: no key, prompt or answer in errors, status, metrics, logs or traces") {
  const char* echo =
      R"({"default":{"status":401,"body":{"error":{"message":"Incorrect API key provided: mock-key","type":"invalid_request_error","code":"invalid_api_key"}}}})";
  Mock mock(three(echo, echo, echo));
  Client client(mock.config(R"(,"headers":{"X-Tenant":"tenant-secret"})"));
  holysheep_queue* logs = nullptr;
  REQUIRE(holysheep_queue_new(&logs) == HOLYSHEEP_OK);
  REQUIRE(holysheep_client_log(client.get(), logs, HOLYSHEEP_LOG_DEBUG) == HOLYSHEEP_OK);
  const Outcome outcome = client.call();
  REQUIRE(outcome.status == HOLYSHEEP_E_AUTHENTICATION);
  std::string seen = outcome.message + outcome.meta + client.status().source();
  holysheep_text* text = nullptr;
  REQUIRE(holysheep_client_metrics(client.get(), &text) == HOLYSHEEP_OK);
  seen += take(text);
  REQUIRE(holysheep_client_config(client.get(), &text) == HOLYSHEEP_OK);
  seen += take(text);
  // An attempt, its failure, the call's failure.
  for (std::size_t records = 0; records < 3;) {
    holysheep_batch* batch = nullptr;
    REQUIRE(holysheep_queue_drain(logs, 0, kPatienceMs, &batch) == HOLYSHEEP_OK);
    for (std::size_t i = 0; i < holysheep_batch_count(batch); ++i, ++records) {
      holysheep_event event = HOLYSHEEP_EVENT_INIT;
      REQUIRE(holysheep_batch_event(batch, i, &event) == HOLYSHEEP_OK);
      REQUIRE(event.kind == HOLYSHEEP_EVENT_LOG);
      seen.append(event.data, event.data_size);
    }
    holysheep_batch_free(batch);
  }
  holysheep_queue_free(logs);
  INFO(seen);
  REQUIRE(seen.find("mock-key") == std::string::npos);
  REQUIRE(seen.find("tenant-secret") == std::string::npos);
  REQUIRE(seen.find("a prompt nobody may log") == std::string::npos);
  // The body is an attribute, untouched.
  REQUIRE(outcome.body.find("Incorrect API key") != std::string::npos);
}

TEST_CASE("refusal: a struct that ends inside a field is read up to it") {
  Mock mock(R"({"version":1,"endpoints":[{"name":"primary"}]})");
  Client client(mock.config());
  const std::string body = chat();
  holysheep_request request = Client::request(body);
  request.headers = "X-Own: 1";
  for (const std::uint32_t size : {57u, 60u, 63u}) {
    request.struct_size = size;  // ends inside `body`
    holysheep_error error = HOLYSHEEP_ERROR_INIT;
    holysheep_request_id id = 0;
    // Without its body a chat request is refused, not read from half a pointer.
    REQUIRE(holysheep_submit(client.get(), client.queue(), &request, &id, &error) ==
            HOLYSHEEP_E_REQUEST);
  }
}

TEST_CASE("refusal: sizes and times that cannot be are named") {
  holysheep_error error = HOLYSHEEP_ERROR_INIT;
  holysheep_client* none = nullptr;
  REQUIRE(holysheep_client_open("{}", static_cast<std::size_t>(-2), &none, &error) ==
          HOLYSHEEP_E_INVALID_ARGUMENT);
  REQUIRE(std::string(error.message) == "config_size: larger than any text can be");
  REQUIRE(holysheep_client_open(nullptr, 5, &none, &error) == HOLYSHEEP_E_INVALID_ARGUMENT);
  REQUIRE(std::string(error.message) == "config: NULL with a size");
  Mock mock(R"({"version":1,"endpoints":[{"name":"primary"}]})");
  Client client(mock.config());
  REQUIRE(holysheep_mock_clock_advance(client.get(), INT64_MAX) == HOLYSHEEP_E_INVALID_ARGUMENT);
  REQUIRE(client.call().status == HOLYSHEEP_OK);
}
