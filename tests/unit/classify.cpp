// The classifier against tests/vectors/classify.json, and against the same bodies cut and garbled.
#include "core/classify.h"

#include <catch2/catch_test_macros.hpp>
#include <set>
#include <string>
#include <vector>

#include "core/random.h"
#include "vector_file.h"

namespace holysheep {
namespace {

namespace dom = simdjson::dom;

TransportError transport_of(std::string_view name) {
  for (int i = 0; i <= static_cast<int>(TransportError::local_files); ++i) {
    if (name_of(static_cast<TransportError>(i)) == name) return static_cast<TransportError>(i);
  }
  FAIL("no such transport error: " << name);
  return TransportError::none;
}

// An outcome with what it points to.
struct Case {
  Headers headers;
  std::string body;
  Outcome outcome;

  Case(dom::object vector, Nanos unix_now)
      : headers(headers_of(vector["headers"])), body(body_of(vector["body"])) {
    std::string_view transport;
    if (vector["transport"].get(transport) == simdjson::SUCCESS) {
      outcome.transport = transport_of(transport);
    }
    outcome.status = static_cast<int>(std::int64_t(vector["status"]));
    outcome.unix_now = unix_now;
    outcome.in_band = vector["in_band"].error() == simdjson::SUCCESS;
  }
  Classification run() {
    outcome.headers = &headers;
    outcome.body = body;
    return classify(outcome);
  }
};

void check_number(dom::object expect, const char* key, std::int64_t actual) {
  std::int64_t expected = 0;
  if (expect[key].get(expected) != simdjson::SUCCESS) return;
  INFO(key);
  CHECK(actual == expected);
}

void check_text(dom::object expect, const char* key, const std::string& actual) {
  std::string_view expected;
  if (expect[key].get(expected) != simdjson::SUCCESS) return;
  INFO(key);
  CHECK(actual == expected);
}

void check_truth(dom::object expect, const char* key, bool actual) {
  bool expected = false;
  if (expect[key].get(expected) != simdjson::SUCCESS) return;
  INFO(key);
  CHECK(actual == expected);
}

void check_vector(dom::object vector, Nanos unix_now) {
  Case item(vector, unix_now);
  const Classification actual = item.run();
  const dom::object expect = vector["expect"];
  INFO(std::string_view(vector["name"])
       << ": decided by " << actual.rule << ", message " << actual.message);
  CHECK(name_of(actual.verdict) == std::string_view(expect["verdict"]));
  CHECK(name_of(actual.dimension) == std::string_view(expect["dimension"]));
  if (expect["hint_ms"].is_null()) {
    CHECK_FALSE(actual.hint.has_value());
  } else if (actual.hint) {
    CHECK(to_ms(actual.hint->wait) == std::int64_t(expect["hint_ms"]));
    CHECK(actual.hint->daily == bool(expect["daily"]));
  } else {
    CHECK(actual.hint.has_value());
  }
  check_number(expect, "limit", actual.limit);
  check_number(expect, "used", actual.used);
  check_number(expect, "requested", actual.requested);
  check_truth(expect, "whole_credential", actual.whole_credential);
  check_truth(expect, "same_route_forbidden", actual.same_route_forbidden);
  check_text(expect, "code", actual.code);
  check_text(expect, "type", actual.type);
  check_text(expect, "param", actual.param);
  check_text(expect, "message", actual.message);
  check_text(expect, "request_id", actual.request_id);
  if (actual.verdict != Verdict::ok) CHECK_FALSE(actual.message.empty());
  CHECK_FALSE(actual.rule.empty());
}

TEST_CASE("Every vector is classified as it says") {
  const VectorFile file("classify.json");
  const Nanos unix_now = from_ms(file.root()["unix_now_ms"]);
  for (const dom::element vector : dom::array(file.root()["vectors"])) {
    check_vector(vector, unix_now);
  }
}

TEST_CASE("The vectors hold every row of the table of providers") {
  const VectorFile file("classify.json");
  std::set<std::int64_t> rows;
  for (const dom::element vector : dom::array(file.root()["vectors"])) {
    std::int64_t row = 0;
    if (vector["row"].get(row) == simdjson::SUCCESS) rows.insert(row);
  }
  CHECK(rows.size() == 44);
}

TEST_CASE("A body cut at any byte is classified, by its status at the worst") {
  const VectorFile file("classify.json");
  for (const dom::element vector : dom::array(file.root()["vectors"])) {
    Case item(vector, from_ms(file.root()["unix_now_ms"]));
    const std::string whole = item.body;
    for (std::size_t length = 0; length < whole.size(); ++length) {
      // A buffer of its own, so that a sanitizer sees a read behind its end.
      const std::vector<char> copy(whole.begin(),
                                   whole.begin() + static_cast<std::ptrdiff_t>(length));
      item.outcome.headers = &item.headers;
      item.outcome.body = {copy.data(), copy.size()};
      const Classification result = classify(item.outcome);
      if (item.outcome.status >= 300 && result.verdict == Verdict::ok) {
        FAIL(std::string_view(vector["name"]) << " cut at " << length);
      }
    }
  }
}

TEST_CASE("A garbled body never breaks the classifier") {
  const VectorFile file("classify.json");
  Random random(2026);
  for (const dom::element vector : dom::array(file.root()["vectors"])) {
    Case item(vector, from_ms(file.root()["unix_now_ms"]));
    const std::string whole = item.body;
    for (std::size_t at = 0; at < whole.size(); at += 1 + random.below(3)) {
      item.body = whole;
      constexpr std::string_view kBytes = "\"\\{}[],:0-9e.\x01\x80\xff<";
      item.body[at] = kBytes[random.below(kBytes.size())];
      const Classification result = item.run();
      if (item.outcome.status >= 300 && result.verdict == Verdict::ok) {
        FAIL(std::string_view(vector["name"]) << " garbled at " << at);
      }
    }
  }
}

TEST_CASE("Only 64 KiB of an error's body are read as JSON") {
  Headers headers;
  std::string body = R"({"padding":")" + std::string(64 * 1024, 'x') +
                     R"(","error":{"code":"insufficient_quota","message":"m"}})";
  Outcome outcome;
  outcome.status = 429;
  outcome.headers = &headers;
  outcome.body = body;
  const Classification result = classify(outcome);
  CHECK(result.verdict == Verdict::rate_limited);
  CHECK(result.rule == "status 429");
  CHECK(result.message.size() <= 1024);
}

TEST_CASE("Deep nesting is no error message, and costs no stack") {
  Headers headers;
  std::string body(30'000, '[');
  body.append(30'000, ']');
  Outcome outcome;
  outcome.status = 500;
  outcome.headers = &headers;
  outcome.body = body;
  CHECK(classify(outcome).verdict == Verdict::server_error);
}

TEST_CASE("A long message is cut between characters") {
  Headers headers;
  std::string text = "x";
  for (int i = 0; i < 1000; ++i)
    text += "\xEA\xB0\x80";  // three bytes each
  std::string body = R"({"error":{"message":")" + text + R"("}})";
  Outcome outcome;
  outcome.status = 400;
  outcome.headers = &headers;
  outcome.body = body;
  const Classification result = classify(outcome);
  CHECK(result.message.size() <= 1024);
  CHECK(result.message.size() % 3 == 1);
}

TEST_CASE("Every status has a verdict") {
  Headers headers;
  for (int status = 0; status < 1000; ++status) {
    Outcome outcome;
    outcome.status = status;
    outcome.headers = &headers;
    const Classification result = classify(outcome);
    if ((result.verdict == Verdict::ok) != (status >= 200 && status < 300)) FAIL(status);
  }
}

TEST_CASE("An outcome without headers is classified too") {
  Outcome outcome;
  outcome.status = 429;
  outcome.body = R"({"error":{"message":"try again in 3s"}})";
  CHECK(classify(outcome).hint->wait == 3 * kSecond);
  outcome.status = 302;
  CHECK(classify(outcome).verdict == Verdict::redirected);
}

}  // namespace
}  // namespace holysheep
