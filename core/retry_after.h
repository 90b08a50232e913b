// When to come back, in every form that providers use (PROVIDERS 1.1): Retry-After (seconds, float,
// HTTP date read against the answer's Date), retry-after-ms, x-ms-retry-after-ms, the reset headers
// of the limit that is used up, google.rpc.RetryInfo, `retry_after` in a body, and message texts.
#pragma once

#include <optional>
#include <string_view>

#include "core/headers.h"
#include "core/verdict.h"

namespace holysheep {

// From headers alone; the longest wait among limits that are used up where there is no Retry-After.
// Negative, NaN, infinite and absurd values count as absent. A 0 is a hint of 0.
std::optional<Hint> retry_after_from_headers(const Headers& headers, Nanos unix_now);

// From a message text ("Please try again in 7m12s", "retry after 60 seconds", "Please retry in 56.1s").
std::optional<Hint> retry_after_from_text(std::string_view message);

}  // namespace holysheep
