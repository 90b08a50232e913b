#include "core/config_policy.h"

#include <algorithm>
#include <array>

#include "core/config_check.h"

namespace holysheep {
namespace {

template <typename T, std::size_t N>
using Names = std::array<std::pair<T, std::string_view>, N>;

constexpr Names<Routing, 5> kRoutings = {{{Routing::sticky, "sticky"},
                                          {Routing::sequential, "sequential"},
                                          {Routing::round_robin, "round_robin"},
                                          {Routing::weighted, "weighted"},
                                          {Routing::least_busy, "least_busy"}}};
constexpr Names<WhenNone, 2> kWhenNones = {
    {{WhenNone::wait, "wait"}, {WhenNone::force_first, "force_first"}}};
constexpr Names<DelayOn, 3> kDelayOns = {{{DelayOn::none, "none"},
                                          {DelayOn::rate_limited, "rate_limited"},
                                          {DelayOn::any_failure, "any_failure"}}};
constexpr Names<Auth, 4> kAuths = {{{Auth::bearer, "bearer"},
                                    {Auth::api_key, "api-key"},
                                    {Auth::x_api_key, "x-api-key"},
                                    {Auth::none, "none"}}};
constexpr Names<HttpVersion, 3> kHttpVersions = {
    {{HttpVersion::automatic, "auto"}, {HttpVersion::http1, "1.1"}, {HttpVersion::http2, "2"}}};
constexpr Names<StreamRecovery, 3> kRecoveries = {{{StreamRecovery::error, "error"},
                                                   {StreamRecovery::restart, "restart"},
                                                   {StreamRecovery::buffer, "buffer"}}};

template <typename T, std::size_t N>
std::string_view name_in(const Names<T, N>& names, T value) {
  for (const auto& [each, name] : names) {
    if (each == value) return name;
  }
  return {};
}

template <typename T, std::size_t N>
T value_in(const Names<T, N>& names, std::string_view name) {
  for (const auto& [each, text] : names) {
    if (text == name) return each;
  }
  return names.front().first;
}

// "No limit" is 0 in the configuration and kNever inside.
void write_limit(JsonWriter& json, Nanos limit) {
  json.value(limit == kNever ? std::int64_t{0} : to_ms(limit));
}

template <auto Member>
constexpr PolicyField duration(std::string_view path) {
  return {path, [](JsonWriter& json, const Policy& policy) { json.value(to_ms(policy.*Member)); },
          [](const JsonValue& value, Policy& policy) {
            policy.*Member = from_ms(value.integer_or(0));
          }};
}

template <auto Member>
constexpr PolicyField flag(std::string_view path) {
  return {path, [](JsonWriter& json, const Policy& policy) { json.value(policy.*Member); },
          [](const JsonValue& value, Policy& policy) { policy.*Member = value.boolean_or(false); }};
}

template <auto Member>
constexpr PolicyField count(std::string_view path) {
  return {path, [](JsonWriter& json, const Policy& policy) { json.value(policy.*Member); },
          [](const JsonValue& value, Policy& policy) {
            policy.*Member = static_cast<int>(value.integer_or(0));
          }};
}

template <auto Member, const auto& kNames>
constexpr PolicyField choice(std::string_view path) {
  return {
      path,
      [](JsonWriter& json, const Policy& policy) { json.value(name_in(kNames, policy.*Member)); },
      [](const JsonValue& value, Policy& policy) {
        policy.*Member = value_in(kNames, value.string_or(""));
      }};
}

constexpr auto kPolicyFields = std::to_array<PolicyField>({
    choice<&Policy::routing, kRoutings>("routing"),
    choice<&Policy::when_none, kWhenNones>("when_none"),
    duration<&Policy::max_wait>("max_wait_ms"),
    count<&Policy::max_attempts>("retry.max_attempts"),
    count<&Policy::route_attempts_max>("retry.route_attempts_max"),
    flag<&Policy::rate_limited_counts>("retry.rate_limited_counts"),
    choice<&Policy::delay_on, kDelayOns>("retry.delay_on"),
    duration<&Policy::base_delay>("retry.base_delay_ms"),
    duration<&Policy::repeat_delay>("retry.repeat_delay_ms"),
    {"retry.delay_max_ms",
     [](JsonWriter& json, const Policy& policy) { write_limit(json, policy.delay_max); },
     [](const JsonValue& value, Policy& policy) {
       const std::int64_t ms = value.integer_or(0);
       policy.delay_max = ms == 0 ? kNever : from_ms(ms);
     }},
    flag<&Policy::jitter>("retry.jitter"),
    flag<&Policy::retry_budget>("retry.budget"),
    flag<&Policy::obey_hints>("obey_hints"),
    duration<&Policy::cooldown>("cooldown_ms"),
    duration<&Policy::cooldown_base>("cooldown_base_ms"),
    flag<&Policy::per_route>("per_route"),
    flag<&Policy::breaker>("breaker"),
    flag<&Policy::slow_start>("slow_start"),
});

constexpr auto kTimeLimits = std::to_array<TimeLimitField>({
    {"connect_ms", &TimeLimits::connect},
    {"first_token_ms", &TimeLimits::first_token},
    {"idle_ms", &TimeLimits::idle},
    {"progress_ms", &TimeLimits::progress},
    {"response_ms", &TimeLimits::response},
    {"total_ms", &TimeLimits::total},
});

constexpr auto kLimits = std::to_array<LimitField>({
    {"calls_max", &Limits::calls_max},
    {"connections_max", &Limits::connections_max},
    {"header_bytes_max", &Limits::header_bytes_max},
    {"body_bytes_max", &Limits::body_bytes_max},
    {"request_bytes_max", &Limits::request_bytes_max},
    {"request_bytes_total_max", &Limits::request_bytes_total_max},
    {"event_bytes_max", &Limits::event_bytes_max},
    {"held_bytes_max", &Limits::held_bytes_max},
    {"buffered_bytes_max", &Limits::buffered_bytes_max},
    {"routes_max", &Limits::routes_max},
});

}  // namespace

std::span<const PolicyField> policy_fields() {
  return kPolicyFields;
}

Result<Policy> read_policy(const JsonValue& root) {
  const bool document = root.member("policy").string_or("smart") == "document";
  Policy policy = document ? document_policy() : smart_policy();
  for (const PolicyField& field : kPolicyFields) {
    const JsonValue value = member_at(root, field.path);
    if (value.exists()) field.read(value, policy);
  }
  // One key moves the other along, unless both are given.
  const bool given_base = root.member("cooldown_base_ms").exists();
  if (given_base && policy.cooldown_base > policy.cooldown) {
    return config_error("cooldown_base_ms", "must not be above cooldown_ms (" +
                                                std::to_string(to_ms(policy.cooldown)) + ")");
  }
  if (!given_base) {
    policy.cooldown_base =
        document ? policy.cooldown : std::min(policy.cooldown_base, policy.cooldown);
  }
  for (const auto& [name, value] : member_at(root, "retry.overrides").members()) {
    const auto verdict = verdict_from_name(name);
    if (!verdict) continue;  // an x-… key
    RetryOverride& change = policy.overrides[static_cast<std::size_t>(*verdict)];
    const JsonValue attempts = value.member("max_attempts");
    const JsonValue delay = value.member("base_delay_ms");
    if (attempts.exists()) change.max_attempts = static_cast<int>(attempts.integer_or(0));
    if (delay.exists()) change.base_delay = from_ms(delay.integer_or(0));
  }
  return policy;
}

std::string policy_value(const Policy& policy, std::string_view path) {
  for (const PolicyField& field : kPolicyFields) {
    if (field.path != path) continue;
    JsonWriter json;
    field.write(json, policy);
    return json.take();
  }
  return {};
}

std::span<const TimeLimitField> time_limit_fields() {
  return kTimeLimits;
}

void read_time_limits(const JsonValue& object, TimeLimits& limits) {
  for (const TimeLimitField& field : kTimeLimits) {
    const JsonValue value = object.member(field.name);
    if (value.exists()) limits.*field.member = from_ms(value.integer_or(0));
  }
}

std::span<const LimitField> limit_fields() {
  return kLimits;
}

std::string_view name_of(Auth auth) {
  return name_in(kAuths, auth);
}
std::string_view name_of(HttpVersion version) {
  return name_in(kHttpVersions, version);
}
std::string_view name_of(StreamRecovery recovery) {
  return name_in(kRecoveries, recovery);
}
std::string_view name_of(Routing routing) {
  return name_in(kRoutings, routing);
}
std::string_view name_of(WhenNone when) {
  return name_in(kWhenNones, when);
}
std::string_view name_of(DelayOn delay) {
  return name_in(kDelayOns, delay);
}
Auth auth_from_name(std::string_view name) {
  return value_in(kAuths, name);
}
HttpVersion http_version_from_name(std::string_view name) {
  return value_in(kHttpVersions, name);
}
StreamRecovery stream_recovery_from_name(std::string_view name) {
  return value_in(kRecoveries, name);
}

}  // namespace holysheep
