// Requests in every framing, split anywhere.
#include "core/mock/mock_request.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "tests/unit/mock_client.h"

using namespace holysheep;
using State = MockRequestParser::State;

namespace {

constexpr std::string_view kLength =
    "POST /v1/x?a=b HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\napi-key: k\r\n\r\nhello";
constexpr std::string_view kChunked =
    "PUT /y HTTP/1.1\r\nTransfer-Encoding: chunked\r\nAuthorization: Bearer t\r\n\r\n"
    "3;x=y\r\nhel\r\n2\r\nlo\r\n0\r\nTrailer: 1\r\n\r\n";

}  // namespace

TEST_CASE("a request is read whole, however it is split", "[mock]") {
  for (const std::string_view text : {kLength, kChunked}) {
    for (std::size_t cut = 1; cut < text.size(); ++cut) {
      MockRequestParser parser;
      parser.feed(text.substr(0, cut));
      REQUIRE(parser.advance() == State::incomplete);
      parser.feed(text.substr(cut));
      REQUIRE(parser.advance() == State::complete);
      CHECK(parser.take().body == "hello");
      CHECK(parser.idle());
    }
  }
}

TEST_CASE("requests that follow one another are kept apart", "[mock]") {
  MockRequestParser parser;
  parser.feed(std::string(kLength) + std::string(kChunked));
  REQUIRE(parser.advance() == State::complete);
  MockRequest first = parser.take();
  CHECK(first.method == "POST");
  CHECK(first.path == "/v1/x?a=b");
  CHECK(first.credential() == "k");
  CHECK_FALSE(parser.idle());
  REQUIRE(parser.advance() == State::complete);
  CHECK(parser.take().credential() == "t");
}

TEST_CASE("what is no request is refused", "[mock]") {
  const auto status_of = [](std::string_view text) {
    MockRequestParser parser;
    parser.feed(text);
    return parser.advance() == State::failed ? parser.status() : 0;
  };
  CHECK(status_of("nonsense\r\n\r\n") == 400);
  CHECK(status_of("GET / HTTP/2.0\r\n\r\n") == 400);
  CHECK(status_of("POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n") == 400);
  CHECK(status_of("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n") == 400);
  CHECK(status_of("POST / HTTP/1.1\r\nContent-Length: 999999999999\r\n\r\n") == 413);
  CHECK(status_of(std::string(300 * 1024, 'a')) == 431);
}

TEST_CASE("a client that asks for 100 Continue gets it", "[mock]") {
  const auto pool = mock_test::open_pool("");
  mock_test::RawSocket socket(pool->port());
  socket.write("POST / HTTP/1.1\r\nHost: m\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  CHECK(socket.read() == "HTTP/1.1 100 Continue\r\n\r\n");
  socket.write("{}");
  CHECK(socket.read().starts_with("HTTP/1.1 200 OK"));
}

TEST_CASE("keep-alive and close are obeyed", "[mock]") {
  const auto pool = mock_test::open_pool("");
  mock_test::RawSocket kept(pool->port());
  for (int i = 0; i < 2; ++i) {
    kept.write_request();
    CHECK(kept.read_until("primary").starts_with("HTTP/1.1 200 OK"));
    while (kept.readable(20))
      kept.read();
  }
  mock_test::RawSocket closing(pool->port());
  closing.write_request("{}", "Connection: close\r\n");
  CHECK(closing.read_to_end().find("Connection: close\r\n") != std::string::npos);
}

TEST_CASE("bodies in chunks and of megabytes arrive", "[mock]") {
  const auto pool = mock_test::open_pool("");
  mock_test::Ask ask;
  ask.body = R"({"model":"m","messages":[{"role":"user","content":")" +
             std::string(3'000'000, 'x') + R"("}]})";
  ask.chunked = true;
  const mock_test::Answer answer = mock_test::send(pool->url(), ask);
  REQUIRE(answer.status == 200);
  const JsonDocument document = mock_test::parsed(answer.body);
  CHECK(document.root().member("usage").member("prompt_tokens").integer_or(0) == 750'001);
}
