// What can be set of a monitor while it runs, as one strict JSON object.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/duration.h"
#include "core/result.h"

namespace holysheep {

struct MonitorChange {
  std::optional<std::int64_t> alert_threshold;
  std::optional<Nanos> window;
};

// {"alert_threshold": 5, "window_ms": 0}; an empty text changes nothing. Errors name the member.
Result<MonitorChange> parse_monitor_settings(std::string_view text);

}  // namespace holysheep
