// What is known of one endpoint's requests: the document's RateLimitMetrics, and beside it
// quantiles, the last minutes and the state of its alerts. About 10 KiB, however much is recorded.
//
// Threads: one writer, any readers (tally.h).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/duration.h"
#include "core/latency_histogram.h"
#include "core/rate_window.h"
#include "core/tally.h"

namespace holysheep {

enum class RequestOutcome : std::uint8_t {
  succeeded,
  rate_limited,  // 429
  failed,
  rejected  // failed, but through the request's own fault: says nothing of the endpoint's health
};

struct RequestRecord {
  RequestOutcome outcome = RequestOutcome::succeeded;
  std::uint64_t retries = 0;
  Nanos latency = 0;
  Nanos first_token = -1;  // -1: no stream, or none came
};

class EndpointMetrics {
 public:
  // Of recovery times: enough for a day of trouble.
  static constexpr std::size_t kRecoveriesMax = 64;

  EndpointMetrics(std::string name, Nanos window) : name_(std::move(name)), window_(window) {}

  // The writer's.
  void record(const RequestRecord& record, Now now);

  // Any reader's.
  const std::string& name() const { return name_; }
  std::uint64_t total() const { return succeeded() + rate_limited() + failed(); }
  std::uint64_t succeeded() const { return succeeded_.get(); }
  std::uint64_t rate_limited() const { return rate_limited_.get(); }
  std::uint64_t failed() const { return failed_.get(); }  // rejected ones included
  std::uint64_t rejected() const { return rejected_.get(); }
  std::uint64_t retries() const { return retries_.get(); }
  Nanos last_rate_limited_unix() const { return last_rate_limited_unix_.get(); }  // 0: never
  const LatencyHistogram& latency() const { return latency_; }
  const LatencyHistogram& first_token() const { return first_token_; }
  const RateWindow& window() const { return window_; }
  RateWindow& window() { return window_; }
  // From the first 429 to the next success; the newest last.
  std::vector<Nanos> recoveries() const;
  std::uint64_t recovery_count() const { return recovery_count_.get(); }
  Nanos recovery_total() const { return recovery_total_.get(); }

  // The writer's: one spell of 429s, from the first to the success that follows the last.
  struct Spell {
    std::uint64_t count = 0;  // 429s since the last alert ended
    Nanos first = 0;          // of them after a success; on the monotonic clock, as the others
    Nanos last = 0;
    Nanos recovered = -1;        // the first success after the last; -1: none yet
    std::uint64_t alert_id = 0;  // 0: none is active
  };
  Spell spell;
  std::uint64_t error_alert_id = 0;
  std::uint64_t key_alert_id = 0;

 private:
  void count_recovery(Nanos now_mono);

  std::string name_;
  Tally succeeded_;
  Tally rate_limited_;
  Tally failed_;
  Tally rejected_;
  Tally retries_;
  Single<Nanos> last_rate_limited_unix_;
  Nanos limited_since_ = -1;  // the first 429 after the last success; -1: none
  Tally recovery_count_;
  Single<Nanos> recovery_total_;
  std::array<Single<Nanos>, kRecoveriesMax> recoveries_;
  LatencyHistogram latency_;
  LatencyHistogram first_token_;
  RateWindow window_;
};

}  // namespace holysheep
