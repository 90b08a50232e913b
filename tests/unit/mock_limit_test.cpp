// Limits that are really kept, and how each family of providers says so.
#include <catch2/catch_test_macros.hpp>
#include <string>

#include "core/calendar.h"
#include "core/duration.h"
#include "core/mock/mock_clock.h"
#include "core/mock/mock_family.h"
#include "core/mock/mock_limiter.h"
#include "tests/unit/mock_client.h"

using namespace holysheep;
using namespace holysheep::mock_test;

namespace {

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

std::string limited(const std::string& limits, const std::string& family = "openai") {
  return R"({"version":1,"endpoints":[{"name":"e","family":")" + family + R"(","limits":)" +
         limits + "}]}";
}

}  // namespace

TEST_CASE("a bucket refills continuously", "[mock]") {
  MockLimits limits;
  limits.rpm = 60;
  MockQuota quota;
  for (int i = 0; i < 60; ++i)
    REQUIRE_FALSE(quota.take(limits, 0, 0));
  const auto refused = quota.take(limits, 0, 0);
  REQUIRE(refused);
  CHECK(refused->error == MockError::rate_limit_rpm);
  CHECK(refused->facts.wait == kSecond);
  CHECK(refused->facts.limit == 60);
  CHECK(refused->facts.used == 60);
  CHECK(quota.take(limits, 0, kSecond - kMillisecond));
  CHECK_FALSE(quota.take(limits, 0, kSecond));
  CHECK(quota.view(limits, kSecond).requests_minute.remaining == 0);
  CHECK(quota.view(limits, kSecond).requests_minute.reset == kMinute);
}

TEST_CASE("the wait follows the formula of real messages", "[mock]") {
  // PROVIDERS 1.0: Limit 30000, Used 18928, Requested 11159: 174 ms.
  MockLimits limits;
  limits.tpm = 30000;
  MockQuota quota;
  REQUIRE_FALSE(quota.take(limits, 18928, 0));
  const auto refused = quota.take(limits, 11159, 0);
  REQUIRE(refused);
  CHECK(refused->error == MockError::rate_limit_tpm);
  CHECK(refused->facts.wait == 174 * kMillisecond);
  const auto large = quota.take(limits, 36278, 0);
  REQUIRE(large);
  CHECK(large->error == MockError::too_large);
}

TEST_CASE("a window gives everything back at its end", "[mock]") {
  MockLimits limits;
  limits.window = true;
  limits.rpm = 2;
  limits.rpd = 3;
  MockQuota quota;
  CHECK_FALSE(quota.take(limits, 0, 10 * kSecond));
  CHECK_FALSE(quota.take(limits, 0, 20 * kSecond));
  const auto minute = quota.take(limits, 0, 50 * kSecond);
  REQUIRE(minute);
  CHECK(minute->facts.wait == 10 * kSecond);
  CHECK_FALSE(quota.take(limits, 0, kMinute));
  const auto day = quota.take(limits, 0, kMinute);
  REQUIRE(day);
  CHECK(day->error == MockError::rate_limit_rpd);
  CHECK(day->facts.wait == kDay - kMinute);
  CHECK_FALSE(quota.take(limits, 0, kDay));
}

TEST_CASE("a limit of a minute passes with the clock", "[mock]") {
  const auto pool = open_pool(limited(R"({"rpm":1})"));
  const Answer first = send(pool->url());
  CHECK(first.status == 200);
  CHECK(first.headers.find("x-ratelimit-limit-requests") == "1");
  CHECK(first.headers.find("x-ratelimit-remaining-requests") == "0");
  CHECK(parse_go_duration(first.headers.find("x-ratelimit-reset-requests")) == kMinute);
  const Answer second = send(pool->url());
  CHECK(second.status == 429);
  CHECK(has(second.body, "on requests per min (RPM): Limit 1, Used 1, Requested 1. Please try"));
  const auto wait = parse_seconds(second.headers.find("retry-after"));
  REQUIRE(wait);
  CHECK(*wait <= kMinute);
  mock_clock_advance(*wait);
  CHECK(send(pool->url()).status == 200);
}

TEST_CASE("limits hold per key and model, per endpoint, or for a group", "[mock]") {
  Ask other_key;
  other_key.key = "second";
  Ask other_model;
  other_model.body = R"({"model":"other"})";
  const auto own = open_pool(limited(R"({"rpm":1})"));
  CHECK(send(own->url()).status == 200);
  CHECK(send(own->url(), other_key).status == 200);
  CHECK(send(own->url(), other_model).status == 200);
  CHECK(send(own->url()).status == 429);
  const auto whole = open_pool(limited(R"({"rpm":1,"scope":"endpoint"})"));
  CHECK(send(whole->url()).status == 200);
  CHECK(send(whole->url(), other_key).status == 429);
  const auto group = open_pool(R"({"version":1,"endpoints":[
      {"limits":{"rpm":1,"group":"account"}},{"limits":{"rpm":1,"group":"account"}}]})");
  CHECK(send(group->url("primary")).status == 200);
  CHECK(send(group->url("backup-1")).status == 429);
}

TEST_CASE("concurrency counts answers that are under way", "[mock]") {
  const auto pool = open_pool(
      R"({"version":1,"endpoints":[{"name":"e","limits":{"concurrency":1,"scope":"endpoint"},
          "replies":[{"latency_ms":60000},{"stall":"after_headers"}]}]})");
  RawSocket first(pool->port());
  first.write_request();
  REQUIRE(pool->await("e", 1, 10'000));
  CHECK(send(pool->url()).status == 429);
  mock_clock_advance(kMinute);
  first.read_until("choices");
  {
    RawSocket second(pool->port());
    second.write_request();
    second.read_until("\r\n\r\n");
    CHECK(send(pool->url()).status == 429);
  }
  // A client that gave up frees its place, as soon as the pool has seen it go.
  long status = 429;
  for (int i = 0; i < 1000 && status == 429; ++i)
    status = send(pool->url()).status;
  CHECK(status == 200);
}

TEST_CASE("tokens are counted from the request, or as the script says", "[mock]") {
  Ask ask;
  ask.body = R"({"model":"m","max_tokens":900,"messages":[{"role":"user","content":"12345678"}]})";
  const auto counted = open_pool(limited(R"({"tpm":1000})"));
  // 900 and (4 + 8) / 4 for role and content.
  CHECK(send(counted->url(), ask).headers.find("x-ratelimit-remaining-tokens") == "97");
  CHECK(has(send(counted->url(), ask).body, R"("type":"tokens")"));
  const auto fixed = open_pool(limited(R"({"tpm":1000,"tokens_per_request":10})"));
  CHECK(send(fixed->url(), ask).headers.find("x-ratelimit-remaining-tokens") == "990");
}

TEST_CASE("a wrong key and an unknown model are refused", "[mock]") {
  const auto pool = open_pool(R"({"version":1,"endpoints":[{"key":"right","models":["m"]}]})");
  CHECK(send(pool->url()).status == 401);
  Ask ask;
  ask.key = "right";
  CHECK(send(pool->url(), ask).status == 200);
  ask.body = R"({"model":"unknown"})";
  const Answer unknown = send(pool->url(), ask);
  CHECK(unknown.status == 404);
  CHECK(has(unknown.body, R"("code":"model_not_found")"));
}

TEST_CASE("each family says no in its own words", "[mock]") {
  const auto refusal = [](const std::string& family) {
    const auto pool = open_pool(limited(R"({"rpm":1})", family));
    send(pool->url());
    return send(pool->url());
  };
  const Answer openai = refusal("openai");
  CHECK(has(openai.body, R"("type":"requests","param":null,"code":"rate_limit_exceeded")"));
  CHECK(openai.headers.has("retry-after-ms"));
  const Answer azure = refusal("azure");
  CHECK(has(azure.body, R"({"error":{"code":"429","message":"Requests to the Chat)"));
  CHECK(azure.headers.find("x-ratelimit-remaining-requests") == "0");
  const Answer anthropic = refusal("anthropic");
  CHECK(anthropic.body.starts_with(R"({"type":"error","error":{"type":"rate_limit_error")"));
  CHECK(anthropic.headers.find("anthropic-ratelimit-requests-remaining") == "0");
  CHECK(parse_rfc3339(anthropic.headers.find("anthropic-ratelimit-requests-reset")));
  const Answer gemini = refusal("gemini");
  CHECK(gemini.body.starts_with(R"([{"error":{"code":429)"));
  CHECK(has(gemini.body, "GenerateRequestsPerMinutePerProjectPerModel-FreeTier"));
  CHECK(has(gemini.body, R"("retryDelay":")"));
  CHECK_FALSE(gemini.headers.has("retry-after"));
  CHECK(
      has(refusal("groq").body, "service tier `on_demand` on requests per minute (RPM): Limit 1"));
  CHECK(has(refusal("mistral").body, R"("code":"1300","raw_status_code":429)"));
  const Answer openrouter = refusal("openrouter");
  CHECK(has(openrouter.body, R"("code":429,"metadata":)"));
  CHECK(openrouter.headers.find("x-ratelimit-remaining") == "0");
  CHECK(refusal("deepseek").status == 429);
  const Answer document = refusal("document");
  CHECK(
      has(document.body, R"("type":"rate_limit_error","code":"429","param":null,"retry_after":)"));
  CHECK_FALSE(document.headers.has("retry-after"));
}

TEST_CASE("a reply can name a family's error", "[mock]") {
  const auto pool = open_replies(
      R"({"error":"insufficient_quota"},{"family":"anthropic","error":"overloaded"},
         {"family":"document","error":"auth"},{"family":"groq","error":"too_large"},
         {"error":"rate_limit_rpm","retry_after_ms":1500,"headers":{"retry-after-ms":null}})");
  const Answer quota = send(pool->url());
  CHECK(quota.status == 429);
  CHECK(has(quota.body, R"("code":"insufficient_quota")"));
  CHECK_FALSE(quota.headers.has("retry-after"));
  const Answer overloaded = send(pool->url());
  CHECK(overloaded.status == 529);
  CHECK(has(overloaded.body, "overloaded_error"));
  CHECK(has(send(pool->url()).body, R"("code":"401")"));
  CHECK(send(pool->url()).status == 413);
  const Answer hinted = send(pool->url());
  CHECK(hinted.headers.find("retry-after") == "2");
  CHECK_FALSE(hinted.headers.has("retry-after-ms"));
  CHECK(has(hinted.body, "Please try again in 1.5s."));
}

TEST_CASE("durations are written as Go writes them", "[mock]") {
  for (const char* const text :
       {"0s", "12ms", "174ms", "1s", "8.64s", "41.724s", "6m0s", "7m12s", "1h2m3s", "24h0m0s"}) {
    const auto duration = parse_go_duration(text);
    REQUIRE(duration);
    CHECK(go_duration_text(*duration) == text);
  }
}
