// The pool as others see it: an immutable copy that a turn publishes when something changed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/duration.h"

namespace holysheep {

enum class EndpointStatus : std::uint8_t { healthy, degraded, rate_limited, down };
std::string_view name_of(EndpointStatus status);

struct EndpointCounts {
  std::uint64_t attempts = 0;
  std::uint64_t succeeded = 0;
  std::uint64_t rate_limited = 0;
  std::uint64_t failed = 0;
  std::uint64_t in_flight = 0;
  Nanos latency_total = 0;  // of attempts that ended
};

struct RouteView {
  std::string model;
  EndpointStatus status = EndpointStatus::healthy;
  std::string reason;
  Nanos until_unix = 0;
};

struct EndpointView {
  std::string name;
  std::string url;
  EndpointStatus status = EndpointStatus::healthy;
  std::string reason;      // machine-readable: "rpm", "breaker_open", "auth", …
  Nanos until_unix = 0;    // 0: no known end
  Nanos until_mono = 0;
  std::string last_error;  // no secrets, no prompt
  EndpointCounts counts;
  std::vector<RouteView> routes;
};

struct Snapshot {
  Now taken;
  std::vector<EndpointView> endpoints;
  std::uint64_t calls_in_flight = 0;
  std::uint64_t calls_waiting = 0;
  std::uint64_t calls_done = 0;
  std::uint64_t calls_failed = 0;
  std::uint64_t calls_cancelled = 0;
  std::uint64_t failovers = 0;
  std::uint64_t retries = 0;
  int current_endpoint = 0;  // of sticky routing
};

std::string snapshot_json(const Snapshot& snapshot);
std::string snapshot_prometheus(const Snapshot& snapshot);

}  // namespace holysheep
