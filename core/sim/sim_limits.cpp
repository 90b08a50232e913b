#include "core/sim/sim_limits.h"

#include <algorithm>
#include <cmath>

namespace holysheep {

SimLimiter::SimLimiter(const SimLimits& limits) : limits_(limits) {
  buckets_[0] = {LimitDimension::rpm, limits.requests_per_minute, kMinute, false, 0, 0};
  buckets_[1] = {LimitDimension::tpm, limits.tokens_per_minute, kMinute, true, 0, 0};
  buckets_[2] = {LimitDimension::rpd, limits.requests_per_day, kDay, false, 0, 0};
  buckets_[3] = {LimitDimension::tpd, limits.tokens_per_day, kDay, true, 0, 0};
}

void SimLimiter::refill(Bucket& bucket, Now now) const {
  if (limits_.window == SimLimits::Window::fixed) {
    const Nanos start = now.unix - now.unix % bucket.window;
    if (start != bucket.touched) bucket.used = 0;
    bucket.touched = start;
    return;
  }
  const auto elapsed = static_cast<double>(now.mono - bucket.touched);
  const double refilled =
      static_cast<double>(bucket.limit) * elapsed / static_cast<double>(bucket.window);
  bucket.used = std::max(0.0, bucket.used - refilled);
  bucket.touched = now.mono;
}

Nanos SimLimiter::wait_for(const Bucket& bucket, Now now, std::int64_t cost) const {
  const auto limit = static_cast<double>(bucket.limit);
  const double excess = bucket.used + static_cast<double>(cost) - limit;
  // A bucket refills in fractions: what is left of rounding is no reason to refuse.
  constexpr double kRounding = 1e-6;
  if (excess <= kRounding) return 0;
  if (limits_.window == SimLimits::Window::fixed) return bucket.touched + bucket.window - now.unix;
  return static_cast<Nanos>(std::ceil(excess / limit * static_cast<double>(bucket.window)));
}

SimAdmission SimLimiter::admit(Now now, std::int64_t tokens) {
  SimAdmission found;
  if (limits_.concurrency > 0 && in_flight_ >= limits_.concurrency) {
    found = {false, false, LimitDimension::concurrency, limits_.concurrency, in_flight_, 1, 0};
  }
  for (Bucket& bucket : buckets_) {
    if (bucket.limit <= 0) continue;
    refill(bucket, now);
    const std::int64_t cost = bucket.counts_tokens ? tokens : 1;
    const bool never_fits = cost > bucket.limit;
    const Nanos wait = wait_for(bucket, now, cost);
    if (wait == 0 && !never_fits) continue;
    if (!found.admitted && !never_fits && (found.never_fits || wait <= found.wait)) continue;
    const auto used = static_cast<std::int64_t>(std::ceil(bucket.used));
    found = {false, never_fits, bucket.dimension, bucket.limit, used, cost, wait};
  }
  for (Bucket& bucket : buckets_) {
    if (bucket.limit <= 0) continue;
    if (found.admitted) {
      bucket.used += static_cast<double>(bucket.counts_tokens ? tokens : 1);
    } else if (limits_.refused_count && !bucket.counts_tokens) {
      bucket.used = std::min(bucket.used + 1, static_cast<double>(bucket.limit));
    }
  }
  if (found.admitted) ++in_flight_;
  return found;
}

void SimLimiter::release() {
  --in_flight_;
}

SimLimiter::Bucket* SimLimiter::find(LimitDimension dimension) {
  for (Bucket& bucket : buckets_) {
    if (bucket.dimension == dimension && bucket.limit > 0) return &bucket;
  }
  return nullptr;
}

std::int64_t SimLimiter::limit_of(LimitDimension dimension) const {
  for (const Bucket& bucket : buckets_) {
    if (bucket.dimension == dimension) return bucket.limit;
  }
  return 0;
}

std::int64_t SimLimiter::remaining_of(LimitDimension dimension, Now now) {
  Bucket* bucket = find(dimension);
  if (bucket == nullptr) return 0;
  refill(*bucket, now);
  const double room = static_cast<double>(bucket->limit) - bucket->used;
  return std::max<std::int64_t>(0, static_cast<std::int64_t>(std::floor(room)));
}

Nanos SimLimiter::reset_of(LimitDimension dimension, Now now) {
  Bucket* bucket = find(dimension);
  if (bucket == nullptr) return 0;
  refill(*bucket, now);
  if (limits_.window == SimLimits::Window::fixed) {
    return bucket->touched + bucket->window - now.unix;
  }
  return static_cast<Nanos>(bucket->used / static_cast<double>(bucket->limit) *
                            static_cast<double>(bucket->window));
}

}  // namespace holysheep
