// The pool as others see it: an immutable copy of its state that a turn publishes when something
// changed, and live counters beside it. Instants that have passed since are read as passed, so a
// reader never needs the engine.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/duration.h"

namespace holysheep {

enum class EndpointStatus : std::uint8_t { healthy, degraded, rate_limited, down };
std::string_view name_of(EndpointStatus status);

// Written by the engine's thread, read by any.
struct EndpointCounters {
  std::atomic<std::uint64_t> attempts{0};  // begun
  std::atomic<std::uint64_t> succeeded{0};
  std::atomic<std::uint64_t> rate_limited{0};
  std::atomic<std::uint64_t> failed{0};
  std::atomic<std::uint64_t> cancelled{0};
  std::atomic<std::uint64_t> in_flight{0};
  std::atomic<Nanos> latency_total{0};  // of attempts that succeeded
};

struct Counters {
  explicit Counters(std::size_t endpoint_count) : endpoints(endpoint_count) {}
  std::vector<EndpointCounters> endpoints;
  std::atomic<std::uint64_t> calls_started{0};
  std::atomic<std::uint64_t> calls_waiting{0};
  std::atomic<std::uint64_t> calls_succeeded{0};
  std::atomic<std::uint64_t> calls_failed{0};
  std::atomic<std::uint64_t> calls_rejected{0};  // of those, by their request's own fault
  std::atomic<std::uint64_t> calls_cancelled{0};
  std::atomic<std::uint64_t> failovers{0};  // attempts on another endpoint than the one before
  std::atomic<std::uint64_t> retries{0};    // attempts beyond a call's first
  std::atomic<std::uint64_t> maybe_billed{0};
  std::atomic<std::int64_t> cost_nano_usd{0};
  std::atomic<std::uint64_t> turns{0};
};

struct RouteView {
  std::string model;
  EndpointStatus status = EndpointStatus::healthy;
  std::string_view reason;
  Nanos until = 0;          // monotonic; 0: no known end
  bool one_by_one = false;  // once `until` has passed: not for all calls at once
};

struct EndpointView {
  std::string name;
  std::string url;
  EndpointStatus status = EndpointStatus::healthy;
  std::string_view reason;   // machine-readable: "rpm", "breaker_open", "auth", …
  Nanos until = 0;           // monotonic; 0: no known end
  bool probe_after = false;  // once `until` has passed: still down, but one call may try
  std::string last_error;    // no secrets, no prompt
  std::vector<RouteView> routes;
};

struct Snapshot {
  Now taken;
  std::vector<std::shared_ptr<const EndpointView>> endpoints;
  int current_endpoint = 0;  // of sticky routing
  std::shared_ptr<const Counters> counters;
};

// The status at `now`: a cooldown that has passed since reads as healthy again.
EndpointStatus status_at(const EndpointView& endpoint, Nanos now_mono);

std::string snapshot_json(const Snapshot& snapshot, Now now);

}  // namespace holysheep
