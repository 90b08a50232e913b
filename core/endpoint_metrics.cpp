#include "core/endpoint_metrics.h"

#include <algorithm>

namespace holysheep {

void EndpointMetrics::record(const RequestRecord& record, Now now) {
  retries_.add(record.retries);
  latency_.record(record.latency);
  if (record.first_token >= 0) first_token_.record(record.first_token);
  WindowCounts counts{1, 0, 0, 0};
  switch (record.outcome) {
    case RequestOutcome::succeeded:
      succeeded_.add(1);
      count_recovery(now.mono);
      break;
    case RequestOutcome::rate_limited:
      rate_limited_.add(1);
      last_rate_limited_unix_.set(now.unix);
      if (limited_since_ < 0) limited_since_ = now.mono;
      counts.rate_limited = 1;
      break;
    case RequestOutcome::failed:
      failed_.add(1);
      counts.failed = 1;
      break;
    case RequestOutcome::rejected:
      failed_.add(1);
      rejected_.add(1);
      counts.rejected = 1;
      break;
  }
  window_.count(now.mono, counts);
}

void EndpointMetrics::count_recovery(Nanos now_mono) {
  if (limited_since_ < 0) return;
  const Nanos took = std::max<Nanos>(now_mono - limited_since_, 0);
  limited_since_ = -1;
  recoveries_[recovery_count_.get() % kRecoveriesMax].set(took);
  recovery_total_.add(took);
  recovery_count_.add(1);
}

std::vector<Nanos> EndpointMetrics::recoveries() const {
  const std::uint64_t count = recovery_count_.get();
  const std::uint64_t kept = std::min<std::uint64_t>(count, kRecoveriesMax);
  std::vector<Nanos> found;
  found.reserve(static_cast<std::size_t>(kept));
  for (std::uint64_t i = count - kept; i < count; ++i)
    found.push_back(recoveries_[i % kRecoveriesMax].get());
  return found;
}

}  // namespace holysheep
