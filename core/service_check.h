// Asks a provider's status page, as the document does after a 503: one GET, 5 seconds at most.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/config.h"
#include "core/result.h"

namespace holysheep {

constexpr std::int64_t kServiceCheckMs = 5000;

// JSON: `url`, `ok` (the page answered with 2xx and names no outage), `http_status`, `indicator`
// and `description` of pages that tell them (else null), `took_ms`, `error` (or null). Blocks up to
// `timeout_ms`. An error only if the URL is none.
Result<std::string> check_service(std::string_view url, std::int64_t timeout_ms,
                                  const Environment& environment);

}  // namespace holysheep
