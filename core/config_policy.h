// The policy's knobs by name: the bridge between the table's keys and the members of Policy, for
// reading, showing and describing.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "core/config.h"
#include "core/json.h"

namespace holysheep {

struct PolicyField {
  std::string_view path;  // as in the table
  void (*write)(JsonWriter& json, const Policy& policy);
  void (*read)(const JsonValue& value, Policy& policy);
};
std::span<const PolicyField> policy_fields();

// The named policy with the changes that a checked configuration makes.
Result<Policy> read_policy(const JsonValue& root);
// The value of one knob as JSON; "" if there is no such knob.
std::string policy_value(const Policy& policy, std::string_view path);

struct TimeLimitField {
  std::string_view name;  // "connect_ms"
  Nanos TimeLimits::* member;
};
std::span<const TimeLimitField> time_limit_fields();
// Members that the object names; the others stay.
void read_time_limits(const JsonValue& object, TimeLimits& limits);

struct LimitField {
  std::string_view name;  // "calls_max"
  std::int64_t Limits::* member;
};
std::span<const LimitField> limit_fields();

std::string_view name_of(Auth auth);
std::string_view name_of(HttpVersion version);
std::string_view name_of(StreamRecovery recovery);
std::string_view name_of(Routing routing);
std::string_view name_of(WhenNone when);
std::string_view name_of(DelayOn delay);
// Of names that were checked against the table before.
Auth auth_from_name(std::string_view name);
HttpVersion http_version_from_name(std::string_view name);
StreamRecovery stream_recovery_from_name(std::string_view name);

}  // namespace holysheep
