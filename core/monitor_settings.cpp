#include "core/monitor_settings.h"

#include "core/config_check.h"
#include "core/json.h"

namespace holysheep {
namespace {

constexpr std::int64_t kThresholdMax = 1'000'000;
constexpr std::int64_t kWindowMsMax = std::int64_t{30} * 24 * 3600 * 1000;

Error complaint(const std::string& message) {
  return Error{Status::invalid_argument, "monitor settings: " + message};
}

std::optional<Error> read_integer(const JsonValue& value, std::string_view name, std::int64_t most,
                                  std::int64_t* out) {
  const std::int64_t given = value.integer_or(-1);
  if (value.kind() != JsonValue::Kind::integer || given < 0 || given > most) {
    return complaint(std::string(name) + ": expected an integer from 0 to " + std::to_string(most));
  }
  *out = given;
  return std::nullopt;
}

}  // namespace

Result<MonitorChange> parse_monitor_settings(std::string_view text) {
  MonitorChange change;
  if (text.empty()) return change;
  const auto document = JsonDocument::parse(text, "monitor settings", Status::invalid_argument);
  if (!document.ok()) return document.error();
  const JsonValue root = document.value().root();
  if (!root.is_object()) return complaint("expected an object");
  for (const auto& [name, value] : root.members()) {
    std::int64_t number = 0;
    if (name == "alert_threshold") {
      if (auto error = read_integer(value, name, kThresholdMax, &number)) return *error;
      change.alert_threshold = number;
    } else if (name == "window_ms") {
      if (auto error = read_integer(value, name, kWindowMsMax, &number)) return *error;
      change.window = from_ms(number);
    } else {
      return complaint("unknown key \"" + name + "\"" +
                       did_you_mean(name, {"alert_threshold", "window_ms"}));
    }
  }
  return change;
}

}  // namespace holysheep
