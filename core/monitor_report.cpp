#include "core/monitor_report.h"

#include <algorithm>
#include <array>

#include "core/json.h"
#include "core/time_text.h"

namespace holysheep {
namespace {

double percent(std::uint64_t part, std::uint64_t total) {
  return total == 0 ? 0 : static_cast<double>(part) / static_cast<double>(total) * 100;
}

double milliseconds(Nanos duration) {
  return static_cast<double>(duration) / 1e6;
}

double average_ms(const EndpointMetrics& endpoint) {
  const std::uint64_t count = endpoint.latency().count();
  return count == 0 ? 0 : milliseconds(endpoint.latency().sum()) / static_cast<double>(count);
}

void quantiles(JsonWriter& json, const LatencyHistogram& latency) {
  json.member("p50", milliseconds(latency.quantile(0.5)));
  json.member("p90", milliseconds(latency.quantile(0.9)));
  json.member("p99", milliseconds(latency.quantile(0.99)));
}

void slots(JsonWriter& json, const EndpointMetrics& endpoint, Now now) {
  const auto counts = endpoint.window().slots(now.mono);
  const auto series = [&](std::string_view name, auto value) {
    json.key(name).begin_array();
    for (const WindowCounts& slot : counts)
      json.value(value(slot));
    json.end_array();
  };
  json.key("recent").begin_object();
  json.member("slot_ms", to_ms(endpoint.window().slot_length()));
  series("total", [](const WindowCounts& slot) { return slot.total; });
  series("rate_limited", [](const WindowCounts& slot) { return slot.rate_limited; });
  series("failed", [](const WindowCounts& slot) { return slot.failed + slot.rejected; });
  json.end_object();
}

// Of an endpoint's name: what the document makes of it for a key.
std::string key_of(const std::string& endpoint) {
  std::string key = "holysheep_" + endpoint;
  std::replace(key.begin(), key.end(), '-', '_');
  return key;
}

void instant(JsonWriter& json, std::string_view name, Nanos unix_nanos) {
  json.key(name);
  if (unix_nanos == 0) {
    json.null();
  } else {
    json.value(iso_8601(unix_nanos));
  }
}

}  // namespace

std::string_view name_of(HealthGrade grade) {
  constexpr std::array<std::string_view, 3> kNames{"healthy", "degraded", "critical"};
  return kNames[static_cast<std::size_t>(grade)];
}

Judged judge(const EndpointMetrics& endpoint, const MonitorSettings& settings, Now now) {
  Judged judged;
  if (settings.window > 0) {
    judged.counts = endpoint.window().read(now.mono);
  } else {
    judged.counts = {endpoint.total(), endpoint.rate_limited(),
                     endpoint.failed() - endpoint.rejected(), endpoint.rejected()};
  }
  const WindowCounts& counts = judged.counts;
  const std::uint64_t bad = std::min(counts.total, counts.rate_limited + counts.failed);
  judged.succeeded = counts.total - bad - std::min(counts.total - bad, counts.rejected);
  judged.rate_limited_percent = percent(counts.rate_limited, counts.total);
  judged.failed_percent = percent(counts.failed + counts.rejected, counts.total);
  judged.succeeded_percent = percent(judged.succeeded, counts.total);
  if (counts.total < settings.judged_least) return judged;
  const double share =
      settings.failures_count ? percent(bad, counts.total) : judged.rate_limited_percent;
  if (share > kDegradedPercent) judged.grade = HealthGrade::degraded;
  if (share > kCriticalPercent) judged.grade = HealthGrade::critical;
  return judged;
}

HealthGrade judge(const Monitor& monitor, Now now) {
  HealthGrade worst = HealthGrade::healthy;
  const MonitorSettings settings = monitor.settings();
  for (const EndpointMetrics* endpoint : monitor.endpoints())
    worst = std::max(worst, judge(*endpoint, settings, now).grade);
  return worst;
}

std::string monitor_summary_json(const Monitor& monitor) {
  JsonWriter json;
  json.begin_object();
  for (const EndpointMetrics* endpoint : monitor.endpoints()) {
    const std::string key = key_of(endpoint->name());
    const std::uint64_t total = endpoint->total();
    json.member(key + "_total_requests", total);
    json.member(key + "_successful_requests", endpoint->succeeded());
    json.member(key + "_rate_limited_requests", endpoint->rate_limited());
    json.member(key + "_failed_requests", endpoint->failed());
    json.member(key + "_avg_latency_ms", average_ms(*endpoint));
    json.member(key + "_total_retries", endpoint->retries());
    if (total > 0) {
      json.member(key + "_rate_limit_rate", percent(endpoint->rate_limited(), total));
    }
  }
  json.end_object();
  return json.take();
}

std::string monitor_endpoints_json(const Monitor& monitor, Now now) {
  const MonitorSettings settings = monitor.settings();
  JsonWriter json;
  json.begin_array();
  for (const EndpointMetrics* endpoint : monitor.endpoints()) {
    json.begin_object();
    json.member("endpoint_name", endpoint->name());
    json.member("total_requests", endpoint->total());
    json.member("successful_requests", endpoint->succeeded());
    json.member("rate_limited_requests", endpoint->rate_limited());
    json.member("failed_requests", endpoint->failed());
    json.member("total_retry_count", endpoint->retries());
    json.member("total_latency_ms", milliseconds(endpoint->latency().sum()));
    json.key("last_rate_limited_at");
    if (const Nanos last = endpoint->last_rate_limited_unix(); last == 0) {
      json.null();
    } else {
      json.value(static_cast<double>(last) / 1e9);
    }
    json.key("rate_limit_recovery_times").begin_array();
    for (const Nanos recovery : endpoint->recoveries())
      json.value(static_cast<double>(recovery) / 1e9);
    json.end_array();
    json.key("latency_ms").begin_object();
    quantiles(json, endpoint->latency());
    json.end_object();
    json.key("first_token_ms");
    if (endpoint->first_token().count() == 0) {
      json.null();
    } else {
      json.begin_object();
      quantiles(json, endpoint->first_token());
      json.end_object();
    }
    const Judged judged = judge(*endpoint, settings, now);
    json.member("health", name_of(judged.grade));
    json.member("rate_limit_rate", judged.rate_limited_percent);
    json.member("failure_rate", judged.failed_percent);
    slots(json, *endpoint, now);
    json.end_object();
  }
  json.end_array();
  return json.take();
}

std::string monitor_health_json(const Monitor& monitor, Now now) {
  const MonitorSettings settings = monitor.settings();
  JsonWriter json;
  json.begin_object();
  json.member("timestamp", iso_8601(now.unix));
  json.key("endpoints").begin_array();
  HealthGrade worst = HealthGrade::healthy;
  for (const EndpointMetrics* endpoint : monitor.endpoints()) {
    const Judged judged = judge(*endpoint, settings, now);
    worst = std::max(worst, judged.grade);
    json.begin_object();
    json.member("name", endpoint->name());
    json.member("status", name_of(judged.grade));
    json.member("total_requests", endpoint->total());
    json.member("judged_requests", judged.counts.total);
    json.member("success_rate", judged.succeeded_percent);
    json.member("rate_limit_rate", judged.rate_limited_percent);
    json.member("failure_rate", judged.failed_percent);
    json.member("avg_latency_ms", average_ms(*endpoint));
    instant(json, "last_rate_limited_at", endpoint->last_rate_limited_unix());
    json.end_object();
  }
  json.end_array();
  json.member("overall_status", name_of(worst));
  json.key("window_seconds");
  if (settings.window > 0) {
    json.value(static_cast<double>(settings.window) / 1e9);
  } else {
    json.null();
  }
  json.end_object();
  return json.take();
}

std::string monitor_alerts_json(const Monitor& monitor) {
  JsonWriter json;
  json.begin_array();
  for (const Alert& alert : monitor.alerts().list())
    json.raw(alert_json(alert));
  json.end_array();
  return json.take();
}

}  // namespace holysheep
