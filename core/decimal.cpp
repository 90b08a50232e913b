#include "core/decimal.h"

#include <charconv>
#include <string>

namespace holysheep {
namespace {

// A million dollars per million tokens: more is a mistake in the unit.
constexpr NanoUsd kPriceMax = 1'000'000'000'000'000;
// A billion dollars.
constexpr NanoUsd kAmountMax = 1'000'000'000'000'000'000;
constexpr int kExponentMax = 30;  // keeps the arithmetic below far from overflow

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Digits and where the point stands behind them: value = digits · 10^exponent.
struct Decimal {
  std::string digits;
  int exponent = 0;
};

bool read_decimal(std::string_view text, Decimal& out) {
  std::size_t at = 0;
  bool any = false;
  for (; at < text.size() && is_digit(text[at]); ++at, any = true)
    out.digits += text[at];
  if (at < text.size() && text[at] == '.') {
    for (++at; at < text.size() && is_digit(text[at]); ++at, any = true) {
      out.digits += text[at];
      --out.exponent;
    }
  }
  if (!any) return false;
  if (at == text.size()) return true;
  if (text[at] != 'e' && text[at] != 'E') return false;
  ++at;
  if (at < text.size() && text[at] == '+') ++at;
  int exponent = 0;
  const auto [last, code] = std::from_chars(text.data() + at, text.data() + text.size(), exponent);
  if (code != std::errc() || last != text.data() + text.size()) return false;
  if (exponent > kExponentMax || exponent < -kExponentMax) return false;
  out.exponent += exponent;
  return true;
}

// How a decimal of some unit becomes an integer, and what is said when it does not.
struct Scale {
  int exponent;  // of ten: nano-dollars in one of the unit
  NanoUsd most;
  std::string_view expected;
  std::string_view too_fine;
  std::string_view too_large;
};

Result<NanoUsd> scaled(std::string_view text, const Scale& scale) {
  constexpr std::size_t kTextMax = 40;
  const auto complaint = [](std::string_view message) {
    return Error{Status::config, std::string(message)};
  };
  Decimal decimal;
  if (text.size() > kTextMax || !read_decimal(text, decimal)) return complaint(scale.expected);
  decimal.exponent += scale.exponent;
  while (decimal.exponent < 0 && !decimal.digits.empty() && decimal.digits.back() == '0') {
    decimal.digits.pop_back();
    ++decimal.exponent;
  }
  const std::size_t first = decimal.digits.find_first_not_of('0');
  if (first == std::string::npos) return NanoUsd{0};
  if (decimal.exponent < 0) return complaint(scale.too_fine);
  NanoUsd amount = 0;
  const std::string digits =
      decimal.digits.substr(first) + std::string(static_cast<std::size_t>(decimal.exponent), '0');
  for (const char c : digits) {
    if (amount > scale.most / 10) return complaint(scale.too_large);
    amount = amount * 10 + (c - '0');
    if (amount > scale.most) return complaint(scale.too_large);
  }
  return amount;
}

}  // namespace

Result<NanoUsd> nano_dollars_per_million(std::string_view dollars_per_million) {
  return scaled(
      dollars_per_million,
      {9, kPriceMax, "expected dollars per million tokens, as in \"2.50\", not negative",
       "has more than nine decimals", "is more than a million dollars per million tokens"});
}

Result<NanoUsd> nano_dollars(std::string_view dollars) {
  return scaled(dollars, {9, kAmountMax, "expected dollars, as in \"2.50\", not negative",
                          "has more than nine decimals", "is more than a billion dollars"});
}

}  // namespace holysheep
