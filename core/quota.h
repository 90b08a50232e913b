// The block of one quota group: what a 429 closes and for how long. The place of the limiter: lease
// before sending, release after; declared and learned limits come here.
#pragma once

#include "core/duration.h"
#include "core/gate.h"
#include "core/policy.h"
#include "core/verdict.h"

namespace holysheep {

// A hint above this without a typed daily or spend reason is cut to it, and a longer block is tried
// once an hour by one real call: providers give wrong dates, and quotas are raised.
constexpr Nanos kHintMax = kHour;
// Hints below the cooldown's base are exact to milliseconds at some providers and 0 at others: when
// they turn out wrong, the wait grows from here.
constexpr Nanos kTinyWait = 100 * kMillisecond;
// A quota that is gone without a known reset: 5 min, doubling to 1 h (ALGORITHMS 3.2).
constexpr Nanos kExhaustedBase = 5 * kMinute;
constexpr Nanos kExhaustedMax = kHour;

// Once a block has passed, calls come back one by one, not all at once: as many may be in flight as
// there were successes since, plus one, until that is this many. All at once, all but the first
// would meet the next 429.
constexpr int kEasingMax = 32;

class Quota {
 public:
  void rate_limited(Nanos now, const Classification& found, const Policy& policy);
  void exhausted(Nanos now, const Classification& found);
  void succeeded(Nanos now, Nanos sent_at);

  Passage passage(Nanos now) const {
    const Passage passage = gate_.passage(now);
    if (passage.at > now || eased_in_ == 0 || in_flight_ < eased_in_) return passage;
    return {kNever, false, reason::kEasing};
  }
  // Around each attempt.
  void leased() { ++in_flight_; }
  void released() { --in_flight_; }
  // Whether a lease that ends lets another call in.
  bool is_easing() const { return eased_in_ > 0; }
  Gate& gate() { return gate_; }
  const Gate& gate() const { return gate_; }
  LimitDimension dimension() const { return dimension_; }
  bool is_exhausted() const { return exhausted_; }
  void reset() {
    const int in_flight = in_flight_;
    *this = Quota();
    in_flight_ = in_flight;
  }

 private:
  Gate gate_;
  LimitDimension dimension_ = LimitDimension::unknown;
  int consecutive_ = 0;
  bool exhausted_ = false;
  int in_flight_ = 0;
  int eased_in_ = 0;  // how many may be in flight; 0: any number
};

}  // namespace holysheep
