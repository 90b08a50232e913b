// What may be sent again: counted at the server.

#include <string>
#include <tuple>

#include "fixture.h"

using namespace capi_test;

namespace {

// Submits to `path`, waits until the first endpoint has it, and lets its time limit pass.
Outcome time_out(Client& client, const Mock& mock, const char* path, const std::string& body) {
  holysheep_request request = Client::request(body);
  request.path = path;
  const auto id = client.submit(request);
  mock.await("primary", 1);
  while (client.of(id).dones == 0) {
    client.advance(600'001);
    client.drain(50);
  }
  return client.wait(id);
}

}  // namespace

TEST_CASE("replay: a once call that timed out after being sent is not repeated") {
  Mock mock(three(R"({"default":{"stall":"before_headers"}})"));
  Client client(mock.config(R"(,"time_limits":{"total_ms":0})"));
  const Outcome outcome = time_out(client, mock, "/some/unknown/path", R"({"a":1})");
  REQUIRE(outcome.status == HOLYSHEEP_E_TIMEOUT);
  REQUIRE(outcome.attempts == 1);
  REQUIRE((outcome.flags & HOLYSHEEP_FLAG_MAYBE_BILLED) != 0);
  REQUIRE(mock.count() == 1);
}

TEST_CASE("replay: a free call that timed out goes elsewhere, but no more than two go unanswered") {
  const char* silent = R"({"default":{"stall":"before_headers"}})";
  Mock mock(three(silent, silent, silent));
  Client client(mock.config(R"(,"time_limits":{"total_ms":0})"));
  const Outcome outcome = time_out(client, mock, "/chat/completions", chat());
  REQUIRE(outcome.status == HOLYSHEEP_E_TIMEOUT);
  REQUIRE(mock.count() == 2);
}

TEST_CASE("replay: an answer that stops after its headers counts as unanswered too") {
  const char* silent = R"({"default":{"stall":"after_headers"}})";
  Mock mock(three(silent, silent, silent));
  Client client(mock.config(R"(,"time_limits":{"total_ms":0})"));
  const Outcome outcome = time_out(client, mock, "/chat/completions", chat());
  REQUIRE(outcome.status == HOLYSHEEP_E_TIMEOUT);
  REQUIRE((outcome.flags & HOLYSHEEP_FLAG_MAYBE_BILLED) != 0);
  REQUIRE(mock.count() == 2);
}

TEST_CASE("replay: a once call is repeated when it was provably not processed") {
  const char* script =
      GENERATE(R"({"refuse":true})", R"({"default":{"status":429}})",
               R"({"default":{"status":407}})", R"({"default":{"error":"insufficient_quota"}})");
  Mock mock(three(script));
  Client client(mock.config());
  const std::string body = R"({"a":1})";
  holysheep_request request = Client::request(body);
  request.path = "/some/unknown/path";
  const Outcome outcome = client.call(request);
  INFO(outcome.meta);
  REQUIRE(mock.count("backup-1") == 1);
}

TEST_CASE("replay: a once call that got a 500 is not repeated, a bound one never moves") {
  const auto [path, body] =
      GENERATE(std::pair<const char*, const char*>{"/some/unknown/path", R"({"a":1})"},
               std::pair<const char*, const char*>{
                   "/responses", R"({"model":"m","previous_response_id":"resp_1","input":"x"})"},
               std::pair<const char*, const char*>{"/files", R"({"a":1})"});
  INFO(path);
  Mock mock(three(R"({"default":{"status":500}})"));
  Client client(mock.config());
  const std::string text = body;
  holysheep_request request = Client::request(text);
  request.path = path;
  const Outcome outcome = client.call(request);
  REQUIRE(outcome.status == HOLYSHEEP_E_INTERNAL_SERVER);
  REQUIRE(mock.count("backup-1") == 0);
  REQUIRE(mock.count("primary") == 1);
}

TEST_CASE("replay: a bound call stays on the endpoint that it names") {
  Mock mock(three("{}"));
  Client client(mock.config());
  const std::string body = R"({"model":"m","previous_response_id":"resp_1","input":"x"})";
  holysheep_request request = Client::request(body, R"({"endpoint":"backup-2"})");
  request.path = "/responses";
  const Outcome outcome = client.call(request);
  INFO(outcome.meta);
  REQUIRE(outcome.endpoint() == "backup-2");
}

TEST_CASE("replay: the caller may override the class") {
  Mock mock(three(R"({"default":{"status":500}})"));
  Client client(mock.config());
  const std::string body = R"({"a":1})";
  holysheep_request request = Client::request(body, R"({"replay":"free"})");
  request.path = "/some/unknown/path";
  client.call(request);
  REQUIRE(mock.count("backup-1") == 1);
}

TEST_CASE("methods: answers to HEAD and DELETE are not judged by what a GET or POST would bring") {
  Mock mock(R"({"version":1,"endpoints":[{"name":"primary","default":{"body":""}}]})");
  Client client(mock.config());
  const auto [method, path] =
      GENERATE(std::pair<const char*, const char*>{"HEAD", "/models"},
               std::pair<const char*, const char*>{"DELETE", "/models/ft-1"},
               std::pair<const char*, const char*>{"OPTIONS", "/chat/completions"});
  holysheep_request request = HOLYSHEEP_REQUEST_INIT;
  request.method = method;
  request.path = path;
  INFO(method << " " << path);
  const Outcome outcome = client.call(request);
  INFO(outcome.message);
  REQUIRE(outcome.status == HOLYSHEEP_OK);
  REQUIRE(outcome.attempts == 1);
}

TEST_CASE("replay: server state is asked for where it was made") {
  const bool stream = GENERATE(false, true);
  const auto [path, method, body] = GENERATE_COPY(
      std::tuple<const char*, const char*, const char*>{"/responses/ID", "GET", ""},
      std::tuple<const char*, const char*, const char*>{"/responses/ID/cancel", "POST", "{}"},
      std::tuple<const char*, const char*, const char*>{
          "/responses", "POST", R"({"model":"m","previous_response_id":"ID","input":"x"})"});
  INFO(path << " " << method << " " << stream);
  Mock mock(three(R"({"replies":[{"status":429,"headers":{"Retry-After":"1"}}]})"));
  Client client(mock.config());
  const std::string first =
      std::string(R"({"model":"m","input":"x")") + (stream ? R"(,"stream":true})" : "}");
  holysheep_request request = Client::request(first);
  request.path = "/responses";
  const Outcome made = client.call(request);
  REQUIRE(made.endpoint() == "backup-1");
  const std::string id =
      stream ? Json(made.pieces.front().data).text("/response/id") : Json(made.body).text("/id");
  REQUIRE_FALSE(id.empty());
  client.advance(5000);  // primary takes calls again

  const auto with_id = [&](std::string text) {
    const std::size_t at = text.find("ID");
    return at == std::string::npos ? text : text.replace(at, 2, id);
  };
  const std::string later_path = with_id(path);
  const std::string later_body = with_id(body);
  holysheep_request later = HOLYSHEEP_REQUEST_INIT;
  later.method = method;
  later.path = later_path.c_str();
  if (!later_body.empty()) later.body = later_body.c_str();
  CHECK(client.call(later).endpoint() == "backup-1");

  // What is not known goes to the first, and what the call names itself to where it says.
  later.path = "/responses/resp_unknown";
  later.method = "GET";
  later.body = nullptr;
  CHECK(client.call(later).endpoint() == "primary");
  const std::string known = "/responses/" + id;
  later.path = known.c_str();
  later.options = R"({"endpoint":"backup-2"})";
  CHECK(client.call(later).endpoint() == "backup-2");
  // Where it may not go it does not go elsewhere.
  later.options = R"({"allow":["primary"]})";
  const Outcome refused = client.call(later);
  CHECK(refused.status == HOLYSHEEP_E_NO_ROUTE);
  CHECK(refused.attempts == 0);
}
