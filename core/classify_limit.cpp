// Which limit an answer speaks of, its numbers, and when it ends.
//
// One departure from the order of ALGORITHMS 3.7: for the *dimension* a message that names its
// limit ("(RPD)", "token rate limit") comes before the header whose remaining count is 0: several
// counts can be 0 at once, and only one limit refused this request. For the hint, too, a message
// comes before a reset: it says when this request fits, the reset when the bucket is full.
#include <algorithm>
#include <charconv>
#include <string>

#include "core/calendar.h"
#include "core/classify_reading.h"

namespace holysheep {
namespace {

// A limit whose wait is an hour or more is counted over a day, whatever the text calls it.
constexpr Nanos kDailyWait = kHour;

// google.rpc.QuotaFailure may name several limits at once: the one that lasts longest counts.
const QuotaViolation* worst_violation(const ErrorBody& body) {
  const QuotaViolation* worst = nullptr;
  for (std::size_t i = 0; i < body.violations_size; ++i) {
    const QuotaViolation& violation = body.violations[i];
    if (worst == nullptr || (is_daily(dimension_of_name(violation.id, false)) &&
                             !is_daily(dimension_of_name(worst->id, false)))) {
      worst = &violation;
    }
  }
  return worst;
}

LimitDimension find_dimension(const Reading& reading, const Decision& decision) {
  if (decision.rule != nullptr && decision.rule->dimension != LimitDimension::unknown) {
    return decision.rule->dimension;
  }
  if (const QuotaViolation* const violation = worst_violation(reading.body)) {
    return dimension_of_name(violation->id, false);
  }
  LimitDimension dimension = dimension_of_name(reading.headers.policy_id, false);
  if (dimension != LimitDimension::unknown) return dimension;
  dimension = dimension_in_text(reading.text);
  if (dimension != LimitDimension::unknown) return dimension;
  if (const auto& exhausted = reading.exhausted()) {
    // Groq counts requests by the day under OpenAI's name for those of a minute: its reset tells.
    const bool daily = exhausted->reset.value_or(0) >= kDailyWait;
    dimension = dimension_of_name(exhausted->name, daily);
    if (dimension != LimitDimension::unknown) return dimension;
  }
  if (reading.body.type == "tokens") return LimitDimension::tpm;
  if (reading.body.type == "requests") return LimitDimension::rpm;
  return LimitDimension::unknown;
}

std::int64_t count_or(std::string_view text, std::int64_t fallback) {
  std::int64_t number = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = end.ec == std::errc() && end.ptr == text.data() + text.size();
  return whole && number >= 0 ? number : fallback;
}

void fill_numbers(const Reading& reading, Classification& result) {
  const LimitNumbers numbers = numbers_in_text(reading.text);
  result.limit = numbers.limit;
  result.used = numbers.used;
  result.requested = numbers.requested;
  if (const QuotaViolation* const violation = worst_violation(reading.body)) {
    result.limit = count_or(violation->value, result.limit);
  }
  if (result.limit < 0) result.limit = count_or(reading.body.header_limit.view(), -1);
  if (result.limit < 0 && reading.exhausted()) result.limit = reading.exhausted()->limit;
}

std::optional<Nanos> typed_wait(const Reading& reading) {
  const ErrorBody& body = reading.body;
  const Nanos now = reading.headers.server_now;
  if (const auto wait = parse_wait(body.retry_after.view(), now)) return wait;
  if (const auto wait = parse_wait(body.resets_at.view(), now)) return wait;
  const std::string_view remaining = body.header_remaining.view();
  if (!remaining.empty() && remaining != "0") return std::nullopt;
  return parse_wait(body.header_reset.view(), now);
}

// Anthropic: "You will regain access on 2026-02-01 at 00:00 UTC."
std::optional<Nanos> wait_until_date(const Reading& reading) {
  constexpr std::string_view kAnchor = "regain access on ";
  const std::string_view text = reading.text.view();
  const std::size_t at = text.find(kAnchor);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string date(text.substr(at + kAnchor.size(), 10));
  return parse_wait(date + "T00:00:00Z", reading.headers.server_now);
}

Nanos wait_until_reset(Reset reset, Nanos now) {
  switch (reset) {
    case Reset::utc_day:
      return next_utc_midnight(now) - now;
    case Reset::utc_month:
      return next_utc_month(now) - now;
    case Reset::pacific_day:
      return next_pacific_midnight(now) - now;
    case Reset::none:
      break;
  }
  return 0;
}

// The provider's word first, then what is exact, then what is too late rather than too early.
std::optional<Hint> find_hint(const Reading& reading, const Decision& decision) {
  if (reading.headers.retry_after) return Hint{*reading.headers.retry_after, false};
  if (const auto wait = typed_wait(reading)) return Hint{*wait, false};
  if (decision.verdict == Verdict::server_error || decision.verdict == Verdict::transient) {
    return std::nullopt;
  }
  if (const auto hint = retry_after_from_text(reading.text)) return hint;
  if (decision.verdict == Verdict::quota_exhausted) {
    if (const auto wait = wait_until_date(reading)) return Hint{*wait, true};
  }
  if (decision.verdict == Verdict::rate_limited && reading.exhausted() &&
      reading.exhausted()->reset) {
    return Hint{*reading.exhausted()->reset, false};
  }
  if (decision.rule == nullptr || decision.rule->reset == Reset::none) return std::nullopt;
  return Hint{wait_until_reset(decision.rule->reset, reading.headers.server_now), true};
}

void settle_days(const Reading& reading, Classification& result) {
  // Gemini's days end at midnight Pacific, whatever wait it names for its minutes.
  const QuotaViolation* const violation = worst_violation(reading.body);
  if (violation != nullptr && is_daily(dimension_of_name(violation->id, false))) {
    const Nanos midnight = wait_until_reset(Reset::pacific_day, reading.headers.server_now);
    result.hint = Hint{std::max(midnight, result.hint ? result.hint->wait : 0), true};
  }
  if (!result.hint) return;
  if (result.hint->daily || result.hint->wait >= kDailyWait) {
    result.dimension = daily_form(result.dimension);
  }
  if (is_daily(result.dimension) || result.verdict == Verdict::quota_exhausted) {
    result.hint->daily = true;
  }
}

}  // namespace

void fill_limit(const Reading& reading, const Decision& decision, Classification& result) {
  fill_numbers(reading, result);
  result.dimension = find_dimension(reading, decision);
  if (result.verdict == Verdict::rate_limited && result.limit == 0) {
    // Gemini: this tier does not have the model at all.
    result.verdict = Verdict::quota_exhausted;
    result.rule = "limit: 0";
  }
  if (result.verdict == Verdict::rate_limited && result.limit > 0 &&
      result.requested > result.limit) {
    result.verdict = Verdict::too_large;
    result.rule = "requested above limit";
  }
}

void fill_hint(const Reading& reading, const Decision& decision, Classification& result) {
  switch (result.verdict) {
    case Verdict::rate_limited:
    case Verdict::quota_exhausted:
    case Verdict::overloaded:
    case Verdict::server_error:
    case Verdict::transient:
      break;
    default:
      return;
  }
  result.hint = find_hint(reading, decision);
  if (result.verdict == Verdict::rate_limited || result.verdict == Verdict::quota_exhausted) {
    settle_days(reading, result);
  }
}

// "prompt is too long: 205351 tokens > 200000 maximum", and llama.cpp's fields.
void fill_context(const Reading& reading, Classification& result) {
  result.requested = reading.body.prompt_tokens;
  result.limit = reading.body.context_tokens;
  const std::string_view text = reading.text.view();
  constexpr std::string_view kBetween = " tokens > ";
  const std::size_t at = text.find(kBetween);
  if (result.limit >= 0 || at == std::string_view::npos) return;
  const std::size_t begin = text.find_last_not_of("0123456789", at - 1) + 1;
  const std::string_view behind = text.substr(at + kBetween.size());
  result.requested = count_or(text.substr(begin, at - begin), -1);
  result.limit = count_or(behind.substr(0, behind.find_first_not_of("0123456789")), -1);
}

}  // namespace holysheep
