// How the families of providers say "too many" (PROVIDERS 1.1): the 429 of a limit, with the words
// and headers from which a client can learn when to come back.
#pragma once

#include <string>

#include "core/sim/sim_answer.h"
#include "core/sim/sim_limits.h"
#include "core/sim/sim_model.h"

namespace holysheep {

SimAnswer refusal_answer(SimFamily family, const SimRequest& request, const SimAdmission& admission,
                         Now now);
// x-ratelimit-* lines of any answer, for the families that have them.
std::string limit_headers(SimFamily family, SimLimiter& limiter, Now now);

// "1h2m3.004s", rounded up to milliseconds.
std::string go_duration(Nanos duration);
// "2026-01-01T00:00:00Z", rounded up to seconds.
std::string rfc3339(Nanos unix_time);

}  // namespace holysheep
