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

void Quota::rate_limited(Nanos now, const Classification& found, const Policy& policy) {
  // Several calls that were under way together are told the same thing: that is one episode.
  if (now >= gate_.until()) ++consecutive_;
  dimension_ = found.dimension;
  if (policy.slow_start) eased_in_ = 1;
  Nanos wait = block_of(found, policy, std::max(consecutive_, 1));
  const bool daily = found.hint && found.hint->daily;
  if (wait > kHintMax) wait = kHintMax;
  // What comes after a daily limit's first hour is a single try, not everybody.
  gate_.close(now, saturating_add(now, wait), reason::kRateLimited, daily && wait == kHintMax);
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
  if (eased_in_ > 0 && ++eased_in_ > kEasingMax) eased_in_ = 0;
  consecutive_ = 0;
  exhausted_ = false;
  gate_.clear();
}

}  // namespace holysheep
