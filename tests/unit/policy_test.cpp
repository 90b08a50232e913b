#include "core/policy.h"

#include <catch2/catch_test_macros.hpp>

using namespace holysheep;

TEST_CASE("the document policy is the document's: sticky, three attempts, 1 s, 60 s") {
  const Policy& policy = document_policy();
  CHECK(policy.name == "document");
  CHECK(policy.routing == Routing::sticky);
  CHECK(policy.when_none == WhenNone::force_first);
  CHECK(policy.delay_on == DelayOn::rate_limited);
  CHECK(policy.max_attempts == 3);
  CHECK(policy.route_attempts_max == 0);
  CHECK(policy.rate_limited_counts);
  CHECK(policy.base_delay == kSecond);
  CHECK_FALSE(policy.jitter);
  CHECK_FALSE(policy.obey_hints);
  CHECK(policy.cooldown_base == 60 * kSecond);
  CHECK(policy.cooldown == 60 * kSecond);
  CHECK_FALSE(policy.per_route);
  CHECK_FALSE(policy.breaker);
  CHECK_FALSE(policy.retry_budget);
  CHECK_FALSE(policy.slow_start);
}

TEST_CASE("the smart policy obeys hints, waits for capacity, and a 429 costs no attempt") {
  const Policy& policy = smart_policy();
  CHECK(policy.name == "smart");
  CHECK(policy.when_none == WhenNone::wait);
  CHECK(policy.delay_on == DelayOn::none);
  CHECK(policy.max_attempts == 0);
  CHECK(policy.route_attempts_max == 2);
  CHECK_FALSE(policy.rate_limited_counts);
  CHECK(policy.obey_hints);
  CHECK(policy.jitter);
  CHECK(policy.cooldown_base == kSecond);
  CHECK(policy.cooldown == 60 * kSecond);
  CHECK(policy.max_wait == 60 * kSecond);
  CHECK((policy.breaker && policy.retry_budget && policy.slow_start && policy.per_route));
}

TEST_CASE("throttling waits longer than other faults under smart") {
  const Policy& policy = smart_policy();
  const auto& limited = policy.overrides[static_cast<std::size_t>(Verdict::rate_limited)];
  const auto& overloaded = policy.overrides[static_cast<std::size_t>(Verdict::overloaded)];
  CHECK(limited.base_delay >= 20 * policy.base_delay);
  CHECK(overloaded.base_delay >= 20 * policy.base_delay);
}
