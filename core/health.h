// The breaker of one route or host (ALGORITHMS 3.2). Opens after consecutive hard failures or a bad
// success ratio, half-open lets one real call through, recovery is eased in. A 429 is no failure
// here.
//
// Failures come faster than answers: of a hundred calls under way, twenty that fail meet in a row
// though the other eighty will succeed. So attempts that were sent no later than the failure and
// are still under way count as successes to come: they can still outvote it. Attempts that hang are
// younger than those that time out before them, and outvote nothing.
#pragma once

#include <array>
#include <cstdint>

#include "core/duration.h"
#include "core/gate.h"
#include "core/random.h"

namespace holysheep {

// Fewer than Envoy's 5: one failed LLM call may cost a minute.
constexpr int kConsecutiveFailuresMax = 3;
constexpr int kRatioResultsMin = 10;
constexpr double kSuccessRatioMin = 0.5;
constexpr Nanos kRatioWindow = 30 * kSecond;
constexpr Nanos kOpenBase = 5 * kSecond;
constexpr Nanos kOpenMax = 300 * kSecond;
// After a recovery a route takes a share of calls that grows from a tenth to all of them.
constexpr Nanos kSlowStart = 30 * kSecond;
constexpr double kSlowStartShareMin = 0.1;
// One opening is forgiven for each minute in good health (Envoy's slow forgiveness).
constexpr Nanos kForgiveAfter = kMinute;

class Health {
 public:
  void sent(Nanos sent_at);
  // An attempt of then has ended without telling anything of this route's or host's health.
  void settled(Nanos sent_at);
  void succeeded(Nanos now, Nanos sent_at);
  // `sent_at`: results count in the bucket of their sending, so that long calls do not distort it.
  void failed(Nanos now, Nanos sent_at, Random& random, bool breaker_enabled);

  Passage passage(Nanos now) const { return gate_.passage(now); }
  Gate& gate() { return gate_; }
  const Gate& gate() const { return gate_; }
  // 1 in good health; below while a recovered route is eased in.
  double share(Nanos now) const;
  bool last_failed() const { return last_failed_; }
  void reset();

 private:
  struct Bucket {
    std::int64_t number = -1;
    int pending = 0;
    int succeeded = 0;
    int failed = 0;
  };
  static constexpr int kBuckets = 10;

  // Null: so long ago that its place is another bucket's.
  Bucket* bucket(Nanos sent_at);
  bool is_bad(Nanos now, Nanos sent_at) const;
  void open(Nanos now, Random& random, bool probe_failed);

  Gate gate_;
  std::array<Bucket, kBuckets> buckets_{};
  int consecutive_failures_ = 0;
  int openings_ = 0;
  Nanos recovered_at_ = -1;  // -1: not being eased in
  Nanos healthy_since_ = 0;
  Nanos last_failure_at_ = -1;
  bool last_failed_ = false;
};

}  // namespace holysheep
