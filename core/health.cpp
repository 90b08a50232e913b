#include "core/health.h"

#include <algorithm>

#include "core/backoff.h"

namespace holysheep {
namespace {

constexpr Nanos kBucketSpan = kRatioWindow / 10;

}  // namespace

Health::Bucket& Health::bucket(Nanos sent_at) {
  const std::int64_t number = sent_at / kBucketSpan;
  Bucket& found = buckets_[static_cast<std::size_t>(number % kBuckets)];
  if (found.number != number) found = Bucket{number, 0, 0};
  return found;
}

bool Health::ratio_is_bad(Nanos now) const {
  const std::int64_t oldest = (now - kRatioWindow) / kBucketSpan;
  std::uint32_t succeeded = 0;
  std::uint32_t failed = 0;
  for (const Bucket& each : buckets_) {
    if (each.number <= oldest) continue;
    succeeded += each.succeeded;
    failed += each.failed;
  }
  const std::uint32_t results = succeeded + failed;
  return results >= kRatioResultsMin && succeeded < kSuccessRatioMin * results;
}

void Health::open(Nanos now, Random& random) {
  const Nanos forgiven = openings_ > 0 && healthy_since_ > 0 ? now - healthy_since_ : 0;
  openings_ = std::max(0, openings_ - static_cast<int>(forgiven / kForgiveAfter));
  const Nanos wait = equal_jitter_delay(kOpenBase, openings_, kOpenMax, random);
  ++openings_;
  opened_at_ = now;
  recovered_at_ = -1;
  healthy_since_ = 0;
  gate_.close(now, saturating_add(now, wait), reason::kBreakerOpen, true);
}

void Health::succeeded(Nanos now, Nanos sent_at) {
  ++bucket(sent_at).succeeded;
  const bool was_closed = gate_.closed(now);
  if (was_closed && !gate_.cleared_by_attempt_of(sent_at)) return;
  consecutive_failures_ = 0;
  last_failed_ = false;
  if (was_closed) {
    gate_.clear();
    buckets_.fill(Bucket{});
    recovered_at_ = now;
    healthy_since_ = now;
  }
}

void Health::failed(Nanos now, Nanos sent_at, Random& random, bool breaker_enabled) {
  last_failed_ = true;
  // Faults of calls that shared one connection arrive in one turn and count once.
  if (last_failure_at_ == now) return;
  last_failure_at_ = now;
  ++bucket(sent_at).failed;
  ++consecutive_failures_;
  if (!breaker_enabled) return;
  const bool half_open = gate_.needs_probe() && now >= gate_.until();
  if (half_open || consecutive_failures_ >= kConsecutiveFailuresMax || ratio_is_bad(now)) {
    if (gate_.needs_probe() && now < gate_.until()) return;  // open already
    open(now, random);
  }
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
