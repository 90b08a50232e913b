// Every form of "come back later", from tests/vectors/retry_after.json.
#include "core/retry_after.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "vector_file.h"

namespace holysheep {
namespace {

namespace dom = simdjson::dom;

void check_wait(dom::element expected, const std::optional<Hint>& actual) {
  if (expected.is_null()) {
    CHECK_FALSE(actual.has_value());
  } else {
    CHECK(actual.has_value());
    if (actual) CHECK(to_ms(actual->wait) == std::int64_t(expected));
  }
}

TEST_CASE("Every header form gives the wait that its vector names") {
  const VectorFile file("retry_after.json");
  const Nanos unix_now = from_ms(file.root()["unix_now_ms"]);
  for (const dom::element vector : dom::array(file.root()["headers"])) {
    INFO(std::string_view(vector["name"]));
    const Headers headers = headers_of(vector["headers"]);
    const std::optional<Hint> hint = retry_after_from_headers(headers, unix_now);
    check_wait(vector["hint_ms"], hint);
    // No header alone says that a limit is daily.
    if (hint) CHECK_FALSE(hint->daily);
  }
}

TEST_CASE("Every message text gives the wait that its vector names") {
  const VectorFile file("retry_after.json");
  for (const dom::element vector : dom::array(file.root()["texts"])) {
    const std::string_view text = vector["text"];
    INFO(text);
    const std::optional<Hint> hint = retry_after_from_text(text);
    check_wait(vector["hint_ms"], hint);
    if (hint) CHECK(hint->daily == bool(vector["daily"]));
  }
}

TEST_CASE("A header block cut at any byte is read without harm") {
  const VectorFile file("retry_after.json");
  for (const dom::element vector : dom::array(file.root()["headers"])) {
    const std::string whole = headers_of(vector["headers"]).block();
    for (std::size_t length = 0; length < whole.size(); ++length) {
      const std::optional<Hint> hint =
          retry_after_from_headers(Headers(whole.substr(0, length)), 0);
      if (hint) CHECK(hint->wait >= 0);
    }
  }
}

TEST_CASE("Headers tell which limit is used up, and what the server asks for") {
  const Headers headers(
      "x-ratelimit-limit-tokens: 30000\r\nx-ratelimit-remaining-tokens: 0\r\n"
      "x-ratelimit-reset-tokens: 5s\r\npolicy-id: DeploymentRatelimit-Token\r\n"
      "x-should-retry: FALSE\r\nx-request-id: req_1\r\n");
  const RetryHeaders read = read_retry_headers(headers, 7);
  const auto exhausted = read_exhausted_limit(headers, read.server_now);
  REQUIRE(exhausted);
  CHECK(exhausted->name == "tokens");
  CHECK(exhausted->limit == 30'000);
  CHECK(exhausted->remaining == 0);
  CHECK(exhausted->reset == 5 * kSecond);
  CHECK(read.policy_id == "DeploymentRatelimit-Token");
  CHECK(read.should_retry == false);
  CHECK(read.request_id == "req_1");
  CHECK(read.server_now == 7);
  CHECK_FALSE(read_retry_headers(Headers("x-should-retry: maybe\r\n"), 0).should_retry.has_value());
}

TEST_CASE("More limits than any provider has do no harm") {
  std::string block;
  for (int i = 0; i < 100; ++i) {
    block += "x-ratelimit-remaining-a" + std::to_string(i) + ": 0\r\n";
    block += "x-ratelimit-reset-a" + std::to_string(i) + ": 1s\r\n";
  }
  const std::optional<Hint> hint = retry_after_from_headers(Headers(block), 0);
  REQUIRE(hint.has_value());
  CHECK(hint->wait == kSecond);
}

}  // namespace
}  // namespace holysheep
