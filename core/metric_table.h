// The one table of all metrics: name, type, labels and help. The exposition and METRICS.md are read
// off it, so that none can say something else.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace holysheep {

enum class MetricType : std::uint8_t { counter, gauge, histogram };
std::string_view name_of(MetricType type);

// In the table's order.
enum class Metric : std::uint8_t {
  api_requests,
  rate_limit_rate,
  request_retries,
  request_duration,
  time_to_first_token,
  last_rate_limited,
  recoveries,
  recovery_seconds,
  alerts,
  alerts_active,
  alert_deliveries,
  endpoint_status,
  endpoint_cooldown,
  quota_remaining,
  quota_limit,
  attempts,
  attempts_cancelled,
  attempts_in_flight,
  calls_started,
  calls,
  calls_waiting,
  failovers,
  retries,
  calls_maybe_billed,
  calls_cost_unknown,
  tokens,
  cost,
  cost_estimated,
  endpoint_cost,
  endpoint_cost_estimated,
  tag_cost,
  tag_cost_estimated,
  budget,
  budget_spent,
  engine_turns,
  build_info,
};

struct MetricRow {
  Metric metric;
  std::string_view name;
  MetricType type;
  std::string_view labels;  // "endpoint, result"
  std::string_view help;    // one sentence
  bool alone = false;       // a monitor used alone has it too
};

std::span<const MetricRow> metric_rows();
const MetricRow& metric_row(Metric metric);

// METRICS.md.
std::string metrics_markdown();

}  // namespace holysheep
