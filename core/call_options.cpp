// Options of one call: the part of the table that is marked for calls.
#include <algorithm>

#include "core/config.h"
#include "core/config_check.h"
#include "core/config_policy.h"

namespace holysheep {
namespace {

constexpr std::string_view kWhat = "options";

std::vector<std::string> read_texts(const JsonValue& array) {
  std::vector<std::string> out;
  for (const JsonValue& element : array.elements())
    out.emplace_back(element.string_or(""));
  return out;
}

Error options_error(std::string_view path, std::string_view complaint, Status status) {
  return config_error(std::string(kWhat) + "." + std::string(path), complaint, status);
}

// A call can only narrow what the client allows.
std::optional<Error> check_routes(const CallOptions& options, const Config& config) {
  const auto passes = [&](const EndpointConfig& endpoint) {
    return is_allowed(endpoint, config.allow) && is_allowed(endpoint, options.allow);
  };
  const auto& endpoints = config.endpoints;
  if (!options.allow.empty() && std::none_of(endpoints.begin(), endpoints.end(), passes)) {
    return options_error("allow", "no endpoint that the client allows has such a name or label",
                         Status::no_route);
  }
  if (options.endpoint.empty()) return std::nullopt;
  std::vector<std::string_view> names;
  for (const EndpointConfig& endpoint : endpoints) {
    names.push_back(endpoint.name);
    if (endpoint.name != options.endpoint) continue;
    if (passes(endpoint)) return std::nullopt;
    return options_error("endpoint", "allow rules this endpoint out", Status::no_route);
  }
  return options_error("endpoint",
                       "no endpoint has this name" + did_you_mean(options.endpoint, names),
                       Status::request);
}

}  // namespace

bool is_allowed(const EndpointConfig& endpoint, const std::vector<std::string>& allow) {
  return allow.empty() || std::any_of(allow.begin(), allow.end(), [&](const std::string& entry) {
           if (entry == endpoint.name) return true;
           const std::size_t colon = entry.find(':');
           if (colon == std::string::npos) return false;
           const auto label = endpoint.labels.find(entry.substr(0, colon));
           return label != endpoint.labels.end() &&
                  std::string_view(entry).substr(colon + 1) == label->second;
         });
}

Result<CallOptions> parse_call_options(std::string_view text, const Config& config) {
  CallOptions options;
  // A budget that does not see what streams cost is none.
  options.include_usage = config.budget.per_day > 0;
  if (text.empty()) return options;
  const auto document = JsonDocument::parse(text, kWhat, Status::request);
  if (!document.ok()) return document.error();
  const JsonValue root = document.value().root();
  if (auto error = check_by_table(root, Scope::call, kWhat, Status::request)) return *error;

  options.allow = read_texts(root.member("allow"));
  options.endpoint = root.member("endpoint").string_or("");
  const JsonValue replay = root.member("replay");
  if (replay.exists()) options.replay = replay.string_or("");
  const JsonValue models = root.member("fallback_models");
  if (models.exists()) options.fallback_models = read_texts(models);
  const JsonValue attempts = member_at(root, "retry.max_attempts");
  if (attempts.exists()) options.max_attempts = static_cast<int>(attempts.integer_or(0));
  const JsonValue counts = member_at(root, "retry.rate_limited_counts");
  if (counts.exists()) options.rate_limited_counts = counts.boolean_or(false);
  const JsonValue wait = root.member("max_wait_ms");
  if (wait.exists()) options.max_wait = from_ms(wait.integer_or(0));
  read_time_limits(root.member("time_limits"), options.time_limits);
  const JsonValue recovery = root.member("stream_recovery");
  if (recovery.exists())
    options.stream_recovery = stream_recovery_from_name(recovery.string_or(""));
  options.include_usage = root.member("include_usage").boolean_or(options.include_usage);
  options.tag = root.member("tag").string_or("");
  if (auto error = check_routes(options, config)) return *error;
  return options;
}

}  // namespace holysheep
