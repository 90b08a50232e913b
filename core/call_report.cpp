#include "core/call_report.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/config_secrets.h"
#include "core/json.h"

namespace holysheep {
namespace {

constexpr std::int64_t kNoNumber = -1;

// Lines of one name are one list (RFC 9110 5.3), so that each name is a member once.
void write_headers(JsonWriter& json, const CallReport& report) {
  std::vector<std::pair<std::string_view, std::string>> fields;
  report.headers.each([&](std::string_view name, std::string_view value) {
    const auto known = std::find_if(fields.begin(), fields.end(), [&](const auto& field) {
      return equals_ignore_case(field.first, name);
    });
    if (known == fields.end()) {
      fields.emplace_back(name, value);
    } else {
      known->second.append(", ").append(value);
    }
  });
  json.key("headers").begin_object();
  for (auto& [name, value] : fields)
    json.member(name, std::string_view(scrubbed(report, std::move(value))));
  json.end_object();
}

void write_trace(JsonWriter& json, const CallReport& report) {
  json.key("trace").begin_array();
  for (const TraceLine& line : report.trace) {
    json.begin_object();
    json.member("endpoint", std::string_view(report.config->endpoints[line.endpoint].name));
    json.member("model", std::string_view(line.model));
    json.member("status", line.status);
    json.member("verdict", name_of(line.verdict));
    if (line.dimension != LimitDimension::unknown) {
      json.member("dimension", name_of(line.dimension));
    }
    if (line.time_limit != TimeLimit::none) json.member("time_limit", name_of(line.time_limit));
    if (line.transport != TransportError::none) json.member("transport", name_of(line.transport));
    json.member("at_ms", to_ms(line.at));
    json.member("waited_ms", to_ms(line.waited));
    json.member("took_ms", to_ms(line.took));
    json.member("why", line.why);
    if (!line.rule.empty()) json.member("rule", line.rule);
    json.key("others").begin_array();
    for (const PassedOver& other : line.others) {
      json.begin_object();
      json.member("endpoint", std::string_view(report.config->endpoints[other.endpoint].name));
      json.member("reason", other.reason);
      json.end_object();
    }
    json.end_array().end_object();
  }
  json.end_array();
}

void write_usage(JsonWriter& json, const CallReport& report) {
  json.key("usage");
  if (!report.usage.known()) {
    json.null();
  } else {
    json.begin_object();
    if (report.usage.input >= 0) json.member("input", report.usage.input);
    if (report.usage.output >= 0) json.member("output", report.usage.output);
    if (report.usage.cached >= 0) json.member("cached", report.usage.cached);
    json.end_object();
  }
  json.key("cost_nano_usd");
  if (report.cost) {
    json.value(*report.cost);
  } else {
    json.null();
  }
}

void write_error(JsonWriter& json, const CallReport& report) {
  const auto text = [&](std::string_view name, const std::string& value) {
    json.key(name);
    if (value.empty()) {
      json.null();
    } else {
      // The provider's words were cut where they were read (classify).
      json.value(std::string_view(scrubbed(report, value, true)));
    }
  };
  json.key("error").begin_object();
  json.member("status", status_name(report.status));
  json.member("verdict", name_of(report.cause.verdict));
  if (report.cause.dimension != LimitDimension::unknown) {
    json.member("dimension", name_of(report.cause.dimension));
  }
  if (report.cause.time_limit != TimeLimit::none) {
    json.member("time_limit", name_of(report.cause.time_limit));
  }
  json.member("message", std::string_view(report.message));
  text("provider_message", report.cause.message);
  text("code", report.cause.code);
  text("type", report.cause.type);
  text("param", report.cause.param);
  text("request_id", report.cause.request_id);
  text("service", report.service);
  json.key("retry_after_ms");
  if (report.retry_after_ms == kNoNumber) {
    json.null();
  } else {
    json.value(report.retry_after_ms);
  }
  json.end_object();
}

}  // namespace

std::string scrubbed(const CallReport& report, std::string text, bool was_cut) {
  return scrub(*report.config, std::move(text), report.later_secrets.get(), &report.call_secrets,
               was_cut);
}

std::string call_report_json(const CallReport& report) {
  JsonWriter json;
  json.begin_object();
  json.key("endpoint");
  if (report.has_endpoint) {
    json.value(std::string_view(report.config->endpoints[report.endpoint].name));
  } else {
    json.null();
  }
  json.member("model", std::string_view(report.model));
  json.member("model_served", std::string_view(scrubbed(report, report.model_served)));
  json.member("http_status", report.http_status);
  write_headers(json, report);
  json.member("attempts", report.attempts);
  write_trace(json, report);
  json.member("waited_ms", to_ms(report.waited));
  json.member("took_ms", to_ms(report.took));
  write_usage(json, report);
  json.member("maybe_billed", report.maybe_billed);
  if (report.failed) write_error(json, report);
  json.end_object();
  return json.take();
}

std::string describe_attempt(const TraceLine& line) {
  std::string text;
  if (line.status > 0) text = std::to_string(line.status) + " ";
  text += name_of(line.verdict);
  std::string_view detail;
  if (line.dimension != LimitDimension::unknown) detail = name_of(line.dimension);
  if (line.time_limit != TimeLimit::none) detail = name_of(line.time_limit);
  if (line.transport != TransportError::none) detail = name_of(line.transport);
  if (!detail.empty()) text.append(" (").append(detail).append(")");
  return text;
}

std::string describe_failure(const CallReport& report) {
  std::string text;
  // The same outcome at one endpoint again and again is said once.
  const std::vector<TraceLine>& trace = report.trace;
  for (std::size_t i = 0; i < trace.size();) {
    std::size_t next = i + 1;
    const std::string outcome = describe_attempt(trace[i]);
    while (next < trace.size() && trace[next].endpoint == trace[i].endpoint &&
           describe_attempt(trace[next]) == outcome) {
      ++next;
    }
    if (!text.empty()) text += "; ";
    text += report.config->endpoints[trace[i].endpoint].name + ": " + outcome;
    if (next - i > 1) text += " ×" + std::to_string(next - i);
    i = next;
  }
  return text;
}

}  // namespace holysheep
