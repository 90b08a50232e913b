// What tokens cost. Money is integer nano-dollars (1e-9 USD): never floating point.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "core/dialect.h"

namespace holysheep {

using NanoUsd = std::int64_t;

// Of a million tokens, in nano-dollars: $8 are 8'000'000'000. A token by itself may cost less than
// one.
struct Price {
  NanoUsd input = 0;
  NanoUsd output = 0;
  NanoUsd cached = 0;  // of cached input tokens
};

// The document's four models (GPT-4.1 8 $, Claude Sonnet 4.5 15 $, Gemini 2.5 Flash 2.50 $,
// DeepSeek V3.2 0.42 $ per million), valid for its own hosts (*.holysheep.ai) only; names are
// matched without regard to case, to punctuation between words and to a date or version suffix.
std::optional<Price> document_price(std::string_view host, std::string_view model);

// Whether it is one of those hosts.
bool has_document_prices(std::string_view host);

// Rounded to whole nano-dollars, once. Nothing if usage is not known. Saturates.
std::optional<NanoUsd> cost_of(const Price& price, const Usage& usage);

}  // namespace holysheep
