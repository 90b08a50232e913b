// Civil time from Unix time, without the C library's time zone data (which reads the environment).
// Proleptic Gregorian; formulas by Howard Hinnant ("chrono-compatible low-level date algorithms").
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/duration.h"

namespace holysheep {

struct CivilDate {
  std::int64_t year = 1970;
  int month = 1;  // 1 … 12
  int day = 1;    // 1 … 31
};

// Days since 1970-01-01.
std::int64_t days_from_civil(const CivilDate& date);
CivilDate civil_from_days(std::int64_t days);
int days_in_month(std::int64_t year, int month);

// RFC 3339 ("2025-08-21T12:40:59Z", with fraction and offset): nanoseconds since 1970.
std::optional<Nanos> parse_rfc3339(std::string_view text);
// The three HTTP-date forms of RFC 9110 5.6.7: nanoseconds since 1970.
std::optional<Nanos> parse_http_date(std::string_view text);

// The instants at which providers give quota back, as nanoseconds since 1970; always after
// `unix_now`. Gemini counts days in Pacific time with the US daylight saving rule of 2007: second
// Sunday of March to first Sunday of November.
Nanos next_pacific_midnight(Nanos unix_now);
// OpenRouter's and others' days.
Nanos next_utc_midnight(Nanos unix_now);
// Anthropic's spend limits.
Nanos next_utc_month(Nanos unix_now);

}  // namespace holysheep
