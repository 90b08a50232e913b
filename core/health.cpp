#include "core/health.h"

#include <algorithm>

#include "core/backoff.h"

namespace holysheep {
namespace {

constexpr Nanos kBucketSpan = kRatioWindow / 10;

}  // namespace

Health::Bucket* Health::bucket(Nanos sent_at) {
  const std::int64_t number = sent_at / kBucketSpan;
  Bucket& found = buckets_[static_cast<std::size_t>(number % kBuckets)];
  if (found.number > number) return nullptr;
  if (found.number < number) {
    found = Bucket{};
    found.number = number;
  }
  return &found;
}

// After a failure of an attempt of then.
bool Health::is_bad(Nanos now, Nanos sent_at) const {
  const std::int64_t oldest = (now - kRatioWindow) / kBucketSpan;
  const std::int64_t last = sent_at / kBucketSpan;
  int good = 0;
  int failed = 0;
  int pending = 0;
  for (const Bucket& each : buckets_) {
    if (each.number <= oldest) continue;
    good += each.succeeded;
    failed += each.failed;
    if (each.number <= last) pending += each.pending;
  }
  if (consecutive_failures_ >= kConsecutiveFailuresMax && pending <= consecutive_failures_) {
    return true;
  }
  good += pending;
  return good + failed >= kRatioResultsMin && good < kSuccessRatioMin * (good + failed);
}

// A probe that fails makes the next time longer; a route that had recovered begins where it was.
void Health::open(Nanos now, Random& random, bool probe_failed) {
  const Nanos forgiven = openings_ > 0 && healthy_since_ > 0 ? now - healthy_since_ : 0;
  openings_ = std::max(0, openings_ - static_cast<int>(forgiven / kForgiveAfter));
  if (probe_failed) ++openings_;
  const Nanos wait = equal_jitter_delay(kOpenBase, openings_, kOpenMax, random);
  recovered_at_ = -1;
  healthy_since_ = 0;
  gate_.close(now, saturating_add(now, wait), reason::kBreakerOpen, true);
}

void Health::sent(Nanos sent_at) {
  if (Bucket* found = bucket(sent_at)) ++found->pending;
}

void Health::settled(Nanos sent_at) {
  Bucket* found = bucket(sent_at);
  if (found != nullptr && found->pending > 0) --found->pending;
}

void Health::succeeded(Nanos now, Nanos sent_at) {
  settled(sent_at);
  if (Bucket* found = bucket(sent_at)) ++found->succeeded;
  const bool was_closed = gate_.closed(now);
  if (was_closed && !gate_.cleared_by_attempt_of(sent_at)) return;
  consecutive_failures_ = 0;
  last_failed_ = false;
  if (was_closed) {
    gate_.clear();
    for (Bucket& each : buckets_)
      each.succeeded = each.failed = 0;
    recovered_at_ = now;
    healthy_since_ = now;
  }
}

void Health::failed(Nanos now, Nanos sent_at, Random& random, bool breaker_enabled) {
  settled(sent_at);
  last_failed_ = true;
  // Faults of calls that shared one connection arrive in one turn and count once.
  if (last_failure_at_ == now) return;
  last_failure_at_ = now;
  if (Bucket* found = bucket(sent_at)) ++found->failed;
  ++consecutive_failures_;
  if (!breaker_enabled) return;
  // One that was sent before the breaker opened is no probe.
  const bool half_open =
      gate_.needs_probe() && now >= gate_.until() && gate_.cleared_by_attempt_of(sent_at);
  if (half_open) return open(now, random, true);
  if (!gate_.needs_probe() && is_bad(now, sent_at)) open(now, random, false);
}

double Health::share(Nanos now) const {
  if (recovered_at_ < 0) return 1;
  const Nanos age = now - recovered_at_;
  if (age >= kSlowStart) return 1;
  return std::max(kSlowStartShareMin, static_cast<double>(age) / static_cast<double>(kSlowStart));
}

void Health::reset() {
  *this = Health();
}

}  // namespace holysheep
