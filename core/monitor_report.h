// What a monitor says, as JSON: the document's summary and health report with its keys, each
// endpoint's figures, the alerts. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/monitor.h"

namespace holysheep {

enum class HealthGrade : std::uint8_t { healthy, degraded, critical };
std::string_view name_of(HealthGrade grade);

// What an endpoint is judged by: its whole life or its window.
struct Judged {
  WindowCounts counts;
  std::uint64_t succeeded = 0;
  double rate_limited_percent = 0;
  double failed_percent = 0;
  double succeeded_percent = 0;
  HealthGrade grade = HealthGrade::healthy;
};
Judged judge(const EndpointMetrics& endpoint, const MonitorSettings& settings, Now now);
// The worst of all endpoints.
HealthGrade judge(const Monitor& monitor, Now now);

// {"holysheep_backup_1_total_requests": 8, …}: the document's get_metrics_summary().
std::string monitor_summary_json(const Monitor& monitor);
// An array of the document's RateLimitMetrics, with quantiles and the last minutes beside them.
std::string monitor_endpoints_json(const Monitor& monitor, Now now);
// The document's get_health_report().
std::string monitor_health_json(const Monitor& monitor, Now now);
// An array, the oldest first.
std::string monitor_alerts_json(const Monitor& monitor);

}  // namespace holysheep
