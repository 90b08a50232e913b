// The pool over real sockets: answers, recording, replacing scripts.
#include "core/mock/mock_pool.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "tests/unit/mock_client.h"

using namespace holysheep;
using namespace holysheep::mock_test;

TEST_CASE("an empty script is one healthy endpoint", "[mock]") {
  const auto pool = open_pool("");
  const Answer answer = send(pool->url());
  REQUIRE(answer.code == CURLE_OK);
  CHECK(answer.status == 200);
  const JsonDocument document = parsed(answer.body);
  const JsonValue choice = document.root().member("choices").elements().at(0);
  CHECK(choice.member("message").member("content").string_or("") == "Hello from primary.");
  CHECK(choice.member("finish_reason").string_or("") == "stop");
  CHECK(document.root().member("model").string_or("") == "m");
  CHECK(document.root().member("usage").member("completion_tokens").integer_or(0) == 3);
}

TEST_CASE("replies are consumed in order, then the default answers", "[mock]") {
  const auto pool =
      open_replies(R"({"status":429,"headers":{"Retry-After":"30"}},{"status":503,"times":2})");
  const Answer first = send(pool->url());
  CHECK(first.status == 429);
  CHECK(first.headers.find("retry-after") == "30");
  CHECK(send(pool->url()).status == 503);
  CHECK(send(pool->url()).status == 503);
  CHECK(send(pool->url()).status == 200);
}

TEST_CASE("'then' repeats the replies or stays with the last", "[mock]") {
  const std::string replies = R"({"status":500},{"status":503})";
  const auto repeating = open_replies(replies, R"(,"then":"repeat")");
  const auto staying = open_replies(replies, R"(,"then":"last")");
  const long repeated[] = {500, 503, 500, 503};
  const long stayed[] = {500, 503, 503, 503};
  for (int i = 0; i < 4; ++i) {
    CHECK(send(repeating->url()).status == repeated[i]);
    CHECK(send(staying->url()).status == stayed[i]);
  }
}

TEST_CASE("a stream comes in the shape of its API", "[mock]") {
  const auto pool = open_replies("", R"(,"default":{"text":"one two","model":"served"})");
  SECTION("chat, with usage where it was asked for") {
    Ask ask = streamed();
    ask.body = R"({"model":"m","stream":true,"stream_options":{"include_usage":true},"n":2})";
    const Answer answer = send(pool->url(), ask);
    CHECK(answer.headers.find("content-type").starts_with("text/event-stream"));
    CHECK(answer.body.find(R"("delta":{"role":"assistant","content":""})") != std::string::npos);
    CHECK(answer.body.find(R"("delta":{"content":" two"})") != std::string::npos);
    CHECK(answer.body.find(R"("index":1,"delta":{},"finish_reason":"stop")") != std::string::npos);
    CHECK(answer.body.find(R"("completion_tokens":4)") != std::string::npos);
    CHECK(answer.body.find(R"("model":"served")") != std::string::npos);
    CHECK(answer.body.ends_with("data: [DONE]\n\n"));
  }
  SECTION("chat without usage") {
    CHECK(send(pool->url(), streamed()).body.find("usage") == std::string::npos);
  }
  SECTION("responses") {
    Ask ask = streamed();
    ask.path = "/responses";
    const Answer answer = send(pool->url(), ask);
    CHECK(answer.body.starts_with("event: response.created\n"));
    CHECK(answer.body.find(R"("delta":" two")") != std::string::npos);
    CHECK(answer.body.find("event: response.completed\n") != std::string::npos);
  }
  SECTION("messages") {
    Ask ask = streamed();
    ask.path = "/messages";
    const Answer answer = send(pool->url(), ask);
    CHECK(answer.body.starts_with("event: message_start\n"));
    CHECK(answer.body.find(R"("text":" two")") != std::string::npos);
    CHECK(answer.body.ends_with("event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"));
  }
}

TEST_CASE("other paths have answers of their own", "[mock]") {
  const auto pool = open_pool("");
  Ask ask;
  SECTION("embeddings, one for each input") {
    ask.path = "/embeddings";
    ask.body = R"({"model":"e","input":["a","b"]})";
    const JsonDocument document = parsed(send(pool->url(), ask).body);
    CHECK(document.root().member("data").size() == 2);
  }
  SECTION("models") {
    ask.path = "/models";
    ask.method = "GET";
    const JsonDocument document = parsed(send(pool->url(), ask).body);
    CHECK(document.root().member("object").string_or("") == "list");
  }
  SECTION("anything else") {
    ask.path = "/files?purpose=batch";
    const JsonDocument document = parsed(send(pool->url(), ask).body);
    CHECK(document.root().member("object").string_or("") == "mock");
  }
}

TEST_CASE("what arrived is recorded", "[mock]") {
  const auto pool = open_replies(R"({"status":503})");
  Client client;
  client.send(pool->url());
  client.send(pool->url());
  const JsonDocument document = parsed(pool->requests_json());
  const auto records = document.root().elements();
  REQUIRE(records.size() == 2);
  CHECK(records[0].member("endpoint").string_or("") == "e");
  CHECK(records[0].member("status").integer_or(0) == 503);
  CHECK(records[1].member("status").integer_or(0) == 200);
  CHECK(records[0].member("method").string_or("") == "POST");
  CHECK(records[0].member("path").string_or("") == "/v1/chat/completions");
  CHECK(records[0].member("key").string_or("") == "mock-key");
  CHECK(records[0].member("model").string_or("") == "m");
  CHECK(records[0].member("body").string_or("") == Ask().body);
  CHECK(records[0].member("headers").member("content-type").string_or("") == "application/json");
  CHECK(records[0].member("connection").integer_or(0) == 1);
  CHECK(records[1].member("connection").integer_or(0) == 1);
  CHECK(pool->count("e") == 2);
  CHECK(pool->count() == 2);
  CHECK(pool->count("nobody") == -1);
}

TEST_CASE("records are bounded; counts are not", "[mock]") {
  const auto pool = open_pool(R"({"version":1,"record_max":2,"record_body_bytes_max":5})");
  const auto silent = open_pool(R"({"version":1,"record":false})");
  for (int i = 0; i < 3; ++i) {
    send(pool->url());
    send(silent->url());
  }
  const JsonDocument document = parsed(pool->requests_json());
  REQUIRE(document.root().size() == 2);
  CHECK(document.root().elements()[1].member("body").string_or("") == R"({"mod)");
  CHECK(pool->count() == 3);
  CHECK(silent->requests_json() == "[]");
  CHECK(silent->count() == 3);
}

TEST_CASE("await returns when a request has arrived, or in time", "[mock]") {
  const auto pool = open_replies(R"({"stall":"before_headers"})");
  RawSocket socket(pool->port());
  socket.write_request();
  CHECK(pool->await("e", 1, 10'000));
  CHECK(pool->await("", 1, 10'000));
  CHECK_FALSE(pool->await("e", 2, 1));
  CHECK_FALSE(pool->await("nobody", 1, 1));
}

TEST_CASE("set replaces an endpoint's script while it runs", "[mock]") {
  const auto pool = open_replies(R"({"status":503})");
  Client client;
  CHECK(client.send(pool->url()).status == 503);
  REQUIRE(pool->set("e", R"({"replies":[{"status":429}]})").ok());
  CHECK(client.send(pool->url()).status == 429);
  CHECK(client.send(pool->url()).status == 200);
  const Result<bool> unknown = pool->set("nobody", "{}");
  CHECK(unknown.error().status == Status::invalid_argument);
  const Result<bool> wrong = pool->set("e", R"({"replis":[]})");
  CHECK(wrong.error().status == Status::config);
  CHECK(wrong.error().message.find("replies") != std::string::npos);
}

TEST_CASE("an endpoint can refuse connections and come back on its port", "[mock]") {
  const auto pool = open_pool(R"({"version":1,"endpoints":[{"refuse":true}]})");
  CHECK(send(pool->url()).code == CURLE_COULDNT_CONNECT);
  REQUIRE(pool->set("", "{}").ok());
  Client client;
  CHECK(client.send(pool->url()).status == 200);
  REQUIRE(pool->set("", R"({"refuse":true})").ok());
  CHECK(client.send(pool->url()).code == CURLE_COULDNT_CONNECT);
  REQUIRE(pool->set("", "{}").ok());
  CHECK(client.send(pool->url()).status == 200);
}

TEST_CASE("a half-open endpoint accepts and says nothing until it is healed", "[mock]") {
  const auto pool = open_pool(R"({"version":1,"endpoints":[{"half_open":true}]})");
  RawSocket socket(pool->port());
  CHECK(socket.error == 0);
  socket.write_request();
  CHECK_FALSE(socket.readable(50));
  CHECK(pool->count() == 0);
  REQUIRE(pool->set("", "{}").ok());
  CHECK(socket.read_until("\r\n\r\n").starts_with("HTTP/1.1 200 OK\r\n"));
}

TEST_CASE("each endpoint has a port, in the client's configuration too", "[mock]") {
  const auto pool = open_pool(R"({"version":1,"endpoints":[{},{"name":"second"}]})");
  CHECK(pool->port("primary") != pool->port("second"));
  const JsonDocument document = parsed(pool->client_config());
  const auto endpoints = document.root().member("endpoints").elements();
  REQUIRE(endpoints.size() == 2);
  CHECK(endpoints[1].member("name").string_or("") == "second");
  CHECK(endpoints[1].member("url").string_or("") == pool->url("second"));
  CHECK(document.root().member("api_key").string_or("") == "mock-key");
}

TEST_CASE("a pool is freed while clients hang", "[mock]") {
  auto pool = open_replies(R"({"stall":"inside_event"})", R"(,"then":"last")");
  RawSocket first(pool->port());
  RawSocket second(pool->port());
  first.write_request(R"({"stream":true})");
  second.write("POST /v1/chat");
  REQUIRE(pool->await("e", 1, 10'000));
  pool.reset();
  first.read_to_end();
  CHECK(second.read_to_end().empty());
}
