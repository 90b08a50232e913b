#include "core/config_show.h"

#include "core/config_network.h"
#include "core/config_policy.h"
#include "core/config_prices.h"
#include "core/json.h"
#include "core/proxy.h"

namespace holysheep {
namespace {

constexpr std::string_view kRedacted = "\u2026";

class Writer {
 public:
  explicit Writer(bool secrets) : secrets_(secrets) {}

  std::string write(const Config& config) {
    json_.begin_object().member("version", 1).member("policy", config.policy_name);
    key(config.api_key);
    json_.key("endpoints").begin_array();
    for (const EndpointConfig& each : config.endpoints)
      endpoint(each);
    json_.end_array();
    if (!config.allow.empty()) texts("allow", config.allow);
    policy(config.policy);
    json_.key("fallback_models").begin_object();
    for (const auto& [model, models] : config.fallback_models)
      texts(model, models);
    json_.end_object();
    time_limits(config.time_limits);
    json_.member("stream_recovery", name_of(config.stream_recovery));
    json_.member("stream_credit_bytes", config.stream_credit_bytes);
    json_.member("connection_age_max_ms", to_ms(config.connection_age_max));
    json_.key("limits").begin_object();
    for (const LimitField& field : limit_fields()) {
      json_.member(field.name, config.limits.*field.member);
    }
    json_.end_object();
    write_prices(json_, config.prices);
    write_monitor(json_, config, secrets_);
    json_.member("isolated", config.isolated);
    json_.member("x-log-level", config.log_level);  // of the environment, not of the configuration
    json_.end_object();
    return json_.take();
  }

 private:
  std::string_view secret(std::string_view text) const { return secrets_ ? text : kRedacted; }

  void key(const KeySource& source) {
    if (source.kind == KeySource::Kind::none) return;
    json_.key("api_key");
    if (source.kind == KeySource::Kind::text) {
      json_.value(secret(source.value));
    } else {
      json_.begin_object().member("file", source.value).end_object();
    }
  }

  void texts(std::string_view name, const std::vector<std::string>& items) {
    json_.key(name).begin_array();
    for (const std::string& item : items)
      json_.value(item);
    json_.end_array();
  }

  void fields(std::string_view name,
              const std::vector<std::pair<std::string, std::string>>& items) {
    if (items.empty()) return;
    json_.key(name).begin_object();
    for (const auto& [each, value] : items)
      json_.member(each, secret(value));
    json_.end_object();
  }

  void map(std::string_view name, const std::map<std::string, std::string>& items) {
    if (items.empty()) return;
    json_.key(name).begin_object();
    for (const auto& [each, value] : items)
      json_.member(each, value);
    json_.end_object();
  }

  void text(std::string_view name, const std::string& value) {
    if (!value.empty()) json_.member(name, value);
  }

  void endpoint(const EndpointConfig& each) {
    json_.begin_object().member("name", each.name).member("url", each.base_url);
    key(each.key);
    if (each.key.kind == KeySource::Kind::none) json_.member("share_key", each.share_key);
    json_.member("auth", name_of(each.auth));
    fields("headers", each.headers);
    fields("query", each.query);
    json_.member("allow_insecure", each.allow_insecure);
    text("path", each.path);
    if (!each.models.empty()) texts("models", each.models);
    map("model_names", each.model_names);
    json_.member("weight", each.weight).member("priority", each.priority);
    map("labels", each.labels);
    text("quota_group", each.quota_group);
    if (!each.prices.empty()) write_prices(json_, each.prices);
    time_limits(each.time_limits);
    json_.member("http", name_of(each.http)).member("connections_max", each.connections_max);
    json_.member("proxy", secrets_ ? each.proxy : redact_proxy(each.proxy));
    json_.member("no_proxy", each.no_proxy);
    text("ca_file", each.ca_file);
    text("client_cert", each.client_cert);
    text("client_key", each.client_key);
    json_.end_object();
  }

  void time_limits(const TimeLimits& limits) {
    bool any = false;
    for (const TimeLimitField& field : time_limit_fields()) {
      if (limits.*field.member < 0) continue;
      if (!any) json_.key("time_limits").begin_object();
      any = true;
      json_.member(field.name, to_ms(limits.*field.member));
    }
    if (any) json_.end_object();
  }

  // The knobs in the table's order; those of `retry` in one object.
  void policy(const Policy& policy) {
    constexpr std::string_view kRetry = "retry.";
    for (const PolicyField& field : policy_fields()) {
      if (field.path.substr(0, kRetry.size()) == kRetry) continue;
      json_.key(field.path);
      field.write(json_, policy);
    }
    json_.key("retry").begin_object();
    for (const PolicyField& field : policy_fields()) {
      if (field.path.substr(0, kRetry.size()) != kRetry) continue;
      json_.key(field.path.substr(kRetry.size()));
      field.write(json_, policy);
    }
    json_.key("overrides").begin_object();
    for (std::size_t i = 0; i < policy.overrides.size(); ++i) {
      const RetryOverride& change = policy.overrides[i];
      if (change.max_attempts < 0 && change.base_delay < 0) continue;
      json_.key(name_of(static_cast<Verdict>(i))).begin_object();
      if (change.max_attempts >= 0) json_.member("max_attempts", change.max_attempts);
      if (change.base_delay >= 0) json_.member("base_delay_ms", to_ms(change.base_delay));
      json_.end_object();
    }
    json_.end_object().end_object();
  }

  bool secrets_;
  JsonWriter json_;
};

}  // namespace

std::string canonical_config(const Config& config) {
  return Writer(true).write(config);
}

std::string show_config(const Config& config) {
  return Writer(false).write(config);
}

}  // namespace holysheep
