// What the mock breaks, and how: cuts, stalls, garbage, pace, connections that die.
#include <catch2/catch_test_macros.hpp>
#include <string>

#include "core/mock/mock_clock.h"
#include "tests/unit/mock_client.h"

using namespace holysheep;
using namespace holysheep::mock_test;

namespace {

constexpr std::string_view kStream = R"({"model":"m","stream":true})";

// What a client sees of a stream up to the end of the connection.
std::string stream_bytes(const std::string& reply, int* error = nullptr) {
  const auto pool = open_replies(reply);
  RawSocket socket(pool->port());
  socket.write_request(kStream);
  std::string bytes = socket.read_to_end();
  if (error != nullptr) *error = socket.error;
  return bytes;
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a cut ends the connection at its place", "[mock]") {
  CHECK(stream_bytes(R"({"cut":"before_headers"})").empty());

  const std::string inside_headers = stream_bytes(R"({"cut":"inside_headers"})");
  CHECK(inside_headers.starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK_FALSE(has(inside_headers, "\r\n\r\n"));

  CHECK(stream_bytes(R"({"cut":"after_headers"})").ends_with("\r\n\r\n"));

  const std::string inside_event =
      stream_bytes(R"({"text":"a b c","cut":{"at":"inside_event","after_tokens":1}})");
  CHECK(has(inside_event, R"("content":"a")"));
  CHECK_FALSE(has(inside_event, R"("content":" b"})"));
  CHECK_FALSE(inside_event.ends_with("\n\n\r\n"));

  const std::string first_event = stream_bytes(R"({"cut":{"at":"inside_event","after_tokens":0}})");
  CHECK_FALSE(has(first_event, "Hello"));

  const std::string after_content = stream_bytes(R"({"text":"a b","cut":"after_content"})");
  CHECK(has(after_content, R"("content":" b")"));
  CHECK(after_content.ends_with("\n\n\r\n"));
  CHECK_FALSE(has(after_content, "stop"));

  const std::string before_done = stream_bytes(R"({"cut":"before_done"})");
  CHECK(has(before_done, R"("finish_reason":"stop")"));
  CHECK_FALSE(has(before_done, "[DONE]"));
}

TEST_CASE("a cut in the body of an answer that is not streamed is noticed", "[mock]") {
  const auto pool =
      open_replies(R"({"cut":"inside_body"},{"cut":{"at":"inside_body","with":"reset"}})");
  const Answer cut = send(pool->url());
  CHECK(cut.code == CURLE_PARTIAL_FILE);
  CHECK(cut.status == 200);
  CHECK(send(pool->url()).code != CURLE_OK);
}

TEST_CASE("a cut with reset sends RST", "[mock]") {
  int error = 0;
  stream_bytes(R"({"cut":{"at":"before_headers","with":"reset"}})", &error);
  CHECK(error == ECONNRESET);
  stream_bytes(R"({"cut":"before_headers"})", &error);
  CHECK(error == 0);
}

TEST_CASE("a stall keeps the connection open and silent", "[mock]") {
  const auto pool = open_replies(R"({"stall":"inside_headers"},{"stall":"before_headers"},
                                    {"text":"a b","stall":{"at":"after_content","after_tokens":1}})");
  RawSocket first(pool->port());
  first.write_request(kStream);
  CHECK(has(first.read(), "HTTP/1.1 200"));
  CHECK_FALSE(first.readable(30));
  RawSocket second(pool->port());
  second.write_request(kStream);
  CHECK_FALSE(second.readable(30));
  RawSocket third(pool->port());
  third.write_request(kStream);
  CHECK(has(third.read_until(R"("content":"a"})"), "200 OK"));
  while (third.readable(30))
    CHECK_FALSE(has(third.read(), R"("content":" b")"));
  const JsonDocument document = parsed(pool->requests_json());
  const auto records = document.root().elements();
  CHECK(records[0].member("status").integer_or(0) == 200);
  CHECK(records[1].member("status").integer_or(-1) == 0);
}

TEST_CASE("comments go on while a stream waits or stalls", "[mock]") {
  const auto pool = open_replies(
      R"({"comment_ms":1,"stall":{"at":"after_content","after_tokens":1}},
         {"comment_ms":1,"first_token_ms":20})");
  RawSocket socket(pool->port());
  socket.write_request(kStream);
  socket.read_until("Hello");
  CHECK(has(socket.read_until(": keep-alive\n\n"), ": keep-alive\n\n"));
  CHECK(has(socket.read_until(": keep-alive\n\n"), ": keep-alive\n\n"));

  const Answer json = send(pool->url());
  CHECK(json.code == CURLE_OK);
  CHECK(json.body.starts_with("\n"));
  CHECK(parsed(json.body).root().member("choices").size() == 1);
}

TEST_CASE("garbage is no HTTP", "[mock]") {
  const auto pool = open_replies(R"({"garbage":true},{"garbage":"SSH-2.0-x\r\n"})");
  CHECK(send(pool->url()).code != CURLE_OK);
  RawSocket socket(pool->port());
  socket.write_request();
  CHECK(socket.read_to_end() == "SSH-2.0-x\r\n");
}

TEST_CASE("an error arrives inside a stream, or instead of an answer", "[mock]") {
  const auto pool = open_replies(R"({"text":"a b","in_band_error":1},
      {"text":"a b","in_band_error":{"after_tokens":0,"body":{"error":{"code":429}},"done":true}},
      {"in_band_error":0})");
  const Answer middle = send(pool->url(), streamed());
  CHECK(has(middle.body, R"("content":"a")"));
  CHECK(has(middle.body, R"(data: {"error":{"message":"The server had an error)"));
  CHECK_FALSE(has(middle.body, "[DONE]"));
  const Answer first = send(pool->url(), streamed());
  CHECK_FALSE(has(first.body, R"("content":"a")"));
  CHECK(first.body.ends_with("data: {\"error\":{\"code\":429}}\n\ndata: [DONE]\n\n"));
  const Answer whole = send(pool->url());
  CHECK(whole.status == 200);
  CHECK(whole.body.starts_with(R"({"error":)"));
}

TEST_CASE("an error inside a stream has the shape of its API", "[mock]") {
  const auto pool = open_replies("", R"(,"default":{"in_band_error":1})");
  Ask ask = streamed();
  ask.path = "/messages";
  CHECK(has(send(pool->url(), ask).body,
            "event: error\ndata: {\"type\":\"error\",\"error\":{\"message\""));
  ask.path = "/responses";
  CHECK(has(send(pool->url(), ask).body,
            "event: error\ndata: {\"type\":\"error\",\"code\":\"server_error\""));
}

TEST_CASE("a stream can end without its marks", "[mock]") {
  const auto pool = open_replies(R"({"no_done":true},{"no_finish_reason":true},
      {"no_done":true,"no_finish_reason":true,"framing":"close"},{"events":[{"a":1},"[DONE]"]})");
  const Answer no_done = send(pool->url(), streamed());
  CHECK(no_done.code == CURLE_OK);
  CHECK(has(no_done.body, R"("finish_reason":"stop")"));
  CHECK_FALSE(has(no_done.body, "[DONE]"));
  const Answer no_finish = send(pool->url(), streamed());
  CHECK_FALSE(has(no_finish.body, R"("finish_reason":"stop")"));
  CHECK(has(no_finish.body, "[DONE]"));
  const Answer closed = send(pool->url(), streamed());
  CHECK(closed.code == CURLE_OK);
  CHECK(closed.headers.find("connection") == "close");
  CHECK_FALSE(closed.headers.has("transfer-encoding"));
  CHECK(send(pool->url(), streamed()).body == "data: {\"a\":1}\n\ndata: [DONE]\n\n");
}

TEST_CASE("html pages and bodies come as the script says", "[mock]") {
  const auto pool = open_replies(R"({"html":true},{"body":"plain"},{"body":{"a":[1,2]}},
      {"body":"x","headers":{"Content-Type":"a/b","X-Two":["1","2"],"Date":null}},
      {"status":204},{"status":302,"headers":{"Location":"http://127.0.0.1:1/"}})");
  const Answer html = send(pool->url());
  CHECK(html.headers.find("content-type").starts_with("text/html"));
  CHECK(html.body.starts_with("<!DOCTYPE html>"));
  CHECK(send(pool->url()).body == "plain");
  CHECK(send(pool->url()).body == R"({"a":[1,2]})");
  const Answer headers = send(pool->url());
  CHECK(headers.headers.find("content-type") == "a/b");
  CHECK(has(headers.headers.block(), "X-Two: 1\r\nX-Two: 2\r\n"));
  CHECK_FALSE(headers.headers.has("date"));
  const Answer empty = send(pool->url());
  CHECK(empty.status == 204);
  CHECK(empty.body.empty());
  CHECK(send(pool->url()).headers.find("location") == "http://127.0.0.1:1/");
}

TEST_CASE("gzip is sent to those who accept it", "[mock]") {
  const auto pool = open_replies("", R"(,"default":{"gzip":true,"text":"a b"})");
  Ask ask;
  ask.encoding = "gzip";
  const Answer zipped = send(pool->url(), ask);
  CHECK(zipped.code == CURLE_OK);
  CHECK(zipped.headers.find("content-encoding") == "gzip");
  CHECK(parsed(zipped.body).root().member("choices").size() == 1);
  Ask stream = streamed();
  stream.encoding = "gzip";
  const Answer events = send(pool->url(), stream);
  CHECK(events.code == CURLE_OK);
  CHECK(events.body.ends_with("data: [DONE]\n\n"));
  CHECK_FALSE(send(pool->url()).headers.has("content-encoding"));
}

TEST_CASE("close leaves a connection that the client believes alive", "[mock]") {
  const auto pool = open_replies(R"({"close":true},{"close":"on_next_request"})");
  const std::string request = "POST / HTTP/1.1\r\nHost: m\r\nContent-Length: 2\r\n\r\n{}";
  RawSocket closed(pool->port());
  closed.write(request);
  const std::string answer = closed.read_to_end();
  CHECK(answer.starts_with("HTTP/1.1 200 OK"));
  CHECK_FALSE(has(answer, "Connection: close"));
  RawSocket dead(pool->port());
  dead.write(request);
  CHECK(dead.read_until("Hello").starts_with("HTTP/1.1 200 OK"));
  while (dead.readable(20))
    dead.read();
  dead.write(request);
  dead.read_to_end();
  CHECK(dead.error == ECONNRESET);
  CHECK(pool->count() == 2);
}

TEST_CASE("delays pass on the mock's clock", "[mock]") {
  const auto pool = open_replies(
      R"({"latency_ms":60000},{"text":"a b","first_token_ms":60000,"token_ms":60000})");
  RawSocket socket(pool->port());
  socket.write_request(kStream);
  REQUIRE(pool->await("e", 1, 10'000));
  CHECK_FALSE(socket.readable(20));
  mock_clock_advance(60 * kSecond);
  CHECK(has(socket.read_until("[DONE]"), "200 OK"));

  RawSocket stream(pool->port());
  stream.write_request(kStream);
  CHECK_FALSE(has(stream.read_until(R"("role":"assistant")"), R"("content":"a")"));
  mock_clock_advance(60 * kSecond);
  CHECK_FALSE(has(stream.read_until(R"("content":"a")"), R"("content":" b")"));
  mock_clock_advance(60 * kSecond);
  CHECK(has(stream.read_until("[DONE]"), R"("content":" b")"));
  const JsonDocument document = parsed(pool->requests_json());
  CHECK(document.root().elements()[1].member("time_ms").integer_or(0) >= 60'000);
}

TEST_CASE("drip sends byte by byte", "[mock]") {
  const auto pool = open_replies(R"({"body":"abc","drip_ms":100000})");
  RawSocket socket(pool->port());
  socket.write_request();
  CHECK(socket.read() == "H");
  CHECK_FALSE(socket.readable(10));
  mock_clock_advance(200 * kSecond);
  std::string more = socket.read();
  while (more.size() < 2)
    more += socket.read();
  CHECK(more == "TT");
}

TEST_CASE("fail_rate fails the same requests for the same seed", "[mock]") {
  const auto outcome = [](const std::string& seed) {
    const auto pool = open_pool(R"({"version":1,"seed":)" + seed +
                                R"(,"endpoints":[{"fail_rate":0.5,"fail":{"status":503}}]})");
    Client client;
    std::string statuses;
    for (int i = 0; i < 24; ++i)
      statuses += client.send(pool->url()).status == 200 ? '+' : '-';
    return statuses;
  };
  const std::string first = outcome("7");
  CHECK(has(first, "+"));
  CHECK(has(first, "-"));
  CHECK(first == outcome("7"));
  CHECK(first != outcome("8"));
}
