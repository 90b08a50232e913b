#include "core/prometheus.h"

#include <algorithm>

#include "core/monitor_report.h"

namespace holysheep {
namespace {

// Of a scrape's text: a family's head, and an endpoint's samples.
constexpr EndpointStatus kStatuses[] = {EndpointStatus::healthy, EndpointStatus::degraded,
                                        EndpointStatus::rate_limited, EndpointStatus::down};
constexpr AlertCause kCauses[] = {
    AlertCause::rate_limit,  AlertCause::error_ratio,   AlertCause::all_limited, AlertCause::budget,
    AlertCause::key_refused, AlertCause::price_unknown, AlertCause::delivery};
static_assert(std::size(kCauses) == kAlertCauses);

using Endpoints = std::vector<const EndpointMetrics*>;

std::uint64_t read(const std::atomic<std::uint64_t>& counter) {
  return counter.load(std::memory_order_relaxed);
}

template <typename Value>
void each_endpoint(Exposition& out, Metric metric, const Endpoints& endpoints, Value value) {
  out.family(metric);
  for (const EndpointMetrics* endpoint : endpoints)
    out.sample({{"endpoint", endpoint->name()}}, value(*endpoint));
}

void write_histogram(Exposition& out, Metric metric, const Endpoints& endpoints,
                     const LatencyHistogram& (EndpointMetrics::*histogram)() const) {
  // A family without samples is left out: most endpoints never stream.
  const bool any = std::any_of(endpoints.begin(), endpoints.end(), [&](const auto* endpoint) {
    return (endpoint->*histogram)().count() > 0;
  });
  if (!any) return;
  out.family(metric);
  for (const EndpointMetrics* endpoint : endpoints) {
    const LatencyHistogram& found = (endpoint->*histogram)();
    if (found.count() > 0) out.histogram({{"endpoint", endpoint->name()}}, found);
  }
}

void write_requests(Exposition& out, const Monitor& monitor, const Endpoints& endpoints, Now now) {
  out.family(Metric::api_requests);
  for (const EndpointMetrics* each : endpoints) {
    out.sample({{"endpoint", each->name()}, {"result", "success"}}, each->succeeded());
    out.sample({{"endpoint", each->name()}, {"result", "rate_limited"}}, each->rate_limited());
    out.sample({{"endpoint", each->name()}, {"result", "failed"}}, each->failed());
  }
  const MonitorSettings settings = monitor.settings();
  each_endpoint(out, Metric::rate_limit_rate, endpoints, [&](const EndpointMetrics& each) {
    return judge(each, settings, now).rate_limited_percent;
  });
  each_endpoint(out, Metric::request_retries, endpoints,
                [](const EndpointMetrics& each) { return each.retries(); });
  write_histogram(out, Metric::request_duration, endpoints, &EndpointMetrics::latency);
  write_histogram(out, Metric::time_to_first_token, endpoints, &EndpointMetrics::first_token);
}

void write_limits(Exposition& out, const Endpoints& endpoints) {
  const bool any = std::any_of(endpoints.begin(), endpoints.end(), [](const auto* endpoint) {
    return endpoint->last_rate_limited_unix() != 0;
  });
  if (any) out.family(Metric::last_rate_limited);
  for (const EndpointMetrics* each : endpoints) {
    const Nanos last = each->last_rate_limited_unix();
    if (last != 0) out.sample_nano({{"endpoint", each->name()}}, last);
  }
  each_endpoint(out, Metric::recoveries, endpoints,
                [](const EndpointMetrics& each) { return each.recovery_count(); });
  out.family(Metric::recovery_seconds);
  for (const EndpointMetrics* each : endpoints)
    out.sample_nano({{"endpoint", each->name()}}, each->recovery_total());
}

void write_alerts(Exposition& out, const AlertBook& alerts) {
  out.family(Metric::alerts);
  for (const AlertCause cause : kCauses)
    out.sample({{"cause", name_of(cause)}}, alerts.raised(cause));
  out.family(Metric::alerts_active);
  for (const AlertCause cause : kCauses)
    out.sample({{"cause", name_of(cause)}}, alerts.active(cause));
}

void write_monitor(Exposition& out, const Monitor& monitor, Now now) {
  const Endpoints endpoints = monitor.endpoints();
  write_requests(out, monitor, endpoints, now);
  write_limits(out, endpoints);
  write_alerts(out, monitor.alerts());
}

void write_deliveries(Exposition& out, const ClientMonitor& client) {
  if (client.config().monitor.webhook_url.empty()) return;
  out.family(Metric::alert_deliveries);
  out.sample({{"result", "delivered"}}, client.deliveries().delivered.get());
  out.sample({{"result", "failed"}}, client.deliveries().failed.get());
}

void write_endpoints(Exposition& out, const Snapshot& snapshot, Now now) {
  out.family(Metric::endpoint_status);
  for (const auto& endpoint : snapshot.endpoints) {
    const EndpointStatus status = status_at(*endpoint, now.mono);
    for (const EndpointStatus each : kStatuses) {
      out.sample({{"endpoint", endpoint->name}, {"status", name_of(each)}},
                 std::uint64_t{status == each ? 1U : 0U});
    }
  }
  out.family(Metric::endpoint_cooldown);
  for (const auto& endpoint : snapshot.endpoints) {
    const bool closed = !can_take_calls(*endpoint, now.mono);
    const Nanos left = closed ? std::max<Nanos>(endpoint->until - now.mono, 0) : 0;
    out.sample_nano({{"endpoint", endpoint->name}}, left);
  }
  const auto counter = [&](Metric metric,
                           const std::atomic<std::uint64_t> EndpointCounters::* member) {
    out.family(metric);
    for (std::size_t i = 0; i < snapshot.endpoints.size(); ++i) {
      out.sample({{"endpoint", snapshot.endpoints[i]->name}},
                 read(snapshot.counters->endpoints[i].*member));
    }
  };
  counter(Metric::attempts, &EndpointCounters::attempts);
  counter(Metric::attempts_cancelled, &EndpointCounters::cancelled);
  counter(Metric::attempts_in_flight, &EndpointCounters::in_flight);
}

// What is older than the window tells nothing of now.
void write_quotas(Exposition& out, const ClientMonitor& client, Now now) {
  const auto each_part = [&](Metric metric, std::int64_t HeadRoom::Part::* member) {
    out.family(metric);
    for (std::size_t i = 0; i < client.head_rooms().size(); ++i) {
      const HeadRoom& room = *client.head_rooms()[i];
      if (!room.seen_within(client.monitor().settings().window, now)) continue;
      for (const QuotaKind kind : kAllQuotaKinds) {
        const auto part = room.part(kind);
        if (!part || (*part).*member < 0) continue;
        out.sample({{"endpoint", client.config().endpoints[i].name}, {"kind", name_of(kind)}},
                   (*part).*member);
      }
    }
  };
  each_part(Metric::quota_remaining, &HeadRoom::Part::remaining);
  each_part(Metric::quota_limit, &HeadRoom::Part::limit);
}

void write_calls(Exposition& out, const Counters& counters) {
  const auto one = [&](Metric metric, const std::atomic<std::uint64_t>& counter) {
    out.family(metric);
    out.sample({}, read(counter));
  };
  one(Metric::calls_started, counters.calls_started);
  out.family(Metric::calls);
  out.sample({{"result", "succeeded"}}, read(counters.calls_succeeded));
  const std::uint64_t failed = read(counters.calls_failed);
  const std::uint64_t rejected = std::min(read(counters.calls_rejected), failed);
  out.sample({{"result", "failed"}}, failed - rejected);
  out.sample({{"result", "rejected"}}, rejected);
  out.sample({{"result", "cancelled"}}, read(counters.calls_cancelled));
  one(Metric::calls_waiting, counters.calls_waiting);
  one(Metric::failovers, counters.failovers);
  one(Metric::retries, counters.retries);
  one(Metric::calls_maybe_billed, counters.maybe_billed);
}

void write_money(Exposition& out, const ClientMonitor& client, Now now) {
  out.family(Metric::tokens);
  client.models().each([&](const LedgerLine& line) {
    out.sample({{"model", line.name}, {"kind", "input"}}, line.input_tokens.get());
    out.sample({{"model", line.name}, {"kind", "cached"}}, line.cached_tokens.get());
    out.sample({{"model", line.name}, {"kind", "output"}}, line.output_tokens.get());
  });
  out.family(Metric::calls_cost_unknown);
  client.models().each([&](const LedgerLine& line) {
    out.sample({{"model", line.name}}, line.unpriced.get() + line.unpriced_estimates.get());
  });
  // A cost that is not known has no sample: 0 would say that it was free.
  const auto cost = [&out](std::string_view label, const LedgerLine& line) {
    if (line.has_cost()) out.sample_nano({{label, line.name}}, line.cost.get());
  };
  const auto estimate = [&out](std::string_view label, const LedgerLine& line) {
    if (line.has_estimate()) out.sample_nano({{label, line.name}}, line.estimate.get());
  };
  out.family(Metric::cost);
  client.models().each([&](const LedgerLine& line) { cost("model", line); });
  out.family(Metric::cost_estimated);
  client.models().each([&](const LedgerLine& line) { estimate("model", line); });
  out.family(Metric::endpoint_cost);
  for (const auto& line : client.endpoint_lines())
    cost("endpoint", *line);
  out.family(Metric::endpoint_cost_estimated);
  for (const auto& line : client.endpoint_lines())
    estimate("endpoint", *line);
  out.family(Metric::tag_cost);
  client.tags().each([&](const LedgerLine& line) { cost("tag", line); });
  out.family(Metric::tag_cost_estimated);
  client.tags().each([&](const LedgerLine& line) { estimate("tag", line); });
  if (client.budget().settings().per_day <= 0) return;
  out.family(Metric::budget);
  out.sample_nano({}, client.budget().settings().per_day);
  out.family(Metric::budget_spent);
  out.sample_nano({}, client.budget().spent(now.unix));
}

}  // namespace

std::string monitor_metrics(const Monitor& monitor, ExpositionFormat format, Now now) {
  Exposition out(format);
  write_monitor(out, monitor, now);
  return out.take();
}

std::string client_metrics(const ClientMonitor& client, const Snapshot& snapshot,
                           ExpositionFormat format, Now now) {
  Exposition out(format);
  write_monitor(out, client.monitor(), now);
  write_deliveries(out, client);
  write_endpoints(out, snapshot, now);
  write_quotas(out, client, now);
  write_calls(out, *snapshot.counters);
  write_money(out, client, now);
  out.family(Metric::engine_turns);
  out.sample({}, read(snapshot.counters->turns));
  out.family(Metric::build_info);
  out.sample({{"version", HOLYSHEEP_VERSION}}, std::uint64_t{1});
  return out.take();
}

}  // namespace holysheep
