// Parsers of the time texts that providers send. Decimal arithmetic on integers: "41.724s" is
// exactly 41,724,000,000 ns, and no locale can change what a point means.
#include "core/duration.h"

#include <array>

#include "core/calendar.h"
#include "core/headers.h"

namespace holysheep {
namespace {

// A longer wait is a mistake of the sender ("1e100"), not a wait.
constexpr Nanos kLongest = 10 * 366 * kDay;
// 16 digits times 36 (an hour) fit into 64 bits, and give every accepted value to the nanosecond.
constexpr int kDigitsMax = 16;
constexpr int kExponentMax = 99;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// mantissa · 10^exponent
struct Decimal {
  std::int64_t mantissa = 0;
  int exponent = 0;
};

// Reads digits with at most one point from the front of `text`; nothing if there is no digit.
std::optional<Decimal> take_decimal(std::string_view& text) {
  Decimal decimal;
  int digits = 0;
  bool point = false;
  bool any = false;
  std::size_t i = 0;
  for (; i < text.size(); ++i) {
    if (text[i] == '.' && !point) {
      point = true;
      continue;
    }
    if (!is_digit(text[i])) break;
    any = true;
    if (digits < kDigitsMax) {
      decimal.mantissa = decimal.mantissa * 10 + (text[i] - '0');
      if (decimal.mantissa != 0) ++digits;
      if (point && decimal.exponent > -kExponentMax) --decimal.exponent;
    } else if (!point && decimal.exponent < kExponentMax) {
      ++decimal.exponent;
    }
  }
  if (!any) return std::nullopt;
  text.remove_prefix(i);
  return decimal;
}

// A unit is factor · 10^exponent nanoseconds.
struct Unit {
  std::string_view name;
  std::int64_t factor;
  int exponent;
};

constexpr Unit kSeconds = {"s", 1, 9};
constexpr std::array<Unit, 8> kUnits = {{{"ns", 1, 0},
                                         {"us", 1, 3},
                                         {"\xC2\xB5s", 1, 3},  // U+00B5
                                         {"\xCE\xBCs", 1, 3},  // U+03BC
                                         {"ms", 1, 6},         // before "m"
                                         kSeconds,
                                         {"m", 6, 10},
                                         {"h", 36, 11}}};

// Cut (not rounded) to whole nanoseconds; nothing above kLongest.
std::optional<Nanos> scale(const Decimal& decimal, const Unit& unit) {
  std::int64_t product = decimal.mantissa * unit.factor;
  int exponent = decimal.exponent + unit.exponent;
  for (; exponent < 0 && product > 0; ++exponent)
    product /= 10;
  for (; exponent > 0 && product > 0; --exponent) {
    if (product > kLongest) return std::nullopt;
    product *= 10;
  }
  if (product > kLongest) return std::nullopt;
  return product;
}

const Unit* take_unit(std::string_view& text) {
  for (const Unit& unit : kUnits) {
    if (text.substr(0, unit.name.size()) == unit.name) {
      text.remove_prefix(unit.name.size());
      return &unit;
    }
  }
  return nullptr;
}

// Exactly `width` digits, or `least` … `width` of them.
bool take_number(std::string_view& text, std::size_t least, std::size_t width, int& number) {
  std::size_t i = 0;
  number = 0;
  for (; i < width && i < text.size() && is_digit(text[i]); ++i) {
    number = number * 10 + (text[i] - '0');
  }
  if (i < least) return false;
  text.remove_prefix(i);
  return true;
}

bool take(std::string_view& text, std::string_view literal) {
  if (text.substr(0, literal.size()) != literal) return false;
  text.remove_prefix(literal.size());
  return true;
}

bool take_month(std::string_view& text, int& month) {
  constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  const std::string_view name = text.substr(0, 3);
  for (int i = 0; i < 12; ++i) {
    if (equals_ignore_case(name, kMonths.substr(static_cast<std::size_t>(i) * 3, 3))) {
      month = i + 1;
      text.remove_prefix(3);
      return true;
    }
  }
  return false;
}

struct TimeOfDay {
  int hour = 0;
  int minute = 0;
  int second = 0;
};

bool take_time(std::string_view& text, TimeOfDay& time) {
  return take_number(text, 2, 2, time.hour) && take(text, ":") &&
         take_number(text, 2, 2, time.minute) && take(text, ":") &&
         take_number(text, 2, 2, time.second);
}

// Years that nanoseconds in 64 bits can hold, and that an answer can name.
constexpr int kYearMin = 1970;
constexpr int kYearMax = 2261;

std::optional<Nanos> instant(int year, int month, int day, const TimeOfDay& time) {
  if (year < kYearMin || year > kYearMax || month < 1 || month > 12 || day < 1 ||
      day > days_in_month(year, month) || time.hour > 23 || time.minute > 59 || time.second > 60) {
    return std::nullopt;
  }
  return days_from_civil({year, month, day}) * kDay + time.hour * kHour + time.minute * kMinute +
         time.second * kSecond;
}

// "06 Nov 1994 08:49:37 GMT" and "06-Nov-94 08:49:37 GMT", behind the weekday.
std::optional<Nanos> parse_fixed_date(std::string_view text) {
  int day = 0;
  int month = 0;
  int year = 0;
  TimeOfDay time;
  if (!take(text, " ") || !take_number(text, 2, 2, day)) return std::nullopt;
  const bool obsolete = take(text, "-");
  if (!obsolete && !take(text, " ")) return std::nullopt;
  if (!take_month(text, month) || !take(text, obsolete ? "-" : " ")) return std::nullopt;
  const std::size_t width = obsolete ? 2 : 4;
  if (!take_number(text, width, width, year) || !take(text, " ") || !take_time(text, time) ||
      text != " GMT") {
    return std::nullopt;
  }
  // Two digits: nothing is dated before 1970 here.
  if (obsolete) year += year >= 70 ? 1900 : 2000;
  return instant(year, month, day, time);
}

// " Nov  6 08:49:37 1994", behind the weekday.
std::optional<Nanos> parse_asctime_date(std::string_view text) {
  int day = 0;
  int month = 0;
  int year = 0;
  TimeOfDay time;
  if (!take(text, " ") || !take_month(text, month) || !take(text, " ")) return std::nullopt;
  take(text, " ");
  if (!take_number(text, 1, 2, day) || !take(text, " ") || !take_time(text, time) ||
      !take(text, " ") || !take_number(text, 4, 4, year) || !text.empty()) {
    return std::nullopt;
  }
  return instant(year, month, day, time);
}

// "Z" or "+02:00", and nothing behind it.
std::optional<Nanos> parse_offset(std::string_view text) {
  if (equals_ignore_case(text, "Z")) return 0;
  const bool west = take(text, "-");
  if (!west && !take(text, "+")) return std::nullopt;
  int hours = 0;
  int minutes = 0;
  if (!take_number(text, 2, 2, hours) || !take(text, ":") || !take_number(text, 2, 2, minutes) ||
      !text.empty() || hours > 23 || minutes > 59) {
    return std::nullopt;
  }
  const Nanos offset = hours * kHour + minutes * kMinute;
  return west ? -offset : offset;
}

}  // namespace

std::optional<Nanos> parse_go_duration(std::string_view text) {
  if (text == "0") return 0;
  if (text.empty()) return std::nullopt;
  Nanos total = 0;
  while (!text.empty()) {
    const std::optional<Decimal> decimal = take_decimal(text);
    if (!decimal) return std::nullopt;
    const Unit* const unit = take_unit(text);
    if (!unit) return std::nullopt;
    const std::optional<Nanos> part = scale(*decimal, *unit);
    if (!part) return std::nullopt;
    total += *part;  // both are at most kLongest
    if (total > kLongest) return std::nullopt;
  }
  return total;
}

std::optional<Nanos> parse_seconds(std::string_view text) {
  std::optional<Decimal> decimal = take_decimal(text);
  if (!decimal) return std::nullopt;
  if (take(text, "e") || take(text, "E")) {
    const bool negative = take(text, "-");
    if (!negative) take(text, "+");
    int exponent = 0;
    if (!take_number(text, 1, 3, exponent)) return std::nullopt;
    decimal->exponent += negative ? -exponent : exponent;
  }
  if (!text.empty()) return std::nullopt;
  return scale(*decimal, kSeconds);
}

std::optional<Nanos> parse_rfc3339(std::string_view text) {
  int year = 0;
  int month = 0;
  int day = 0;
  TimeOfDay time;
  if (!take_number(text, 4, 4, year) || !take(text, "-") || !take_number(text, 2, 2, month) ||
      !take(text, "-") || !take_number(text, 2, 2, day) ||
      (!take(text, "T") && !take(text, "t") && !take(text, " ")) || !take_time(text, time)) {
    return std::nullopt;
  }
  Nanos fraction = 0;
  if (text.substr(0, 1) == ".") {
    const std::optional<Decimal> decimal = take_decimal(text);
    if (!decimal) return std::nullopt;
    fraction = scale(*decimal, kSeconds).value_or(0);
  }
  const std::optional<Nanos> offset = parse_offset(text);
  const std::optional<Nanos> local = instant(year, month, day, time);
  if (!offset || !local) return std::nullopt;
  const Nanos result = *local + fraction - *offset;
  if (result < 0) return std::nullopt;
  return result;
}

std::optional<Nanos> parse_http_date(std::string_view text) {
  std::size_t letters = 0;
  while (letters < text.size() && letters < 9 &&
         ((text[letters] >= 'A' && text[letters] <= 'Z') ||
          (text[letters] >= 'a' && text[letters] <= 'z'))) {
    ++letters;
  }
  if (letters < 3) return std::nullopt;
  text.remove_prefix(letters);
  if (take(text, ",")) return parse_fixed_date(text);
  return letters == 3 ? parse_asctime_date(text) : std::nullopt;
}

}  // namespace holysheep
