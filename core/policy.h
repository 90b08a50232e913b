// The two policies as data (SEMANTICS 4): both run on the same machine, only these values differ.
// The configuration may change each knob by itself.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/duration.h"
#include "core/verdict.h"

namespace holysheep {

enum class Routing : std::uint8_t {
  sticky,      // stay on the current endpoint while it is available (the document)
  sequential,  // the first in order that can take the call now
  round_robin,
  weighted,    // at random by weight
  least_busy,  // fewest calls in flight per weight
};
enum class WhenNone : std::uint8_t { wait, force_first };
enum class DelayOn : std::uint8_t { none, rate_limited, any_failure };

// Retry values that may differ for one verdict (`retry.overrides`).
struct RetryOverride {
  int max_attempts = -1;  // -1: as the policy says
  Nanos base_delay = -1;  // -1: as the policy says
};

struct Policy {
  std::string_view name = "smart";
  Routing routing = Routing::sequential;
  WhenNone when_none = WhenNone::wait;
  // A wait before the next attempt though another endpoint is free (the document waits).
  DelayOn delay_on = DelayOn::none;
  int max_attempts = 0;  // 0: each usable route once plus two, at most 12 (kAttemptsMax)
  // On one route within a call, from 2 up more where no other can take it; 0: no limit.
  int route_attempts_max = 2;
  bool rate_limited_counts = true;  // a 429 counts towards max_attempts
  Nanos base_delay = kSecond;
  Nanos delay_max = 60 * kSecond;
  // Before a call goes back for the second time and later to routes that have failed it; doubles
  // each time, half of it at random. 0: none.
  Nanos repeat_delay = 0;
  bool jitter = true;
  bool obey_hints = true;
  // A 429 without a hint blocks for cooldown_base · 2^(consecutive - 1), at most `cooldown`.
  // Equal values make it a fixed cooldown.
  Nanos cooldown_base = kSecond;
  Nanos cooldown = 60 * kSecond;
  bool per_route = true;  // state per (endpoint, model); false: one state per endpoint
  bool breaker = true;
  bool retry_budget = true;
  bool slow_start = true;
  Nanos max_wait = 60 * kSecond;  // waiting for capacity, over the whole call; 0: never
  // Verdicts of the request's own making (invalid_request, context_length, …) that end a call at
  // once, and those that a key shared by all makes final.
  std::array<RetryOverride, kVerdictCount> overrides{};
};

// The smart policy never makes more attempts than this in one call: a pool of hundreds of endpoints
// that are all broken must not turn one call into hundreds.
constexpr int kAttemptsMax = 12;
// Attempts of one call that were sent in full and never answered: each may be billed.
constexpr int kUnansweredMax = 2;

const Policy& smart_policy();
const Policy& document_policy();

}  // namespace holysheep
