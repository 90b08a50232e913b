// When to come back, in every form that providers use (PROVIDERS 1.1): Retry-After (seconds, float,
// HTTP date read against the answer's Date), retry-after-ms, x-ms-retry-after-ms, the reset headers
// of the limit that is used up, and message texts. Negative, NaN, infinite and absurd values (above
// ten years, in the past) count as absent; a 0 is a hint of 0.
//
// The parts stand apart because their worth differs: Retry-After is the provider's word on this
// request; a text may be exact to the millisecond; a reset is the instant at which the bucket is
// full again, later than needed (PROVIDERS 1.0).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/headers.h"
#include "core/limit_text.h"
#include "core/verdict.h"

namespace holysheep {

// One limit as a pair or triple of headers tells it ("x-ratelimit-remaining-tokens: 0").
struct LimitHeader {
  std::string_view
      name;  // "requests", "tokens", "input-tokens", "tokens-minute"; "" if it has none
  std::int64_t limit = -1;
  std::int64_t remaining = -1;  // -1: not given, or not a count
  std::optional<Nanos> reset;   // a wait, from the moment of the answer
};

// What the headers say of the wait and of the answer, but for the limits.
struct RetryHeaders {
  std::optional<Nanos> retry_after;  // Retry-After and its relatives in milliseconds
  Nanos server_now = 0;              // the answer's Date, else the caller's clock
  std::string_view request_id;
  std::string_view policy_id;        // Azure
  std::optional<bool> should_retry;  // x-should-retry
};

// The views point into `headers`.
RetryHeaders read_retry_headers(const Headers& headers, Nanos unix_now);

// Of the limits that are used up, the one whose reset is the latest; else, if no limit says what
// remains of it, the one with the latest reset. `reference` is the sender's clock. The views point
// into `headers`.
std::optional<LimitHeader> read_exhausted_limit(const Headers& headers, Nanos reference);

// A point in time as providers write it: seconds, a Go duration, Unix seconds or milliseconds, RFC
// 3339, an HTTP date. `reference` is the sender's clock.
std::optional<Nanos> parse_wait(std::string_view text, Nanos reference);

// From headers alone: Retry-After, else the reset of a limit that is used up.
std::optional<Hint> retry_after_from_headers(const Headers& headers, Nanos unix_now);

// From a message text ("Please try again in 7m12s", "retry after 60 seconds", "Please retry
// in 56.1s"). A text that names an hour or more speaks of a daily limit.
std::optional<Hint> retry_after_from_text(std::string_view message);
std::optional<Hint> retry_after_from_text(const FoldedText& message);

}  // namespace holysheep
