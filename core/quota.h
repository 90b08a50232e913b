// The block of one quota group: what a 429 closes and for how long. The place of the limiter: lease
// before sending, release after; declared and learned limits come here.
#pragma once

#include <algorithm>

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

// Once a block has passed, calls come back a few at a time: one at once, and twice as many after
// each step, until nobody is held any more. All at once, all but the first would meet the next 429,
// which comes within milliseconds; how long an answer takes does not matter here.
constexpr Nanos kEasingStep = 250 * kMillisecond;
constexpr int kEasingSteps = 6;

class Quota {
 public:
  void rate_limited(Nanos now, const Classification& found, const Policy& policy);
  void exhausted(Nanos now, const Classification& found);
  void succeeded(Nanos now, Nanos sent_at);

  Passage passage(Nanos now) const;
  // An attempt begins.
  void leased(Nanos now) {
    if (is_easing(now)) ++eased_starts_;
  }
  // … and was not made after all.
  void withdrawn() { eased_starts_ = std::max(eased_starts_ - 1, 0); }
  // Open, or soon, but not yet for everybody.
  bool is_easing(Nanos now) const {
    return eased_from_ > 0 && now < eased_from_ + kEasingSteps * kEasingStep;
  }
  Gate& gate() { return gate_; }
  const Gate& gate() const { return gate_; }
  LimitDimension dimension() const { return dimension_; }
  bool is_exhausted() const { return exhausted_; }
  void reset() { *this = Quota(); }

 private:
  Gate gate_;
  LimitDimension dimension_ = LimitDimension::unknown;
  int consecutive_ = 0;
  bool exhausted_ = false;
  Nanos eased_from_ = 0;  // when the last block ends; 0: there was none
  int eased_starts_ = 0;  // attempts since
};

}  // namespace holysheep
