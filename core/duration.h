// Instants and durations. One unit everywhere inside: nanoseconds in a signed 64-bit integer.
// Nothing in core reads a clock but the loop files: time comes in as an argument.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

namespace holysheep {

// A duration, or an instant on the engine's monotonic clock.
using Nanos = std::int64_t;

constexpr Nanos kMicrosecond = 1'000;
constexpr Nanos kMillisecond = 1'000'000;
constexpr Nanos kSecond = 1'000'000'000;
constexpr Nanos kMinute = 60 * kSecond;
constexpr Nanos kHour = 60 * kMinute;
constexpr Nanos kDay = 24 * kHour;
// "No such instant": later than every other.
constexpr Nanos kNever = std::numeric_limits<Nanos>::max();

// Both clocks, read once per turn.
struct Now {
  Nanos mono = 0;  // monotonic: every deadline
  Nanos unix = 0;  // nanoseconds since 1970-01-01 UTC: HTTP dates and what users see
};

constexpr std::int64_t to_ms(Nanos duration) {
  return duration / kMillisecond;
}
// Rounded up, so that a caller who waits that long does not come back too early.
constexpr std::int64_t to_ms_ceil(Nanos duration) {
  return duration <= 0 ? 0 : (duration - 1) / kMillisecond + 1;
}
constexpr Nanos from_ms(std::int64_t ms) {
  return ms > kNever / kMillisecond ? kNever : ms * kMillisecond;
}
constexpr Nanos saturating_add(Nanos instant, Nanos duration) {
  return duration > 0 && instant > kNever - duration ? kNever : instant + duration;
}

// Go's duration text: "1s", "6m0s", "7m12s", "12ms", "2m59.56s", "1h2m3s", "5µs". The whole text
// must match; negative, empty, or above ten years: nothing.
std::optional<Nanos> parse_go_duration(std::string_view text);
// "30", "30.5", "1e3": seconds. Negative, NaN, infinite, above ten years: nothing.
std::optional<Nanos> parse_seconds(std::string_view text);
// From the front of a sentence: "7m12s", "56.18s", "60 seconds", "1 hour and 5 minutes"; a bare
// number before punctuation means seconds. Moves `text` behind what it read; nothing, and `text`
// unmoved, if there is no duration.
std::optional<Nanos> take_spoken_duration(std::string_view& text);

}  // namespace holysheep
