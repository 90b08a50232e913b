#include "core/monitor_status.h"

#include <algorithm>

#include "core/json.h"
#include "core/monitor_report.h"
#include "core/time_text.h"

namespace holysheep {
namespace {

// Below this a share says nothing.
constexpr std::uint64_t kCallsLeast = 20;

void money(JsonWriter& json, std::string_view name, bool known, NanoUsd amount) {
  json.key(name);
  if (known) {
    json.value(amount);
  } else {
    json.null();
  }
}

void write_ledger(JsonWriter& json, const LedgerLine& line) {
  json.begin_object();
  json.member("name", line.name);
  json.member("calls", line.calls.get());
  json.member("input_tokens", line.input_tokens.get());
  json.member("cached_tokens", line.cached_tokens.get());
  json.member("output_tokens", line.output_tokens.get());
  json.member("unpriced_calls", line.unpriced.get());
  money(json, "cost_nano_usd", line.has_cost(), line.cost.get());
  money(json, "estimated_nano_usd", line.has_estimate(), line.estimate.get());
  json.end_object();
}

void write_costs(JsonWriter& json, const ClientMonitor& client, Now now) {
  json.key("costs").begin_object();
  json.key("models").begin_array();
  client.models().each([&](const LedgerLine& line) { write_ledger(json, line); });
  json.end_array().key("tags").begin_array();
  client.tags().each([&](const LedgerLine& line) { write_ledger(json, line); });
  json.end_array().key("endpoints").begin_array();
  for (const auto& line : client.endpoint_lines())
    write_ledger(json, *line);
  json.end_array();
  const Budget& budget = client.budget();
  json.key("budget");
  if (budget.settings().per_day <= 0) {
    json.null();
  } else {
    json.begin_object();
    json.member("nano_usd_per_day", budget.settings().per_day);
    json.member("spent_nano_usd", budget.spent(now.unix));
    json.member("action", budget.settings().stops ? "stop" : "warn");
    json.end_object();
  }
  json.end_object();
}

void write_head_rooms(JsonWriter& json, const ClientMonitor& client) {
  json.key("quotas").begin_array();
  for (std::size_t i = 0; i < client.head_rooms().size(); ++i) {
    const HeadRoom& room = *client.head_rooms()[i];
    json.begin_object();
    json.member("name", client.config().endpoints[i].name);
    json.key("seen_unix_ms");
    if (room.seen_unix() == 0) {
      json.null();
    } else {
      json.value(to_ms(room.seen_unix()));
    }
    for (const QuotaKind kind : kAllQuotaKinds) {
      json.key(name_of(kind));
      const auto part = room.part(kind);
      if (!part) {
        json.null();
        continue;
      }
      json.begin_object().member("remaining", part->remaining).key("limit");
      if (part->limit < 0) {
        json.null();
      } else {
        json.value(part->limit);
      }
      json.end_object();
    }
    json.end_object();
  }
  json.end_array();
}

void write_trace_line(JsonWriter& json, const CallReport& report, const TraceLine& line) {
  json.begin_object();
  json.member("endpoint", report.config->endpoints[line.endpoint].name);
  json.member("model", line.model);
  json.member("outcome", describe_attempt(line));
  json.member("verdict", name_of(line.verdict));
  json.member("why", line.why);
  json.member("at_ms", to_ms(line.at));
  json.member("took_ms", to_ms(line.took));
  json.key("others").begin_array();
  for (const PassedOver& other : line.others) {
    json.begin_object();
    json.member("endpoint", report.config->endpoints[other.endpoint].name);
    json.member("reason", other.reason);
    json.end_object();
  }
  json.end_array().end_object();
}

void write_traces(JsonWriter& json, const ClientMonitor& client) {
  json.key("traces").begin_array();
  for (const KeptTrace& each : client.traces()) {
    const CallReport& report = *each.report;
    json.begin_object();
    json.member("call", each.call);
    json.member("ended_unix_ms", to_ms(each.ended_unix));
    json.member("model", report.model);
    json.member("tag", each.tag);
    json.member("status", status_name(report.status));
    json.member("waited_ms", to_ms(report.waited));
    json.member("took_ms", to_ms(report.took));
    json.key("attempts").begin_array();
    for (const TraceLine& line : report.trace)
      write_trace_line(json, report, line);
    json.end_array().end_object();
  }
  json.end_array();
}

}  // namespace

ClientHealth client_health(const ClientMonitor& client, const Snapshot& snapshot, Now now) {
  ClientHealth health;
  const WindowCounts calls = client.calls().read(now.mono);
  health.calls_fail =
      calls.total >= kCallsLeast &&
      static_cast<double>(calls.failed) * 100 > kCriticalPercent * static_cast<double>(calls.total);
  // A limit that ends within `max_wait` is waited out: calls take longer, and are answered.
  const Nanos max_wait = client.config().policy.max_wait;
  health.nobody_can_take = nobody_takes_calls(snapshot, saturating_add(now.mono, max_wait));
  return health;
}

std::string client_health_json(const ClientMonitor& client, const Snapshot& snapshot, Now now) {
  const ClientHealth health = client_health(client, snapshot, now);
  const WindowCounts calls = client.calls().read(now.mono);
  std::string report = monitor_health_json(client.monitor(), now);
  report.pop_back();
  JsonWriter json;
  json.begin_object();
  json.member("ok", health.ok());
  json.key("reason");
  if (health.calls_fail && client.refuses_calls(now)) {
    json.value("the day's budget is spent");
  } else if (health.nobody_can_take) {
    json.value("no endpoint can take a call");
  } else if (health.calls_fail) {
    json.value("calls fail");
  } else {
    json.null();
  }
  json.member("calls", calls.total);
  json.member("calls_failed", calls.failed + calls.rejected);
  json.member("calls_rejected", calls.rejected);
  json.end_object();
  return report + "," + json.take().substr(1);
}

std::string client_status_json(const ClientMonitor& client, const Snapshot& snapshot,
                               const ListenState& listen, Now now) {
  JsonWriter json;
  json.begin_object();
  json.member("time_unix_ms", to_ms(now.unix));
  json.member("timestamp", iso_8601(now.unix));
  json.member("version", HOLYSHEEP_VERSION);
  json.member("policy", client.config().policy_name);
  json.member("listen", listen.address);
  json.key("listen_error");
  if (listen.error.empty()) {
    json.null();
  } else {
    json.value(listen.error);
  }
  json.key("pool").raw(snapshot_json(snapshot, now));
  json.key("metrics").raw(monitor_endpoints_json(client.monitor(), now));
  json.key("health").raw(client_health_json(client, snapshot, now));
  json.key("alerts").raw(monitor_alerts_json(client.monitor()));
  write_head_rooms(json, client);
  write_costs(json, client, now);
  write_traces(json, client);
  json.end_object();
  return json.take();
}

}  // namespace holysheep
