#include "core/health.h"

#include <catch2/catch_test_macros.hpp>

#include "core/gate.h"
#include "core/quota.h"

using namespace holysheep;

TEST_CASE("gate: instants only move later") {
  Gate gate;
  gate.close(0, 10 * kSecond, reason::kRateLimited, false);
  gate.close(1, 5 * kSecond, reason::kOverloaded, false);
  REQUIRE(gate.until() == 10 * kSecond);
  REQUIRE(gate.reason() == reason::kRateLimited);
  REQUIRE(gate.passage(9 * kSecond).at == 10 * kSecond);
  REQUIRE(gate.passage(10 * kSecond).at == 0);
}

TEST_CASE("gate: half-open lets one pass at a time") {
  Gate gate;
  gate.close(0, kSecond, reason::kBreakerOpen, true);
  REQUIRE(gate.passage(kSecond).probe);
  REQUIRE(gate.passage(kSecond).at == 0);
  gate.begin_probe();
  REQUIRE(gate.passage(kSecond).at == kNever);
  gate.end_probe();
  REQUIRE(gate.passage(kSecond).at == 0);
  gate.clear();
  REQUIRE_FALSE(gate.passage(kSecond).probe);
}

TEST_CASE("breaker: opens after three hard failures in a row, for 2.5 to 5 seconds") {
  Health health;
  Random random(1);
  for (int i = 0; i < kConsecutiveFailuresMax; ++i) {
    REQUIRE(health.passage(i).at == 0);
    health.failed(i, i, random, true);
  }
  const Nanos until = health.passage(3).at;
  REQUIRE(until >= 3 + 5 * kSecond / 2 - 1);
  REQUIRE(until <= 3 + 5 * kSecond);
}

TEST_CASE("breaker: each failed probe keeps it closed for longer, a success opens it") {
  Health health;
  Random random(2);
  for (int i = 0; i < kConsecutiveFailuresMax; ++i)
    health.failed(i, i, random, true);
  const Nanos first = health.gate().until();
  health.failed(first, first, random, true);
  const Nanos second = health.gate().until() - first;
  REQUIRE(second >= 5 * kSecond);
  REQUIRE(second <= 10 * kSecond);
  const Nanos later = health.gate().until();
  health.succeeded(later + 1, later);
  REQUIRE(health.passage(later + 1).at == 0);
  REQUIRE_FALSE(health.passage(later + 1).probe);
}

TEST_CASE("breaker: a success that was sent before it opened does not close it") {
  Health health;
  Random random(3);
  for (int i = 0; i < kConsecutiveFailuresMax; ++i)
    health.failed(10 + i, 10, random, true);
  const Nanos until = health.gate().until();
  health.succeeded(20, 5);
  REQUIRE(health.gate().until() == until);
}

TEST_CASE("breaker: faults of one turn count once") {
  Health health;
  Random random(4);
  for (int i = 0; i < 10; ++i)
    health.failed(7, 7, random, true);
  REQUIRE(health.passage(8).at == 0);
}

TEST_CASE("breaker: a bad success ratio opens it too") {
  Health health;
  Random random(5);
  Nanos now = 0;
  // Never three failures in a row: one success after two failures is a ratio of a third.
  for (int i = 0; i < 4; ++i) {
    REQUIRE(health.passage(now).at <= now);
    health.failed(now + 1, now + 1, random, true);
    health.failed(now + 2, now + 2, random, true);
    now += 3;
    if (i < 3) health.succeeded(now, now);
  }
  REQUIRE(health.passage(now).at > now);
}

TEST_CASE("breaker: a recovered route is eased in over 30 seconds") {
  Health health;
  Random random(6);
  for (int i = 0; i < kConsecutiveFailuresMax; ++i)
    health.failed(i, i, random, true);
  const Nanos probe = health.gate().until();
  health.succeeded(probe, probe);
  REQUIRE(health.share(probe) == kSlowStartShareMin);
  REQUIRE(health.share(probe + kSlowStart / 2) > 0.49);
  REQUIRE(health.share(probe + kSlowStart) == 1);
}

namespace {

Classification limited(std::optional<Hint> hint) {
  Classification found;
  found.verdict = Verdict::rate_limited;
  found.hint = hint;
  return found;
}

}  // namespace

TEST_CASE(
    "quota: a hint is obeyed to the nanosecond; without one the block doubles to the cooldown") {
  const Policy& policy = smart_policy();
  Quota hinted;
  hinted.rate_limited(0, limited(Hint{30 * kSecond, false}), policy);
  REQUIRE(hinted.passage(0).at == 30 * kSecond);

  Quota blind;
  Nanos now = 0;
  for (const Nanos expected : {1, 2, 4, 8, 16, 32, 60, 60}) {
    blind.rate_limited(now, limited(std::nullopt), policy);
    REQUIRE(blind.passage(now).at == now + expected * kSecond);
    now = blind.passage(now).at;
  }
  blind.succeeded(now, now);
  blind.rate_limited(now, limited(std::nullopt), policy);
  REQUIRE(blind.passage(now).at == now + kSecond);
}

TEST_CASE("quota: calls that were under way together are one episode") {
  Quota quota;
  for (int i = 0; i < 50; ++i) {
    quota.rate_limited(i, limited(std::nullopt), smart_policy());
  }
  REQUIRE(quota.passage(50).at <= 50 + kSecond);
}

TEST_CASE("quota: a wrong hint of zero grows, an absurd one is cut to an hour") {
  Quota zero;
  Nanos now = 0;
  for (int i = 0; i < 6; ++i) {
    zero.rate_limited(now, limited(Hint{0, false}), smart_policy());
    now = std::max(now + 1, zero.gate().until());
  }
  REQUIRE(zero.gate().until() >= kSecond);
  Quota absurd;
  absurd.rate_limited(0, limited(Hint{100 * kHour, false}), smart_policy());
  REQUIRE(absurd.passage(0).at == kHour);
  REQUIRE_FALSE(absurd.passage(kHour).probe);
}

TEST_CASE("quota: a daily limit is tried hourly by one call") {
  Quota quota;
  quota.rate_limited(0, limited(Hint{20 * kHour, true}), smart_policy());
  REQUIRE(quota.passage(0).at == kHour);
  REQUIRE(quota.passage(kHour).probe);
}

TEST_CASE("quota: the document's cooldown is fixed and ignores hints") {
  Quota quota;
  Nanos now = 0;
  for (int i = 0; i < 3; ++i) {
    quota.rate_limited(now, limited(Hint{kSecond, false}), document_policy());
    REQUIRE(quota.passage(now).at == now + 60 * kSecond);
    now += 61 * kSecond;
  }
}

TEST_CASE(
    "quota: a quota that is gone without a reset is tried after 5 minutes, doubling to an hour") {
  Quota quota;
  Nanos now = 0;
  for (const Nanos minutes : {5, 10, 20, 40, 60, 60}) {
    quota.exhausted(now, limited(std::nullopt));
    REQUIRE(quota.passage(now).at == now + minutes * kMinute);
    now = quota.passage(now).at;
    REQUIRE(quota.passage(now).probe);
  }
}

TEST_CASE("quota: after a block calls come back one, two, four at a time") {
  Quota quota;
  quota.rate_limited(0, limited(Hint{10 * kSecond, false}), smart_policy());
  Nanos now = 10 * kSecond;
  int started = 0;
  for (int step = 0; step < kEasingSteps; ++step) {
    while (quota.passage(now).at <= now) {
      quota.leased(now);
      ++started;
    }
    REQUIRE(started == 1 << step);
    REQUIRE(quota.passage(now).reason == reason::kEasing);
    REQUIRE(quota.passage(now).at == now + kEasingStep);
    now = quota.passage(now).at;
  }
  for (int i = 0; i < 1000; ++i)
    quota.leased(now);
  REQUIRE(quota.passage(now).at == 0);
}

TEST_CASE("breaker: a failure of an attempt from before the opening is no failed probe") {
  Health health;
  Random random(3);
  for (int i = 0; i < kConsecutiveFailuresMax; ++i)
    health.failed(i, i, random, true);
  const Nanos until = health.gate().until();
  health.failed(until + kSecond, 0, random, true);
  REQUIRE(health.gate().until() == until);
  health.failed(until + 2 * kSecond, until + kSecond, random, true);
  REQUIRE(health.gate().until() > until);
}
