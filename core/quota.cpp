#include "core/quota.h"

#include <algorithm>

#include "core/backoff.h"

namespace holysheep {
namespace {

// How long a 429 blocks its group; `consecutive` counts this one.
Nanos block_of(const Classification& found, const Policy& policy, int consecutive) {
  if (!policy.obey_hints || !found.hint) {
    return exponential_delay(policy.cooldown_base, consecutive - 1, policy.cooldown);
  }
  Nanos wait = found.hint->wait;
  if (wait < policy.cooldown_base && consecutive > 1) {
    wait = std::max(wait, exponential_delay(kTinyWait, consecutive - 2, policy.cooldown_base));
  }
  return wait;
}

}  // namespace

Passage Quota::passage(Nanos now) const {
  const Passage passage = gate_.passage(now);
  if (passage.at > now || !is_easing(now)) return passage;
  const Nanos steps = (now - eased_from_) / kEasingStep;
  if (eased_starts_ < (1 << steps)) return passage;
  return {eased_from_ + (steps + 1) * kEasingStep, false, reason::kEasing};
}

void Quota::rate_limited(Nanos now, const Classification& found, const Policy& policy) {
  // Several calls that were under way together are told the same thing: that is one episode.
  if (now >= gate_.until()) ++consecutive_;
  dimension_ = found.dimension;
  Nanos wait = block_of(found, policy, std::max(consecutive_, 1));
  const bool daily = found.hint && found.hint->daily;
  if (wait > kHintMax) wait = kHintMax;
  // What comes after a daily limit's first hour is a single try, not everybody.
  gate_.close(now, saturating_add(now, wait), reason::kRateLimited, daily && wait == kHintMax);
  if (policy.slow_start) {
    eased_from_ = gate_.until();
    eased_starts_ = 0;
  }
}

void Quota::exhausted(Nanos now, const Classification& found) {
  if (now >= gate_.until()) ++consecutive_;
  exhausted_ = true;
  dimension_ = found.dimension;
  const Nanos wait = found.hint
                         ? std::min(found.hint->wait, kHintMax)
                         : exponential_delay(kExhaustedBase, consecutive_ - 1, kExhaustedMax);
  gate_.close(now, saturating_add(now, wait), reason::kQuotaExhausted, true);
}

void Quota::succeeded(Nanos now, Nanos sent_at) {
  if (gate_.closed(now) && !gate_.cleared_by_attempt_of(sent_at)) return;
  consecutive_ = 0;
  exhausted_ = false;
  gate_.clear();
}

}  // namespace holysheep
