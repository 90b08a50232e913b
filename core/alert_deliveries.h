// What became of the alerts that were sent to the webhook.
//
// Threads: one writer (the webhook's engine), any readers (tally.h).
#pragma once

#include "core/tally.h"

namespace holysheep {

struct AlertDeliveries {
  Tally delivered;
  Tally failed;  // for good: all retries were in vain, or the answer said that they would be
  Single<bool> failing;     // the last one failed
  Single<int> http_status;  // of its last answer; 0: none came
};

}  // namespace holysheep
