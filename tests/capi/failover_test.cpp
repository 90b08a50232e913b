// What a caller never notices: 429s, refusals and broken answers, over real sockets.

#include "fixture.h"

using namespace capi_test;

TEST_CASE(
    "failover: a 429 with Retry-After moves the call, and rests the endpoint as long as it says") {
  Mock mock(three(R"({"replies":[{"status":429,"headers":{"Retry-After":"30"}}]})"));
  Client client(mock.config());
  const Outcome first = client.call();
  REQUIRE(first.status == HOLYSHEEP_OK);
  REQUIRE(first.route() == "primary:rate_limited,backup-1:ok");
  REQUIRE(client.status_of(0) == "rate_limited");
  const std::int64_t left = client.status().number("/endpoints/0/remaining_ms");
  REQUIRE(left > 29'000);
  REQUIRE(left <= 30'000);
  for (int i = 0; i < 5; ++i)
    REQUIRE(client.call().endpoint() == "backup-1");
  client.advance(left - 100);
  REQUIRE(client.call().endpoint() == "backup-1");
  REQUIRE(mock.count("primary") == 1);
  client.advance(200);
  REQUIRE(client.status_of(0) == "healthy");
  REQUIRE(client.call().endpoint() == "primary");
}

TEST_CASE("failover: the document's error bodies do what they say") {
  SECTION("429 with retry_after in the body") {
    Mock mock(
        three(R"({"replies":[{"status":429,"body":{"error":{"message":"Rate limit exceeded for)"
              R"( model gpt-4.1 in region us-east-1.","type":"rate_limit_error","code":"429",)"
              R"("param":null,"retry_after":30}}}]})"));
    Client client(mock.config());
    REQUIRE(client.call().route() == "primary:rate_limited,backup-1:ok");
    const std::int64_t left = client.status().number("/endpoints/0/remaining_ms");
    REQUIRE(left > 29'000);
    REQUIRE(left <= 30'000);
  }
  SECTION("401 is final where all share the key") {
    Mock mock(three(R"({"replies":[{"status":401,"body":{"error":{"message":"Invalid API key )"
                    R"(provided.","type":"authentication_error","code":"401"}}}]})"));
    Client client(mock.config());
    const Outcome outcome = client.call();
    REQUIRE(outcome.status == HOLYSHEEP_E_AUTHENTICATION);
    REQUIRE(outcome.http_status == 401);
    REQUIRE(outcome.attempts == 1);
    REQUIRE(client.status_of(0) == "down");
    REQUIRE(mock.count() == 1);
  }
  SECTION("503 goes elsewhere at once") {
    Mock mock(three(R"({"replies":[{"status":503,"body":{"error":{"message":"The server is )"
                    R"(temporarily unavailable.","type":"server_error","code":"503"}}}]})"));
    Client client(mock.config());
    REQUIRE(client.call().route() == "primary:overloaded,backup-1:ok");
    REQUIRE(client.status_of(0) == "degraded");
  }
}

TEST_CASE(
    "failover: a refused key goes elsewhere only where the key differs, and a new key ends it") {
  Mock mock(three(R"({"key":"right-key"})", R"({"key":"other-key"})"));
  std::string config = mock.config();
  // backup-1 gets a key of its own.
  const std::size_t at = config.find(R"("share_key":true)", config.find("backup-1"));
  config.replace(at, 16, R"("api_key":"other-key")");
  Client client(config);
  REQUIRE(client.call().route() == "primary:auth,backup-1:ok");
  REQUIRE(client.call().route() == "backup-1:ok");
  holysheep_error error = HOLYSHEEP_ERROR_INIT;
  REQUIRE(holysheep_client_set_key(client.get(), nullptr, 0, "right-key", HOLYSHEEP_SIZE_NUL,
                                   &error) == HOLYSHEEP_OK);
  REQUIRE(client.call().route() == "primary:ok");
}

TEST_CASE("failover: every way in which an endpoint breaks before content moves the call") {
  const char* script =
      GENERATE(R"({"default":{"status":500}})", R"({"default":{"status":502,"html":true}})",
               R"({"default":{"status":529}})", R"({"default":{"cut":"before_headers"}})",
               R"({"default":{"cut":{"at":"before_headers","with":"reset"}}})",
               R"({"default":{"cut":"inside_headers"}})", R"({"default":{"cut":"inside_body"}})",
               R"({"default":{"garbage":"this is no HTTP at all\r\n\r\n"}})", R"({"refuse":true})",
               R"({"default":{"html":true}})", R"({"default":{"body":""}})",
               R"({"default":{"body":"{\"choices\":[{"}})",
               R"({"default":{"body":{"error":{"message":"overloaded","type":"server_error"}}}})");
  INFO(script);
  Mock mock(three(script));
  Client client(mock.config());
  const Outcome outcome = client.call();
  INFO(outcome.meta);
  REQUIRE(outcome.status == HOLYSHEEP_OK);
  REQUIRE(outcome.endpoint() == "backup-1");
  REQUIRE(client.status_of(0) == "degraded");
}

TEST_CASE("failover: a page in the place of an answer is no answer, whatever its status says") {
  const bool stream = GENERATE(false, true);
  Mock mock(three(R"({"default":{"html":true}})", R"({"default":{"html":true}})",
                  R"({"default":{"html":true}})"));
  Client client(mock.config());
  const Outcome outcome = client.call(chat("gpt-4.1", stream));
  INFO(outcome.message << outcome.meta);
  REQUIRE(outcome.status == HOLYSHEEP_E_RESPONSE);
  REQUIRE(outcome.http_status == 200);
}

TEST_CASE("failover: streams that break before the first token move unseen") {
  const char* script = GENERATE(
      R"({"default":{"status":429}})", R"({"default":{"cut":"after_headers"}})",
      R"({"default":{"in_band_error":{"after_tokens":0}}})",
      R"({"default":{"in_band_error":{"after_tokens":0,"done":true}}})",
      R"({"default":{"events":["[DONE]"]}})", R"({"default":{"events":["this is no JSON"]}})",
      R"({"default":{"html":true}})",
      R"({"default":{"stream":false,"body":{"error":{"message":"no","type":"server_error"}}}})");
  INFO(script);
  Mock mock(three(script));
  Client client(mock.config());
  const Outcome outcome = client.call(chat("gpt-4.1", true));
  INFO(outcome.meta);
  REQUIRE(outcome.status == HOLYSHEEP_OK);
  REQUIRE(outcome.headers == 1);
  REQUIRE(outcome.content() == "Hello from backup-1.");
}

TEST_CASE("failover: silence is ended by the limit that names it, and goes elsewhere") {
  struct Case {
    const char* script;
    bool stream;
    const char* limit;
    std::int64_t advance_ms;
  };
  const Case silent =
      GENERATE(Case{R"({"default":{"stall":"before_headers"}})", false, "response", 600'001},
               Case{R"({"default":{"stall":"inside_body"}})", false, "idle", 180'001},
               Case{R"({"default":{"stall":"before_headers"}})", true, "first_token", 300'001},
               Case{R"({"half_open":true})", true, "first_token", 300'001});
  INFO(silent.script << " " << silent.limit);
  Mock mock(three(silent.script));
  Client client(mock.config(R"(,"time_limits":{"total_ms":0})"));
  const auto id = client.submit(Client::request(chat("gpt-4.1", silent.stream)));
  if (std::string(silent.script).find("half_open") == std::string::npos) {
    mock.await("primary", 1);
  }
  // The answer's first half must have come before the clock is moved.
  while (!client.of(id).dones && client.status().number("/endpoints/1/attempts") == 0) {
    client.advance(silent.advance_ms);
  }
  const Outcome outcome = client.wait(id);
  INFO(outcome.meta);
  REQUIRE(outcome.status == HOLYSHEEP_OK);
  REQUIRE(outcome.endpoint() == "backup-1");
  REQUIRE(Json(outcome.meta).text("/trace/0/verdict") == "timeout");
}

TEST_CASE("failover: requests of the caller's making are final, and never sent elsewhere") {
  const auto [body, status] = GENERATE(
      std::pair<const char*, int>{
          R"({"status":400,"body":{"error":{"message":"bad temperature","type":"invalid_request_error","param":"temperature"}}})",
          HOLYSHEEP_E_BAD_REQUEST},
      std::pair<const char*, int>{
          R"({"status":400,"body":{"error":{"message":"filtered","type":"invalid_request_error","code":"content_filter"}}})",
          HOLYSHEEP_E_BAD_REQUEST},
      std::pair<const char*, int>{R"({"status":422,"body":{"error":{"message":"no"}}})",
                                  HOLYSHEEP_E_UNPROCESSABLE_ENTITY},
      std::pair<const char*, int>{
          R"({"status":302,"headers":{"Location":"https://elsewhere.example/"}})",
          HOLYSHEEP_E_API_STATUS});
  INFO(body);
  Mock mock(three(std::string(R"({"default":)") + body + "}"));
  Client client(mock.config());
  const Outcome outcome = client.call();
  INFO(outcome.meta);
  REQUIRE(outcome.status == status);
  REQUIRE(outcome.attempts == 1);
  REQUIRE(mock.count() == 1);
  REQUIRE(client.status_of(0) == "healthy");
  REQUIRE(outcome.message.find("prompt nobody") == std::string::npos);
}

TEST_CASE("failover: all limited, smart waits for the first to be free again") {
  const char* limited = R"({"replies":[{"status":429,"headers":{"Retry-After":"20"}}]})";
  Mock mock(
      three(limited, R"({"replies":[{"status":429,"headers":{"Retry-After":"5"}}]})", limited));
  Client client(mock.config());
  const auto id = client.submit(Client::request(chat()));
  mock.await("backup-2", 1);
  while (client.status().number("/calls/waiting") == 0)
    client.drain(1);
  client.advance(4'500);
  REQUIRE(mock.count() == 3);
  client.advance(1'000);
  const Outcome outcome = client.wait(id);
  REQUIRE(outcome.status == HOLYSHEEP_OK);
  REQUIRE(outcome.endpoint() == "backup-1");
  REQUIRE(outcome.attempts == 4);
}

TEST_CASE("failover: all limited and no time to wait fails at once, says when, and sends nothing") {
  const char* limited = R"({"default":{"status":429,"headers":{"Retry-After":"50"}}})";
  Mock mock(three(limited, limited, limited));
  Client client(mock.config());
  holysheep_request request = Client::request(chat());
  request.timeout_ms = 3'000;
  const std::string body = chat();
  request.body = body.data();
  request.body_size = body.size();
  const Outcome first = client.call(request);
  REQUIRE(first.status == HOLYSHEEP_E_RATE_LIMIT);
  REQUIRE(mock.count() == 3);
  const Outcome second = client.call(request);
  REQUIRE(second.status == HOLYSHEEP_E_RATE_LIMIT);
  REQUIRE(second.http_status == 429);
  REQUIRE(second.retry_after_ms > 48'000);
  REQUIRE(second.retry_after_ms <= 50'000);
  REQUIRE((second.flags & HOLYSHEEP_FLAG_NOTHING_SENT) != 0);
  REQUIRE((second.flags & HOLYSHEEP_FLAG_ALL_ENDPOINTS_FAILED) != 0);
  REQUIRE(second.attempts == 0);
  REQUIRE(mock.count() == 3);
}

TEST_CASE("failover: when everything fails the error tells what happened at each endpoint") {
  const char* broken = R"({"default":{"status":500}})";
  Mock mock(three(broken, broken, R"({"refuse":true})"));
  Client client(mock.config());
  const Outcome outcome = client.call();
  REQUIRE(outcome.status != HOLYSHEEP_OK);
  REQUIRE((outcome.flags & HOLYSHEEP_FLAG_ALL_ENDPOINTS_FAILED) != 0);
  REQUIRE(outcome.message.find("primary: 500 server_error") != std::string::npos);
  REQUIRE(outcome.message.find("backup-2: network (connect)") != std::string::npos);
  REQUIRE(outcome.message.find("mock-key") == std::string::npos);
}

TEST_CASE("failover: the backup model follows the last endpoint") {
  Mock mock(three(R"({"models":["small"]})", R"({"models":["small"]})", R"({"models":["small"]})"));
  Client client(mock.config(R"(,"fallback_models":["small"])"));
  const Outcome outcome = client.call(chat("large"));
  INFO(outcome.meta);
  REQUIRE(outcome.status == HOLYSHEEP_OK);
  REQUIRE(Json(outcome.meta).text("/model") == "large");
  REQUIRE(Json(outcome.meta).text("/model_served") == "small");
  REQUIRE(mock.requests().text("/3/model") == "small");
}

TEST_CASE("failover: a reused connection that has died costs one more request, on a fresh one") {
  Mock mock(
      R"({"version":1,"endpoints":[{"name":"primary","replies":[{"close":"on_next_request"}]}]})");
  Client client(mock.config());
  REQUIRE(client.call().status == HOLYSHEEP_OK);
  const Outcome second = client.call();
  INFO(second.meta);
  REQUIRE(second.status == HOLYSHEEP_OK);
  REQUIRE(second.route() == "primary:transient,primary:ok");
  REQUIRE(second.attempts == 2);
}

TEST_CASE("failover: after a refused key the next call fails at once, and one probes later") {
  Mock mock(three(R"({"key":"right-key"})", R"({"key":"right-key"})", R"({"key":"right-key"})"));
  Client client(mock.config());
  REQUIRE(client.call().status == HOLYSHEEP_E_AUTHENTICATION);
  for (int i = 0; i < 4; ++i)
    client.call();
  const auto sent = mock.count();
  const Outcome refused = client.call();
  INFO(refused.message);
  REQUIRE(refused.status == HOLYSHEEP_E_AUTHENTICATION);
  REQUIRE(refused.http_status == 401);
  REQUIRE((refused.flags & HOLYSHEEP_FLAG_NOTHING_SENT) != 0);
  REQUIRE(mock.count() == sent);
  client.advance(30'100);
  REQUIRE(client.call().attempts == 1);
  REQUIRE(mock.count() == sent + 1);
}

TEST_CASE("failover: a key that was set later never shows either") {
  const char* echo =
      R"({"default":{"status":401,"body":{"error":{"message":"bad key later-key-1","type":"x","code":"invalid_api_key"}}}})";
  Mock mock(three(echo, echo, echo));
  Client client(mock.config());
  REQUIRE(holysheep_client_set_key(client.get(), nullptr, 0, "later-key-1", HOLYSHEEP_SIZE_NUL,
                                   nullptr) == HOLYSHEEP_OK);
  const Outcome outcome = client.call();
  REQUIRE(outcome.status == HOLYSHEEP_E_AUTHENTICATION);
  REQUIRE(mock.requests().text("/0/key") == "later-key-1");
  REQUIRE(outcome.meta.find("later-key-1") == std::string::npos);
  REQUIRE(outcome.message.find("later-key-1") == std::string::npos);
}

TEST_CASE(
    "failover: the document's 503 recipe makes its five attempts, then takes the backup model") {
  Mock mock(
      R"({"version":1,"endpoints":[{"name":"primary","replies":[{"status":503,"times":5}]}]})");
  Client client(mock.config(
      R"(,"retry":{"overrides":{"overloaded":{"max_attempts":5,"base_delay_ms":2000}}},"fallback_models":["small"],"max_wait_ms":600000)"));
  const auto id = client.submit(Client::request(chat("large")));
  while (client.of(id).dones == 0) {
    client.advance(1'000);
    client.drain(10);
  }
  const Outcome outcome = client.wait(id);
  INFO(outcome.meta << outcome.message);
  REQUIRE(outcome.status == HOLYSHEEP_OK);
  REQUIRE(outcome.attempts == 6);
  const Json requests = mock.requests();
  for (int i = 0; i < 5; ++i) {
    REQUIRE(requests.text("/" + std::to_string(i) + "/model") == "large");
  }
  REQUIRE(requests.text("/5/model") == "small");
}

TEST_CASE("failover: under the document's policy the backup model follows the last attempt") {
  const char* broken = R"({"replies":[{"status":503}]})";
  Mock mock(three(broken, broken, broken));
  Client client(mock.config(R"(,"policy":"document","fallback_models":["small"])"));
  const Outcome outcome = client.call(chat("large"));
  INFO(outcome.meta << outcome.message);
  REQUIRE(outcome.status == HOLYSHEEP_OK);
  REQUIRE(outcome.attempts == 4);
  REQUIRE(mock.requests().text("/3/model") == "small");
}

namespace {

// The script with `members` put into the endpoint of that name: client settings beside the mock's.
std::string with_setting(std::string config, std::string_view name, std::string_view members) {
  const std::string text = R"("name":")" + std::string(name) + "\"";
  const std::size_t place = config.find(text);
  REQUIRE(place != std::string::npos);
  return config.insert(place, std::string(members) + ",");
}

}  // namespace

TEST_CASE(
    "failover: an endpoint whose connections are in use is passed over while another is free") {
  Mock mock(three(R"({"default":{"stall":"before_headers"}})"));
  Client client(with_setting(mock.config(), "primary", R"("connections_max":1)"));
  const std::string body = chat();
  const auto slow = client.submit(Client::request(body));
  mock.await("primary", 1);
  const Outcome other = client.call();
  REQUIRE(other.route() == "backup-1:ok");
  REQUIRE(Json(other.meta).text("/trace/0/others/0/reason") == "no connection free");
  REQUIRE(holysheep_cancel(client.get(), slow) == HOLYSHEEP_OK);
  client.wait(slow);
}

TEST_CASE(
    "failover: calls that wait for a host that cannot be reached go elsewhere with the first") {
  constexpr int kCalls = 20;
  Mock mock(three(R"({"half_open":true,"tls":true})"));
  Client client(mock.config(R"(,"time_limits":{"connect_ms":300})"));
  const std::string body = chat();
  std::vector<holysheep_request_id> ids;
  for (int i = 0; i < kCalls; ++i)
    ids.push_back(client.submit(Client::request(body)));
  int tried = 0;
  for (const auto id : ids) {
    const Outcome outcome = client.wait(id);
    INFO(outcome.meta);
    REQUIRE(outcome.status == HOLYSHEEP_OK);
    REQUIRE(outcome.endpoint() == "backup-1");
    if (outcome.route() != "backup-1:ok") ++tried;
  }
  // Two at a time try a host that is not known to live; nobody else waits for it.
  REQUIRE(tried <= 4);
}

TEST_CASE("failover: all endpoints failed is said only when all were tried") {
  Mock mock(three(R"({"default":{"status":500}})"));
  Client client(mock.config());
  const Outcome outcome = client.call(chat(), R"({"retry":{"max_attempts":1}})");
  REQUIRE(outcome.status == HOLYSHEEP_E_INTERNAL_SERVER);
  REQUIRE((outcome.flags & HOLYSHEEP_FLAG_ALL_ENDPOINTS_FAILED) == 0);
  REQUIRE(outcome.message == "primary: 500 server_error");
}

TEST_CASE("failover: under the document's policy models and narrowed calls are respected") {
  Mock mock(three("{}"));
  Client client(
      with_setting(mock.config(R"(,"policy":"document")"), "primary", R"("models":["m2"])"));
  REQUIRE(client.call().endpoint() == "backup-1");
  // A call that is narrowed to one endpoint leaves the others where they were.
  REQUIRE(client.call(chat(), R"({"allow":["backup-2"]})").endpoint() == "backup-2");
  REQUIRE(client.call(chat(), R"({"endpoint":"backup-2"})").endpoint() == "backup-2");
  REQUIRE(client.call().endpoint() == "backup-1");
}

TEST_CASE("failover: connections that their server has closed cost nothing of the retry budget") {
  // Twice as many as the budget would pay for.
  constexpr int kCalls = 20;
  std::string replies;
  for (int i = 0; i < 2 * kCalls; ++i)
    replies += std::string(i > 0 ? "," : "") + R"({"close":"on_next_request"})";
  Mock mock(R"({"version":1,"endpoints":[{"name":"primary","replies":[)" + replies + "]}]}");
  Client client(mock.config());
  for (int i = 0; i < kCalls; ++i) {
    const Outcome outcome = client.call();
    INFO(outcome.meta);
    REQUIRE(outcome.status == HOLYSHEEP_OK);
  }
}

TEST_CASE("failover: calls that wait for the only host share its fate, and count what they sent") {
  constexpr int kCalls = 20;
  Mock mock(R"({"version":1,"endpoints":[{"name":"primary","refuse":true}]})");
  Client client(mock.config(R"(,"isolated":true)"));
  const std::string body = chat();
  std::vector<holysheep_request_id> ids;
  for (int i = 0; i < kCalls; ++i)
    ids.push_back(client.submit(Client::request(body)));
  std::int64_t attempts = 0;
  for (const auto id : ids) {
    while (client.of(id).dones == 0) {
      client.advance(1'000);
      client.drain(20);
    }
    const Outcome outcome = client.wait(id);
    INFO(outcome.message << outcome.meta);
    // Not a call that nobody may take: its endpoint cannot be reached, and may be later.
    REQUIRE(outcome.status != HOLYSHEEP_E_NO_ROUTE);
    REQUIRE((outcome.flags & HOLYSHEEP_FLAG_RETRYABLE) != 0);
    REQUIRE(Json(outcome.meta).size("/trace") == static_cast<std::size_t>(outcome.attempts));
    attempts += outcome.attempts;
  }
  // What was withdrawn while it waited for a connection is no attempt anywhere.
  REQUIRE(client.status().number("/endpoints/0/attempts") == attempts);
}

TEST_CASE("failover: a full endpoint does not move a sticky pool") {
  Mock mock(three(R"({"replies":[{"stall":"before_headers"}]})"));
  Client client(
      with_setting(mock.config(R"(,"routing":"sticky")"), "primary", R"("connections_max":1)"));
  const std::string body = chat();
  const auto slow = client.submit(Client::request(body));
  mock.await("primary", 1);
  REQUIRE(client.call().endpoint() == "backup-1");
  REQUIRE(holysheep_cancel(client.get(), slow) == HOLYSHEEP_OK);
  client.wait(slow);
  REQUIRE(client.call().endpoint() == "primary");
}

TEST_CASE(
    "failover: a probe that hangs holds nobody back from an endpoint that may be probed too") {
  Mock mock(R"({"version":1,"endpoints":[{"name":"a","default":{"status":500}},)"
            R"({"name":"b","default":{"status":500}}]})");
  Client client(mock.config(R"(,"isolated":true)"));
  for (int i = 0; i < 12; ++i)
    client.call(chat(), R"({"max_wait_ms":0})");
  REQUIRE(client.status_of(0) == "down");
  REQUIRE(client.status_of(1) == "down");
  for (const char* name : {"a", "b"})
    mock.set(name, R"({"default":{"stall":"before_headers"}})");
  const auto sent = mock.count();
  const auto sent_to_a = mock.count("a");
  const std::string body = chat();
  const auto probe = client.submit(Client::request(body));
  mock.await({}, sent + 1);
  const std::string other = mock.count("a") > sent_to_a ? "b" : "a";
  mock.set(other, "{}");
  std::vector<holysheep_request_id> waiting;
  for (int i = 0; i < 5; ++i)
    waiting.push_back(client.submit(Client::request(body)));
  client.advance(5'001);  // the longest first opening of a breaker
  for (const auto id : waiting)
    REQUIRE(client.wait(id).route() == other + ":ok");
  REQUIRE(client.of(probe).dones == 0);
}

TEST_CASE("failover: the connection test asks each endpoint alone, once") {
  Mock mock(three(R"({"default":{"status":500}})"));
  Client client(mock.config());
  holysheep_text* text = nullptr;
  REQUIRE(holysheep_client_checks(client.get(), &text) == HOLYSHEEP_OK);
  const Json checks(take(text));
  REQUIRE(checks.size("") == 3);
  const char* const expected[] = {"primary:server_error", "backup-1:ok", "backup-2:ok"};
  for (std::size_t i = 0; i < 3; ++i) {
    const std::string here = "/" + std::to_string(i);
    const std::string body = simdjson::minify(checks.at(here + "/body"));
    const std::string options = simdjson::minify(checks.at(here + "/options"));
    holysheep_request request = Client::request(body, options);
    request.timeout_ms = checks.number(here + "/timeout_ms");
    REQUIRE(client.call(request).route() == expected[i]);
  }
  REQUIRE(mock.count("primary") == 1);
  REQUIRE(mock.count() == 3);
}
