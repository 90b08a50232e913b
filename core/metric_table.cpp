#include "core/metric_table.h"

#include <array>

#include "core/latency_histogram.h"
#include "core/ledger.h"
#include "core/monitor.h"

namespace holysheep {
namespace {

constexpr MetricType kCounter = MetricType::counter;
constexpr MetricType kGauge = MetricType::gauge;
constexpr MetricType kHistogram = MetricType::histogram;

constexpr std::array kRows = std::to_array<MetricRow>({
    {Metric::api_requests, "holysheep_api_requests_total", kCounter, "endpoint, result",
     "HTTP requests that ended; result is success, rate_limited (429) or failed.", true},
    {Metric::rate_limit_rate, "holysheep_rate_limit_rate", kGauge, "endpoint",
     "Share of an endpoint's requests answered with 429, in percent (0 to 100), over the monitor's "
     "window.",
     true},
    {Metric::request_retries, "holysheep_request_retries_total", kCounter, "endpoint",
     "HTTP requests to an endpoint that were not their call's first; of a monitor used alone the "
     "retries that were recorded.",
     true},
    {Metric::request_duration, "holysheep_request_duration_seconds", kHistogram, "endpoint",
     "How long HTTP requests took, failed ones included.", true},
    {Metric::time_to_first_token, "holysheep_time_to_first_token_seconds", kHistogram, "endpoint",
     "From the beginning of a streamed request to its first content.", true},
    {Metric::last_rate_limited, "holysheep_last_rate_limited_timestamp_seconds", kGauge, "endpoint",
     "When an endpoint last answered 429, as Unix time.", true},
    {Metric::recoveries, "holysheep_rate_limit_recoveries_total", kCounter, "endpoint",
     "Spells of 429s that a success ended.", true},
    {Metric::recovery_seconds, "holysheep_rate_limit_recovery_seconds_total", kCounter, "endpoint",
     "Time from the first 429 of each such spell to the success that ended it.", true},
    {Metric::alerts, "holysheep_alerts_total", kCounter, "cause", "Alerts raised.", true},
    {Metric::alerts_active, "holysheep_alerts_active", kGauge, "cause", "Alerts that are not over.",
     true},
    {Metric::alert_deliveries, "holysheep_alert_deliveries_total", kCounter, "result",
     "Alerts sent to the webhook; result is delivered, or failed for good."},
    {Metric::endpoint_status, "holysheep_endpoint_status", kGauge, "endpoint, status",
     "1 for the status that an endpoint has now: healthy, degraded, rate_limited or down."},
    {Metric::endpoint_cooldown, "holysheep_endpoint_cooldown_seconds", kGauge, "endpoint",
     "Time until an endpoint that is limited or down takes calls again; 0 if it does now, or if "
     "nobody knows."},
    {Metric::quota_remaining, "holysheep_quota_remaining", kGauge, "endpoint, kind",
     "What is left of an endpoint's limit, as its answers' headers said last, at most one window "
     "ago; kind is requests, tokens, input_tokens or output_tokens."},
    {Metric::quota_limit, "holysheep_quota_limit", kGauge, "endpoint, kind",
     "That limit, where the headers tell it."},
    {Metric::attempts, "holysheep_attempts_total", kCounter, "endpoint", "HTTP requests begun."},
    {Metric::attempts_cancelled, "holysheep_attempts_cancelled_total", kCounter, "endpoint",
     "HTTP requests that were broken off because their call was cancelled."},
    {Metric::attempts_in_flight, "holysheep_attempts_in_flight", kGauge, "endpoint",
     "HTTP requests under way."},
    {Metric::calls_started, "holysheep_calls_started_total", kCounter, "", "Calls accepted."},
    {Metric::calls, "holysheep_calls_total", kCounter, "result",
     "Calls that ended; result is succeeded, failed, rejected (by their request's own fault: 400, "
     "too long, filtered) or cancelled."},
    {Metric::calls_waiting, "holysheep_calls_waiting", kGauge, "",
     "Calls that wait before their next attempt."},
    {Metric::failovers, "holysheep_failovers_total", kCounter, "",
     "Attempts on another endpoint than the one before."},
    {Metric::retries, "holysheep_retries_total", kCounter, "", "Attempts beyond a call's first."},
    {Metric::calls_maybe_billed, "holysheep_calls_maybe_billed_total", kCounter, "",
     "Calls with an attempt that was sent in full and not answered."},
    {Metric::calls_cost_unknown, "holysheep_calls_cost_unknown_total", kCounter, "model",
     "Answered calls and attempts that may have been billed whose model has no price: such a cost "
     "has no sample below."},
    {Metric::tokens, "holysheep_tokens_total", kCounter, "model, kind",
     "Tokens by the providers' usage; kind is input, of which cached is a part, or output."},
    {Metric::cost, "holysheep_cost_usd_total", kCounter, "model",
     "Cost in US dollars of answered calls."},
    {Metric::cost_estimated, "holysheep_cost_estimated_usd_total", kCounter, "model",
     "Estimated cost in US dollars of answers, broken answers and attempts that may have been "
     "billed "
     "and told no usage."},
    {Metric::endpoint_cost, "holysheep_endpoint_cost_usd_total", kCounter, "endpoint",
     "Cost in US dollars of calls that an endpoint answered."},
    {Metric::endpoint_cost_estimated, "holysheep_endpoint_cost_estimated_usd_total", kCounter,
     "endpoint", "The same estimate by endpoint."},
    {Metric::tag_cost, "holysheep_tag_cost_usd_total", kCounter, "tag",
     "Cost in US dollars of answered calls with a tag."},
    {Metric::tag_cost_estimated, "holysheep_tag_cost_estimated_usd_total", kCounter, "tag",
     "The same estimate by tag."},
    {Metric::budget, "holysheep_budget_usd", kGauge, "", "What may be spent in a day (UTC)."},
    {Metric::budget_spent, "holysheep_budget_spent_usd", kGauge, "",
     "What was spent since 00:00 UTC, estimates included."},
    {Metric::engine_turns, "holysheep_engine_turns_total", kCounter, "",
     "Turns of the engine's loop."},
    {Metric::build_info, "holysheep_build_info", kGauge, "version",
     "1; the label tells the version."},
});

constexpr bool in_order() {
  for (std::size_t i = 0; i < kRows.size(); ++i)
    if (static_cast<std::size_t>(kRows[i].metric) != i) return false;
  return true;
}
static_assert(in_order());

constexpr std::string_view kIntroduction =
    R"(<!-- Made from core/metric_table.cpp: HOLYSHEEP_REGENERATE=1 test_unit "[describe]" -->
# Metrics

`holysheep_client_metrics()` and the monitor endpoint's `/metrics` give one text in the format of
Prometheus 0.0.4, or of OpenMetrics 1.0 where the reader asks for it; `holysheep metrics` prints it.
Units are base units: seconds and US dollars. A dashboard and alert rules: `packaging/grafana/`.

| metric | type | labels | |
|---|---|---|---|
)";

}  // namespace

std::string_view name_of(MetricType type) {
  constexpr std::array<std::string_view, 3> kNames{"counter", "gauge", "histogram"};
  return kNames[static_cast<std::size_t>(type)];
}

std::span<const MetricRow> metric_rows() {
  return kRows;
}

const MetricRow& metric_row(Metric metric) {
  return kRows[static_cast<std::size_t>(metric)];
}

std::string metrics_markdown() {
  std::string text(kIntroduction);
  for (const MetricRow& row : kRows) {
    text.append("| `").append(row.name).append("`").append(row.alone ? "" : " †").append(" | ");
    text.append(name_of(row.type)).append(" | ").append(row.labels).append(" | ");
    text.append(row.help).append(" |\n");
  }
  text += "\n† of clients only; a `RateLimitMonitor` used alone does not have it.\n\n";
  text +=
      "## Labels\n\nNo label can grow without bound. `endpoint` is a configured name (a monitor "
      "used alone: the first ";
  text += std::to_string(Monitor::kEndpointsMax);
  text += " names, then `other`). `model` and `tag` come from users: the first ";
  text += std::to_string(Ledger::kNamesMax);
  text +=
      " of a process, then `other`. `cause` is `rate_limit`, `error_ratio`, `all_limited`, "
      "`budget`, `key_refused`, `price_unknown` or `delivery` (the webhook does not take "
      "alerts).\n\n## Buckets\n\nBoth histograms have the "
      "upper bounds";
  for (const std::int64_t bound : LatencyHistogram::kBoundsMs) {
    text.append(" ").append(std::to_string(bound));
  }
  text +=
      " ms. Quantiles on the monitor page and in `/status` come from a finer histogram and "
      "are at most 1.6 % off.\n";
  text += R"(
## Several processes

Each process counts for itself, and its counters begin at 0 with it. Under gunicorn, uvicorn or
`cluster` every worker has the same configuration, so give it a range of ports, at least as many as
there are workers (and some more for reloads, when old and new ones run side by side):

```json config
{"version": 1, "monitor": {"listen": "127.0.0.1:9464-9471"}}
```

Each worker takes the first port that is free; one that is started later, or again, takes the port
that has become free. Prometheus scrapes the whole range:

```yaml
scrape_configs:
  - job_name: holysheep
    static_configs:
      - targets: ["127.0.0.1:9464", "127.0.0.1:9465", "127.0.0.1:9466", "127.0.0.1:9467"]
```

Its `instance` label keeps the workers apart, and `sum without (instance)` adds them up. Counters
are made for that; gauges of one endpoint (`holysheep_endpoint_status`) can differ between workers,
since each finds limits out for itself, and a budget is one of each process. A port without a worker
is a target that is down (`up == 0`), nothing else. Open the client in the worker, not before the
fork: a forked child has no engine of its parent's (gunicorn without `preload_app`, or in
`post_fork`).

`"listen": ":0"` takes any free port; the status tells it (`listen`). `"unix:/run/app/{pid}.sock"`
is for `holysheep top unix:/run/app/4711.sock` and `curl`: Prometheus reads no Unix sockets.
)";
  return text;
}

}  // namespace holysheep
