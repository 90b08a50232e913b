#include "core/decimal.h"

#include <charconv>
#include <string>

namespace holysheep {
namespace {

// A million dollars per million tokens: more is a mistake in the unit.
constexpr NanoUsd kPriceMax = 1'000'000'000;
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

}  // namespace

Result<NanoUsd> nano_dollars_per_token(std::string_view dollars_per_million) {
  constexpr std::size_t kTextMax = 40;
  Decimal decimal;
  if (dollars_per_million.size() > kTextMax || !read_decimal(dollars_per_million, decimal)) {
    return Error{Status::config,
                 "expected dollars per million tokens, as in \"2.50\", not negative"};
  }
  // Dollars per million tokens are 10^9 / 10^6 = 1,000 nano-dollars per token.
  decimal.exponent += 3;
  while (decimal.exponent < 0 && !decimal.digits.empty() && decimal.digits.back() == '0') {
    decimal.digits.pop_back();
    ++decimal.exponent;
  }
  const std::size_t first = decimal.digits.find_first_not_of('0');
  if (first == std::string::npos) return NanoUsd{0};
  if (decimal.exponent < 0) {
    return Error{Status::config,
                 "is no whole number of nano-dollars per token: at most three decimals of a "
                 "dollar per million tokens"};
  }
  NanoUsd price = 0;
  const std::string digits =
      decimal.digits.substr(first) + std::string(static_cast<std::size_t>(decimal.exponent), '0');
  for (const char c : digits) {
    price = price * 10 + (c - '0');
    if (price > kPriceMax) {
      return Error{Status::config, "is more than a million dollars per million tokens"};
    }
  }
  return price;
}

}  // namespace holysheep
