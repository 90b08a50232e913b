#include "core/snapshot.h"

#include <array>

#include "core/json.h"

namespace holysheep {
namespace {

std::uint64_t read(const std::atomic<std::uint64_t>& counter) {
  return counter.load(std::memory_order_relaxed);
}

// "name_total{endpoint=\"primary\"} 12\n"; endpoint names need no escaping (config).
void sample(std::string& text, std::string_view name, std::string_view endpoint,
            std::string_view more, const std::string& value) {
  text.append(name).append("{endpoint=\"").append(endpoint).append("\"").append(more);
  text.append("} ").append(value).append("\n");
}

void head(std::string& text, std::string_view name, std::string_view type, std::string_view help) {
  text.append("# HELP ").append(name).append(" ").append(help).append("\n");
  text.append("# TYPE ").append(name).append(" ").append(type).append("\n");
}

// Nanoseconds as seconds with nine decimals: exact, and no locale.
std::string seconds(Nanos duration) {
  std::string fraction = std::to_string(duration % kSecond);
  fraction.insert(0, 9 - fraction.size(), '0');
  return std::to_string(duration / kSecond) + "." + fraction;
}

struct EndpointMetric {
  std::string_view name;
  std::string_view type;
  std::string_view help;
  const std::atomic<std::uint64_t> EndpointCounters::* counter;
};

constexpr EndpointMetric kEndpointMetrics[] = {
    {"holysheep_attempts_total", "counter", "HTTP requests begun.", &EndpointCounters::attempts},
    {"holysheep_attempts_succeeded_total", "counter", "HTTP requests that brought an answer.",
     &EndpointCounters::succeeded},
    {"holysheep_attempts_rate_limited_total", "counter", "HTTP requests answered with 429.",
     &EndpointCounters::rate_limited},
    {"holysheep_attempts_failed_total", "counter", "HTTP requests that failed in another way.",
     &EndpointCounters::failed},
    {"holysheep_attempts_cancelled_total", "counter", "HTTP requests that were cancelled.",
     &EndpointCounters::cancelled},
    {"holysheep_attempts_in_flight", "gauge", "HTTP requests under way.",
     &EndpointCounters::in_flight},
};

struct CallMetric {
  std::string_view name;
  std::string_view type;
  std::string_view help;
  const std::atomic<std::uint64_t> Counters::* counter;
};

constexpr CallMetric kCallMetrics[] = {
    {"holysheep_calls_started_total", "counter", "Calls accepted.", &Counters::calls_started},
    {"holysheep_calls_succeeded_total", "counter", "Calls answered.", &Counters::calls_succeeded},
    {"holysheep_calls_failed_total", "counter", "Calls that ended with an error.",
     &Counters::calls_failed},
    {"holysheep_calls_cancelled_total", "counter", "Calls that were cancelled.",
     &Counters::calls_cancelled},
    {"holysheep_calls_waiting", "gauge", "Calls that wait before their next attempt.",
     &Counters::calls_waiting},
    {"holysheep_failovers_total", "counter", "Attempts on another endpoint than the one before.",
     &Counters::failovers},
    {"holysheep_retries_total", "counter", "Attempts beyond a call's first.", &Counters::retries},
    {"holysheep_calls_maybe_billed_total", "counter",
     "Calls with an attempt that was sent in full and not answered.", &Counters::maybe_billed},
    {"holysheep_calls_cost_unknown_total", "counter",
     "Answered calls with usage whose model has no price.", &Counters::cost_unknown},
};

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
    json.member("status", name_of(route.status));
    json.member("reason", route.reason);
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

std::string snapshot_prometheus(const Snapshot& snapshot, Now now) {
  const Counters& counters = *snapshot.counters;
  std::string text;
  for (const EndpointMetric& metric : kEndpointMetrics) {
    head(text, metric.name, metric.type, metric.help);
    for (std::size_t i = 0; i < snapshot.endpoints.size(); ++i) {
      sample(text, metric.name, snapshot.endpoints[i]->name, "",
             std::to_string(read(counters.endpoints[i].*metric.counter)));
    }
  }
  head(text, "holysheep_attempts_succeeded_seconds_total", "counter",
       "Time that successful HTTP requests took, in seconds.");
  for (std::size_t i = 0; i < snapshot.endpoints.size(); ++i) {
    sample(text, "holysheep_attempts_succeeded_seconds_total", snapshot.endpoints[i]->name, "",
           seconds(counters.endpoints[i].latency_total.load(std::memory_order_relaxed)));
  }
  head(text, "holysheep_endpoint_status", "gauge", "1 for the status that the endpoint has now.");
  for (const auto& endpoint : snapshot.endpoints) {
    for (const EndpointStatus each : {EndpointStatus::healthy, EndpointStatus::degraded,
                                      EndpointStatus::rate_limited, EndpointStatus::down}) {
      std::string label = ",status=\"";
      label.append(name_of(each)).append("\"");
      sample(text, "holysheep_endpoint_status", endpoint->name, label,
             status_at(*endpoint, now.mono) == each ? "1" : "0");
    }
  }
  for (const CallMetric& metric : kCallMetrics) {
    head(text, metric.name, metric.type, metric.help);
    text.append(metric.name).append(" ").append(std::to_string(read(counters.*metric.counter)));
    text.append("\n");
  }
  return text;
}

}  // namespace holysheep
