#include "core/snapshot.h"

#include <array>

#include "core/json.h"

namespace holysheep {
namespace {

std::uint64_t read(const std::atomic<std::uint64_t>& counter) {
  return counter.load(std::memory_order_relaxed);
}

void write_endpoint(JsonWriter& json, const EndpointView& endpoint, const EndpointCounters& counts,
                    Now now) {
  const auto unix_ms = [&](Nanos until) { return to_ms(now.unix + (until - now.mono)); };
  const EndpointStatus status = status_at(endpoint, now.mono);
  const bool bounded = status != EndpointStatus::healthy && endpoint.until > now.mono;
  json.begin_object();
  json.member("name", std::string_view(endpoint.name));
  json.member("url", std::string_view(endpoint.url));
  json.member("status", name_of(status));
  json.member("reason", status == EndpointStatus::healthy ? std::string_view() : endpoint.reason);
  json.key("until_unix_ms");
  if (bounded) {
    json.value(unix_ms(endpoint.until));
  } else {
    json.null();
  }
  json.member("remaining_ms", bounded ? to_ms_ceil(endpoint.until - now.mono) : std::int64_t{0});
  json.key("last_error");
  if (endpoint.last_error.empty()) {
    json.null();
  } else {
    json.value(std::string_view(endpoint.last_error));
  }
  const std::uint64_t succeeded = read(counts.succeeded);
  json.member("attempts", read(counts.attempts));
  json.member("succeeded", succeeded);
  json.member("rate_limited", read(counts.rate_limited));
  json.member("failed", read(counts.failed));
  json.member("cancelled", read(counts.cancelled));
  json.member("in_flight", read(counts.in_flight));
  const auto total = static_cast<double>(counts.latency_total.load(std::memory_order_relaxed));
  json.member("latency_ms_mean",
              succeeded == 0 ? 0.0 : total / static_cast<double>(succeeded) / 1e6);
  json.key("routes").begin_array();
  for (const RouteView& route : endpoint.routes) {
    json.begin_object();
    json.member("model", std::string_view(route.model));
    const bool over = route.until != 0 && route.until <= now.mono && !route.one_by_one;
    json.member("status", name_of(over ? EndpointStatus::healthy : route.status));
    json.member("reason", over ? std::string_view() : route.reason);
    json.key("until_unix_ms");
    if (route.until > now.mono) {
      json.value(unix_ms(route.until));
    } else {
      json.null();
    }
    json.end_object();
  }
  json.end_array().end_object();
}

}  // namespace

std::string_view name_of(EndpointStatus status) {
  constexpr std::array<std::string_view, 4> kNames{"healthy", "degraded", "rate_limited", "down"};
  return kNames[static_cast<std::size_t>(status)];
}

EndpointStatus status_at(const EndpointView& endpoint, Nanos now_mono) {
  const bool passed = endpoint.until != 0 && endpoint.until <= now_mono;
  const bool ends_by_itself = endpoint.status != EndpointStatus::healthy && !endpoint.probe_after;
  return passed && ends_by_itself ? EndpointStatus::healthy : endpoint.status;
}

std::string snapshot_json(const Snapshot& snapshot, Now now) {
  const Counters& counters = *snapshot.counters;
  JsonWriter json;
  json.begin_object().key("endpoints").begin_array();
  for (std::size_t i = 0; i < snapshot.endpoints.size(); ++i) {
    write_endpoint(json, *snapshot.endpoints[i], counters.endpoints[i], now);
  }
  json.end_array();
  json.member("current_endpoint", snapshot.current_endpoint);
  json.key("calls").begin_object();
  const std::uint64_t ended =
      read(counters.calls_succeeded) + read(counters.calls_failed) + read(counters.calls_cancelled);
  const std::uint64_t started = read(counters.calls_started);
  json.member("in_flight", started > ended ? started - ended : std::uint64_t{0});
  json.member("waiting", read(counters.calls_waiting));
  json.member("done", ended);
  json.member("succeeded", read(counters.calls_succeeded));
  json.member("failed", read(counters.calls_failed));
  json.member("cancelled", read(counters.calls_cancelled));
  json.end_object();
  json.member("failovers", read(counters.failovers));
  json.member("retries", read(counters.retries));
  json.member("cost_nano_usd", counters.cost_nano_usd.load(std::memory_order_relaxed));
  json.end_object();
  return json.take();
}

}  // namespace holysheep
