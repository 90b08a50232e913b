#include "core/policy.h"

namespace holysheep {
namespace {

constexpr Policy make_smart() {
  Policy policy;
  policy.name = "smart";
  policy.routing = Routing::sequential;
  policy.when_none = WhenNone::wait;
  policy.delay_on = DelayOn::none;
  policy.max_attempts = 0;
  policy.route_attempts_max = 2;
  policy.rate_limited_counts = false;
  // Delays before the same route is tried again: 50 ms after a passing fault, 1 s after throttling,
  // each doubling, with full jitter, to 20 s (ALGORITHMS 2.1: what AWS's SDKs do).
  policy.base_delay = 50 * kMillisecond;
  policy.delay_max = 20 * kSecond;
  // The quick repeat is over then, and every route has had its turn: what failed needs time. With
  // one endpoint a call so spans what the OpenAI SDKs' two retries do (1.5 s; then 2 s, 4 s, 8 s).
  policy.repeat_delay = 2 * kSecond;
  policy.jitter = true;
  policy.obey_hints = true;
  policy.cooldown_base = kSecond;
  policy.cooldown = 60 * kSecond;
  policy.per_route = true;
  policy.breaker = true;
  policy.retry_budget = true;
  policy.slow_start = true;
  policy.max_wait = 60 * kSecond;
  policy.overrides[static_cast<std::size_t>(Verdict::rate_limited)].base_delay = kSecond;
  policy.overrides[static_cast<std::size_t>(Verdict::overloaded)].base_delay = kSecond;
  return policy;
}

// The document's clients: MAX_RETRIES 3, RETRY_DELAY_BASE 1 s, COOLDOWN_PERIOD 60 s.
constexpr Policy make_document() {
  Policy policy;
  policy.name = "document";
  policy.routing = Routing::sticky;
  policy.when_none = WhenNone::force_first;
  policy.delay_on = DelayOn::rate_limited;
  policy.max_attempts = 3;
  policy.route_attempts_max = 0;
  policy.rate_limited_counts = true;
  policy.base_delay = kSecond;
  policy.delay_max = kNever;
  policy.jitter = false;
  policy.obey_hints = false;
  policy.cooldown_base = 60 * kSecond;
  policy.cooldown = 60 * kSecond;
  policy.per_route = false;
  policy.breaker = false;
  policy.retry_budget = false;
  policy.slow_start = false;
  policy.max_wait = 60 * kSecond;  // counts only with when_none "wait"
  return policy;
}

constexpr Policy kSmart = make_smart();
constexpr Policy kDocument = make_document();

}  // namespace

const Policy& smart_policy() {
  return kSmart;
}

const Policy& document_policy() {
  return kDocument;
}

}  // namespace holysheep
