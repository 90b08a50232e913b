// Decimal numbers, exactly: money never passes through floating point.
#pragma once

#include <string_view>

#include "core/price.h"
#include "core/result.h"

namespace holysheep {

// A price: "2.50" dollars -> 2'500'000'000 nano-dollars. Digits, one point, an exponent as JSON
// writes it. An error (a complaint without a path) if the text is no such number, is negative, too
// large, or no whole number of nano-dollars.
Result<NanoUsd> nano_dollars_per_million(std::string_view dollars_per_million);
// An amount, by the same rules.
Result<NanoUsd> nano_dollars(std::string_view dollars);

}  // namespace holysheep
