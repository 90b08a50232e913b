#include "core/limit_text.h"

#include <algorithm>

#include "core/fold.h"

namespace holysheep {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// "limit 30000", "limit: 60.000000", "current: 70": the whole part of the first number behind
// `word`.
std::int64_t number_behind(const FoldedText& folded, std::string_view word) {
  if (!folded.contains(word)) return -1;
  const std::string_view text = folded.view();
  constexpr std::int64_t kGreatest = 1'000'000'000'000'000;  // no limit has more digits
  for (std::size_t at = text.find(word); at != std::string_view::npos;
       at = text.find(word, at + word.size())) {
    std::size_t i = at + word.size();
    while (i < text.size() && (text[i] == ' ' || text[i] == ':'))
      ++i;
    if (i == at + word.size() || i == text.size() || !is_digit(text[i])) continue;
    std::int64_t number = 0;
    for (; i < text.size() && is_digit(text[i]); ++i) {
      if (number < kGreatest) number = number * 10 + (text[i] - '0');
    }
    const bool fraction = i + 1 < text.size() && text[i] == '.' && is_digit(text[i + 1]);
    if (number == 0 && fraction) continue;  // "limit: 0.5" is not the limit 0
    return number;
  }
  return -1;
}

struct Phrase {
  std::string_view text;
  LimitDimension dimension;
};

// What OpenAI, Azure and Groq put into brackets.
constexpr std::array<Phrase, 7> kAbbreviations = {{{"(rpm)", LimitDimension::rpm},
                                                   {"(tpm)", LimitDimension::tpm},
                                                   {"(rpd)", LimitDimension::rpd},
                                                   {"(tpd)", LimitDimension::tpd},
                                                   {"(itpm)", LimitDimension::tpm},
                                                   {"(otpm)", LimitDimension::tpm},
                                                   {"(rps)", LimitDimension::rpm}}};

// Ordered: the first that is found decides.
constexpr std::array<Phrase, 17> kPhrases = {{{"free-models-per-day", LimitDimension::rpd},
                                              {"free-models-per-min", LimitDimension::rpm},
                                              {"concurren", LimitDimension::concurrency},
                                              {"parallel requests", LimitDimension::concurrency},
                                              {"requests per day", LimitDimension::rpd},
                                              {"tokens per day", LimitDimension::tpd},
                                              {"requests per min", LimitDimension::rpm},
                                              {"requests per sec", LimitDimension::rpm},
                                              {"tokens per min", LimitDimension::tpm},
                                              {"tokens_usage_based per min", LimitDimension::tpm},
                                              {"token rate limit", LimitDimension::tpm},
                                              {"call rate limit", LimitDimension::rpm},
                                              {"requests rate limit", LimitDimension::rpm},
                                              {"number of request tokens", LimitDimension::tpm},
                                              {"number of requests", LimitDimension::rpm},
                                              {"per day", LimitDimension::rpd},
                                              {"daily", LimitDimension::rpd}}};

bool contains_ignore_case(std::string_view text, std::string_view lower_case) {
  const auto same = [](char left, char right) { return lower(left) == right; };
  return std::search(text.begin(), text.end(), lower_case.begin(), lower_case.end(), same) !=
         text.end();
}

}  // namespace

FoldedText::FoldedText(std::string_view text) : size_(std::min(text.size(), kBytesMax)) {
  fold(text.substr(0, size_), text_.data());
  for (std::size_t i = 1; i < size_; ++i)
    pairs_[pair(text_[i - 1], text_[i])] = true;
}

bool FoldedText::contains(std::string_view lower_case) const {
  const std::size_t size = lower_case.size();
  if (!has_pair(lower_case[0], lower_case[1]) ||
      !has_pair(lower_case[size - 2], lower_case[size - 1]) ||
      !has_pair(lower_case[size / 2 - 1], lower_case[size / 2]) ||
      !has_pair(lower_case[size / 3], lower_case[size / 3 + 1])) {
    return false;
  }
  return view().find(lower_case) != std::string_view::npos;
}

LimitNumbers numbers_in_text(const FoldedText& text) {
  LimitNumbers numbers;
  numbers.limit = number_behind(text, "limit");
  if (numbers.limit < 0) return numbers;
  numbers.used = number_behind(text, "used");
  if (numbers.used < 0) numbers.used = number_behind(text, "current");
  numbers.requested = number_behind(text, "requested");
  return numbers;
}

LimitDimension dimension_in_text(const FoldedText& folded) {
  const std::string_view text = folded.view();
  for (std::size_t at = text.find('('); at != std::string_view::npos; at = text.find('(', at + 1)) {
    for (const Phrase& abbreviation : kAbbreviations) {
      if (text.substr(at, abbreviation.text.size()) == abbreviation.text) {
        return abbreviation.dimension;
      }
    }
  }
  for (const Phrase& phrase : kPhrases) {
    if (folded.contains(phrase.text)) return phrase.dimension;
  }
  return LimitDimension::unknown;
}

LimitDimension dimension_of_name(std::string_view name, bool daily) {
  if (contains_ignore_case(name, "concurrent")) return LimitDimension::concurrency;
  const bool day =
      daily || contains_ignore_case(name, "day") || contains_ignore_case(name, "daily");
  if (contains_ignore_case(name, "token")) return day ? LimitDimension::tpd : LimitDimension::tpm;
  if (contains_ignore_case(name, "req") || contains_ignore_case(name, "call")) {
    return day ? LimitDimension::rpd : LimitDimension::rpm;
  }
  return LimitDimension::unknown;
}

bool is_daily(LimitDimension dimension) {
  return dimension == LimitDimension::rpd || dimension == LimitDimension::tpd;
}

LimitDimension daily_form(LimitDimension dimension) {
  switch (dimension) {
    case LimitDimension::rpm:
      return LimitDimension::rpd;
    case LimitDimension::tpm:
      return LimitDimension::tpd;
    default:
      return dimension;
  }
}

}  // namespace holysheep
