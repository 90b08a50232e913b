// The document's price list and the arithmetic of cost. One price a model: the document does not
// tell input, output and cached tokens apart.
#include "core/price.h"

#include <array>
#include <limits>

#include "core/headers.h"

namespace holysheep {
namespace {

constexpr NanoUsd kDollar = 1'000'000'000;
// What a price is of.
constexpr int kTokens = 1'000'000;

__extension__ using Wide = unsigned __int128;

struct ListedModel {
  std::string_view name;  // words of letters and digits, one hyphen between two
  NanoUsd per_million;
};

constexpr std::array<ListedModel, 4> kDocumentModels = {
    {{"gpt-4-1", 8 * kDollar},
     {"claude-sonnet-4-5", 15 * kDollar},
     {"gemini-2-5-flash", 2 * kDollar + kDollar / 2},
     {"deepseek-v3-2", kDollar / 100 * 42}}};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_word(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// The next word of a model's name, without punctuation; "" at the end.
std::string_view take_word(std::string_view& text) {
  while (!text.empty() && !is_word(text.front()))
    text.remove_prefix(1);
  std::size_t length = 0;
  while (length < text.size() && is_word(text[length]))
    ++length;
  const std::string_view word = text.substr(0, length);
  text.remove_prefix(length);
  return word;
}

bool all_digits(std::string_view text) {
  for (const char c : text) {
    if (!is_digit(c)) return false;
  }
  return !text.empty();
}

// "2025-04-14", "20250929", "0414", "001", "v1", "latest". Other words ("mini", "lite", "preview")
// and short numbers ("5.1") name another model.
bool is_version_suffix(std::string_view rest) {
  std::string_view word = take_word(rest);
  if (word.empty()) return true;
  const bool version = (word.front() == 'v' || word.front() == 'V') && all_digits(word.substr(1));
  const bool number = word.size() >= 3 && all_digits(word);
  if (!version && !number && !equals_ignore_case(word, "latest")) return false;
  for (word = take_word(rest); !word.empty(); word = take_word(rest)) {
    if (!all_digits(word)) return false;
  }
  return true;
}

bool matches(std::string_view listed, std::string_view model) {
  for (std::string_view word = take_word(listed); !word.empty(); word = take_word(listed)) {
    if (!equals_ignore_case(word, take_word(model))) return false;
  }
  return is_version_suffix(model);
}

bool is_document_host(std::string_view host) {
  constexpr std::string_view kDomain = "holysheep.ai";
  host = host.substr(0, host.find(':'));
  if (!host.empty() && host.back() == '.') host.remove_suffix(1);
  if (host.size() < kDomain.size()) return false;
  const std::size_t before = host.size() - kDomain.size();
  return equals_ignore_case(host.substr(before), kDomain) &&
         (before == 0 || host[before - 1] == '.');
}

// At most 2^126: three of them can be added.
Wide product(NanoUsd price, std::int64_t tokens) {
  return static_cast<Wide>(price < 0 ? 0 : price) * static_cast<Wide>(tokens);
}

std::int64_t at_least_zero(std::int64_t value) {
  return value < 0 ? 0 : value;
}

}  // namespace

bool has_document_prices(std::string_view host) {
  return is_document_host(host);
}

std::optional<Price> document_price(std::string_view host, std::string_view model) {
  if (!is_document_host(host)) return std::nullopt;
  for (const ListedModel& listed : kDocumentModels) {
    if (matches(listed.name, model)) {
      return Price{listed.per_million, listed.per_million, listed.per_million};
    }
  }
  return std::nullopt;
}

std::optional<NanoUsd> cost_of(const Price& price, const Usage& usage) {
  if (!usage.known()) return std::nullopt;
  const std::int64_t input = at_least_zero(usage.input);
  const std::int64_t reported = at_least_zero(usage.cached);
  const std::int64_t cached = reported < input ? reported : input;
  const Wide sum = product(price.input, input - cached) + product(price.cached, cached) +
                   product(price.output, at_least_zero(usage.output));
  constexpr NanoUsd kGreatest = std::numeric_limits<NanoUsd>::max();
  const Wide cost = (sum + kTokens / 2) / kTokens;
  return cost > static_cast<Wide>(kGreatest) ? kGreatest : static_cast<NanoUsd>(cost);
}

}  // namespace holysheep
