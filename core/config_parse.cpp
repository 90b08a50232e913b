// From text to Config: checked against the table, read, completed from the environment, and made
// canonical. The order of the checks is the order in which a person would mend the text; that there
// is no key comes last, since it may be a matter of the machine and not of the text.
#include <algorithm>
#include <array>
#include <cmath>

#include "core/config.h"
#include "core/config_check.h"
#include "core/config_endpoints.h"
#include "core/config_monitor.h"
#include "core/config_policy.h"
#include "core/config_prices.h"
#include "core/config_secrets.h"
#include "core/config_show.h"

namespace holysheep {
namespace {

constexpr std::string_view kWhat = "configuration";
// Above this a configuration is a mistake; without a bound its errors could cost time and memory.
constexpr std::size_t kConfigBytesMax = 4 * 1024 * 1024;

constexpr std::array<std::pair<std::string_view, int>, 5> kLogLevels = {
    {{"off", 0}, {"debug", 10}, {"info", 20}, {"warning", 30}, {"error", 40}}};

std::vector<std::string> read_texts(const JsonValue& array) {
  std::vector<std::string> out;
  for (const JsonValue& element : array.elements())
    out.emplace_back(element.string_or(""));
  return out;
}

std::optional<Error> read_client_key(const JsonValue& root, const Environment& environment,
                                     Config& config, std::optional<Error>& missing_key) {
  auto key = read_key(root.member("api_key"), "api_key", environment, config.secrets, missing_key);
  if (!key.ok()) return key.error();
  config.api_key = std::move(key).value();
  if (config.api_key.kind != KeySource::Kind::none) return std::nullopt;
  const auto found = environment.variables.find("HOLYSHEEP_API_KEY");
  if (found == environment.variables.end() || found->second.empty()) return std::nullopt;
  if (const std::string_view fault = key_fault(found->second); !fault.empty()) {
    return config_error("HOLYSHEEP_API_KEY", "the key " + std::string(fault));
  }
  config.api_key = {KeySource::Kind::text, found->second};
  add_secret(config.secrets, found->second);
  return std::nullopt;
}

void read_limits(const JsonValue& root, const Environment& environment, Config& config) {
  const JsonValue object = root.member("limits");
  for (const LimitField& field : limit_fields()) {
    std::int64_t standard = standard_integer("limits." + std::string(field.name));
    // The rest of the descriptors is the host program's.
    if (field.name == "connections_max") {
      standard = std::max<std::int64_t>(1, environment.descriptors_max / 2);
    }
    config.limits.*field.member = object.member(field.name).integer_or(standard);
  }
}

void read_times(const JsonValue& root, Config& config) {
  for (const TimeLimitField& field : time_limit_fields()) {
    config.time_limits.*field.member =
        from_ms(standard_integer("time_limits." + std::string(field.name)));
  }
  // The document has no limit over all attempts.
  if (config.policy_name == "document") config.time_limits.total = 0;
  read_time_limits(root.member("time_limits"), config.time_limits);
}

void read_fallback_models(const JsonValue& root, Config& config) {
  const JsonValue value = root.member("fallback_models");
  if (value.is_array() && value.size() > 0) config.fallback_models["*"] = read_texts(value);
  for (const auto& [model, models] : value.members()) {
    config.fallback_models[model] = read_texts(models);
  }
}

std::optional<Error> read_allow(const JsonValue& root, Config& config) {
  for (const JsonValue& element : root.member("allow").elements()) {
    const std::string entry(element.string_or(""));
    std::vector<std::string_view> names;
    bool found = false;
    for (const EndpointConfig& endpoint : config.endpoints) {
      names.push_back(endpoint.name);
      found = found || is_allowed(endpoint, {entry});
    }
    if (!found) {
      return config_error(element.path(), "no endpoint has this name or label (label:value)" +
                                              did_you_mean(entry, names));
    }
    config.allow.push_back(entry);
  }
  std::sort(config.allow.begin(), config.allow.end());
  config.allow.erase(std::unique(config.allow.begin(), config.allow.end()), config.allow.end());
  return std::nullopt;
}

std::optional<Error> read_log_level(const Environment& environment, Config& config) {
  const auto found = environment.variables.find("HOLYSHEEP_LOG");
  if (found == environment.variables.end() || found->second.empty()) return std::nullopt;
  for (const auto& [name, level] : kLogLevels) {
    if (found->second != name) continue;
    config.log_level = level;
    return std::nullopt;
  }
  return config_error("HOLYSHEEP_LOG", "expected debug, info, warning, error or off");
}

std::optional<Error> read_config(const JsonValue& root, const Environment& environment,
                                 Config& config) {
  config.policy_name = root.member("policy").string_or("smart");
  auto policy = read_policy(root);
  if (!policy.ok()) return policy.error();
  config.policy = policy.value();
  std::optional<Error> missing_key;
  if (auto error = read_client_key(root, environment, config, missing_key)) return error;
  if (auto error = read_endpoints(root, environment, config, missing_key)) return error;
  if (auto error = read_allow(root, config)) return error;
  if (auto error = read_prices(root, config.prices)) return error;
  if (auto error = read_monitor(root, environment, config)) {
    if (error->status != Status::no_key) return error;
    if (!missing_key) missing_key = error;
  }
  if (auto error = read_log_level(environment, config)) return error;
  if (missing_key) return missing_key;
  read_fallback_models(root, config);
  read_times(root, config);
  read_limits(root, environment, config);
  config.stream_recovery =
      stream_recovery_from_name(root.member("stream_recovery").string_or("error"));
  config.stream_credit_bytes =
      root.member("stream_credit_bytes").integer_or(standard_integer("stream_credit_bytes"));
  const std::int64_t age_ms =
      root.member("connection_age_max_ms").integer_or(standard_integer("connection_age_max_ms"));
  config.connection_age_max = from_ms(age_ms);
  config.isolated = root.member("isolated").boolean_or(false);
  finish_secrets(config.secrets);
  config.identity = canonical_config(config);
  return std::nullopt;
}

}  // namespace

Result<std::shared_ptr<const Config>> parse_config(std::string_view text,
                                                   const Environment& environment) {
  if (text.empty()) text = R"({"version":1})";
  if (text.size() > kConfigBytesMax) return config_error(kWhat, "is larger than 4 MiB");
  const auto document = JsonDocument::parse(text, kWhat, Status::config);
  if (!document.ok()) return document.error();
  const JsonValue root = document.value().root();
  if (auto error = check_by_table(root, Scope::client, kWhat, Status::config)) return *error;
  if (!root.member("version").exists()) return config_error("version", "is missing; expected 1");
  auto config = std::make_shared<Config>();
  if (auto error = read_config(root, environment, *config)) return *error;
  return std::shared_ptr<const Config>(std::move(config));
}

}  // namespace holysheep
