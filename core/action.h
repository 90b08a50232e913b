// What a policy does about each verdict: a table, not code paths (SEMANTICS 3 and 4).
#pragma once

#include <cstdint>

#include "core/policy.h"
#include "core/verdict.h"

namespace holysheep {

// Whose state a verdict changes.
enum class Scope : std::uint8_t { none, route, host, quota, credential, request };

// Where the call may go next.
struct Action {
  Scope scope = Scope::route;
  bool same_route = false;        // the route that failed may be tried again in this call
  bool at_once = false;           // and it is tried first, without a delay, on a fresh connection
  bool elsewhere = false;         // other endpoints, same model
  bool other_key_only = false;    // only those with another key
  bool other_model = false;       // fallback models
  bool final_from_first = false;  // final if the call's first route said so; later: skip that route
  bool hard_failure = false;      // counts for the breaker
  bool throttle = false;          // its retry costs and waits as a throttled one
};

const Action& action_of(Verdict verdict, const Policy& policy);

}  // namespace holysheep
