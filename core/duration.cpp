// Parsers of the time texts that providers send. Decimal arithmetic on integers: "41.724s" is
// exactly 41,724,000,000 ns, and no locale can change what a point means.
#include "core/duration.h"

#include <array>

#include "core/headers.h"

namespace holysheep {
namespace {

// A longer wait is a mistake of the sender ("1e100"), not a wait.
constexpr Nanos kLongest = 10 * 366 * kDay;
// 16 digits times 864 (a day) fit into 64 bits, and give every accepted value to the nanosecond.
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

// "e3", "E-2": all of `text`.
bool take_exponent(std::string_view text, Decimal& decimal) {
  if (text.front() != 'e' && text.front() != 'E') return false;
  text.remove_prefix(1);
  const bool negative = text.substr(0, 1) == "-";
  if (negative || text.substr(0, 1) == "+") text.remove_prefix(1);
  if (text.empty() || text.size() > 3) return false;
  int exponent = 0;
  for (const char c : text) {
    if (!is_digit(c)) return false;
    exponent = exponent * 10 + (c - '0');
  }
  decimal.exponent += negative ? -exponent : exponent;
  return true;
}

struct SpokenUnit {
  std::string_view name;
  Unit unit;
};

constexpr Unit kMilliseconds = {"ms", 1, 6};
constexpr Unit kMinutes = {"m", 6, 10};
constexpr Unit kHours = {"h", 36, 11};
constexpr Unit kDays = {"d", 864, 11};
constexpr std::array<SpokenUnit, 19> kSpokenUnits = {{{"s", kSeconds},
                                                      {"ms", kMilliseconds},
                                                      {"m", kMinutes},
                                                      {"h", kHours},
                                                      {"d", kDays},
                                                      {"second", kSeconds},
                                                      {"seconds", kSeconds},
                                                      {"sec", kSeconds},
                                                      {"secs", kSeconds},
                                                      {"minute", kMinutes},
                                                      {"minutes", kMinutes},
                                                      {"min", kMinutes},
                                                      {"mins", kMinutes},
                                                      {"hour", kHours},
                                                      {"hours", kHours},
                                                      {"day", kDays},
                                                      {"days", kDays},
                                                      {"millisecond", kMilliseconds},
                                                      {"milliseconds", kMilliseconds}}};

const Unit* find_spoken_unit(std::string_view word) {
  for (const SpokenUnit& spoken : kSpokenUnits) {
    if (equals_ignore_case(spoken.name, word)) return &spoken.unit;
  }
  return nullptr;
}

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

void skip(std::string_view& text, std::string_view literal) {
  if (text.substr(0, literal.size()) == literal) text.remove_prefix(literal.size());
}

// One number with its unit; the unit of a bare number is the second, if nothing but punctuation
// follows ("retry after 30.").
std::optional<Nanos> take_spoken_part(std::string_view& text, bool bare_allowed) {
  std::string_view rest = text;
  const std::optional<Decimal> decimal = take_decimal(rest);
  if (!decimal) return std::nullopt;
  const std::string_view behind = rest;
  skip(rest, " ");
  std::size_t length = 0;
  while (length < rest.size() && is_letter(rest[length]))
    ++length;
  if (length == 0) {
    const bool ends = behind.empty() || behind.front() == '.' || behind.front() == ',' ||
                      behind.front() == ';' || behind.front() == ')';
    if (!bare_allowed || !ends) return std::nullopt;
    text = behind;
    return scale(*decimal, kSeconds);
  }
  const Unit* const unit = find_spoken_unit(rest.substr(0, length));
  if (unit == nullptr) return std::nullopt;
  text = rest.substr(length);
  return scale(*decimal, *unit);
}

// "1 day, 2 hours, 3 minutes and 4 seconds" is the longest text that makes sense.
constexpr int kSpokenPartsMax = 5;

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
  if (!text.empty() && !take_exponent(text, *decimal)) return std::nullopt;
  return scale(*decimal, kSeconds);
}

std::optional<Nanos> take_spoken_duration(std::string_view& text) {
  std::string_view rest = text;
  const std::optional<Nanos> first = take_spoken_part(rest, true);
  if (!first) return std::nullopt;
  Nanos total = *first;
  for (int parts = 1; parts < kSpokenPartsMax; ++parts) {
    std::string_view next = rest;
    skip(next, ",");
    skip(next, " ");
    skip(next, "and ");
    const std::optional<Nanos> part = take_spoken_part(next, false);
    if (!part) break;
    total += *part;  // each is at most kLongest
    rest = next;
  }
  if (total > kLongest) return std::nullopt;
  text = rest;
  return total;
}

}  // namespace holysheep
