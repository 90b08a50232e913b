// Walks the tables of classify_rules in the order of ALGORITHMS 3.7: transport, x-should-retry,
// typed fields, error.code, error.type, message patterns within the family found so far, status.
// Then the dimension, the numbers and the hint are looked up for the verdicts that have them.
//
// One departure from that order: for the *dimension* a message that names its limit ("(RPD)",
// "token rate limit") comes before the header whose remaining count is 0, since several counts can
// be 0 at once and only one limit refused this request.
#include "core/classify.h"

#include <algorithm>
#include <charconv>

#include "core/calendar.h"
#include "core/classify_rules.h"
#include "core/error_body.h"
#include "core/limit_text.h"
#include "core/retry_after.h"

namespace holysheep {
namespace {

// A message is for people and logs of the caller; the whole body is an attribute of its own.
constexpr std::size_t kMessageBytesMax = 1024;
constexpr std::size_t kWordBytesMax = 128;  // code, type, param, request_id

// A limit whose wait is an hour or more is counted over a day, whatever the text calls it.
constexpr Nanos kDailyWait = kHour;

constexpr Rule kAvailable = {.text = "availability.retryable", .verdict = Verdict::overloaded};
constexpr Rule kUnavailable = {.text = "availability.retryable",
                               .verdict = Verdict::model_unavailable};
constexpr Rule kAvailableLimited = {.text = "availability.code", .verdict = Verdict::rate_limited};
constexpr Rule kQuotaFailure = {.text = "QuotaFailure", .verdict = Verdict::rate_limited};
constexpr Rule kRetryInfo = {.text = "RetryInfo", .verdict = Verdict::rate_limited};
// OpenRouter again: money that is only reserved says when to come back.
constexpr Rule kPaymentWithRetryAfter = {.text = "status 402 with Retry-After",
                                         .verdict = Verdict::rate_limited};
constexpr Rule kNeverAvailable = {.text = "limit: 0", .verdict = Verdict::quota_exhausted};

std::string cut(std::string_view text, std::size_t bytes_max) {
  if (text.size() > bytes_max) {
    // Not inside of a character: its later bytes are 10xxxxxx.
    while (bytes_max > 0 && (static_cast<unsigned char>(text[bytes_max]) & 0xC0U) == 0x80U) {
      --bytes_max;
    }
    text = text.substr(0, bytes_max);
  }
  return std::string(text);
}

const Rule* find_word(std::span<const Rule> rules, std::string_view word, unsigned status) {
  if (word.empty()) return nullptr;
  for (const Rule& rule : rules) {
    if (rule.text == word && (rule.statuses & status) != 0) return &rule;
  }
  return nullptr;
}

const Rule* find_message(const FoldedText& text, unsigned status) {
  for (const Rule& rule : message_rules()) {
    if ((rule.statuses & status) == 0 || !text.contains(rule.text)) continue;
    if (rule.also.empty() || text.contains(rule.also)) return &rule;
  }
  return nullptr;
}

const Rule* availability_rule(const ErrorBody& body) {
  if (!body.retryable) return nullptr;
  if (!*body.retryable) return &kUnavailable;
  const bool limited = body.availability_code.find("rate_limit") != std::string_view::npos;
  return limited ? &kAvailableLimited : &kAvailable;
}

// Fields made for programs. A family among them may be refined by the message.
const Rule* typed_rule(const ErrorBody& body, unsigned status) {
  if (!body.json) return nullptr;
  if (const Rule* rule = find_word(limit_source_rules(), body.limit_source, status)) return rule;
  if (const Rule* rule = find_word(detail_code_rules(), body.detail_code, status)) return rule;
  if (const Rule* rule = availability_rule(body)) return rule;
  const Rule* const reason = find_word(reason_rules(), body.reason, status);
  if (reason != nullptr && !reason->family) return reason;
  if ((status & (kStatus429 | kStatusUnknown)) != 0) {
    if (body.violations_size > 0) return &kQuotaFailure;
    if (body.retry_info) return &kRetryInfo;
  }
  if (reason != nullptr) return reason;
  if (const Rule* rule = find_word(error_type_rules(), body.error_type, status)) return rule;
  if (const Rule* rule = find_word(code_rules(), body.code.view(), status)) return rule;
  if (const Rule* rule = find_word(type_rules(), body.type, status)) return rule;
  return find_word(status_name_rules(), body.status, status);
}

// What is left when no word of the body means anything.
struct Decision {
  Verdict verdict = Verdict::ok;
  std::string_view name;
  const Rule* rule = nullptr;  // null: the status decided
  bool whole_credential = false;
};

// The status that an error inside of a 200 names itself: a typed number, not one found in a text.
int in_band_status(const ErrorBody& body) {
  int status = 0;
  const std::string_view code = body.code.view();
  const auto end = std::from_chars(code.data(), code.data() + code.size(), status);
  if (end.ec != std::errc() || end.ptr != code.data() + code.size()) return 0;
  return status >= 400 && status <= 599 ? status : 0;
}

// All that was read of one answer.
struct Reading {
  const Outcome& outcome;
  ErrorBody body;
  RetryHeaders headers;
  FoldedText text;
  FoldedText raw;
  int status = 0;

  explicit Reading(const Outcome& from)
      : outcome(from),
        body(from.body),
        text(body.message),
        status(from.in_band ? in_band_status(body) : from.status) {
    headers.server_now = from.unix_now;
    if (from.headers != nullptr && !from.in_band) {
      headers = read_retry_headers(*from.headers, from.unix_now);
    }
  }
};

Decision decide(Reading& reading) {
  const unsigned status = status_set(reading.status);
  const Rule* const typed = typed_rule(reading.body, status);
  if (typed != nullptr && !typed->family) {
    return {typed->verdict, typed->text, typed, typed->whole_credential};
  }
  const bool limited = typed != nullptr && typed->verdict == Verdict::rate_limited;
  const unsigned family = limited ? unsigned{kStatus429} : status;
  const Rule* rule = find_message(reading.text, family);
  // What the upstream said counts for faults of the request only: its limits are not ours.
  constexpr unsigned kRequest = kStatus400 | kStatus413;
  if (rule == nullptr && (family & kRequest) != 0 && !reading.body.raw.empty()) {
    reading.raw = FoldedText(reading.body.raw);
    rule = find_message(reading.raw, family);
  }
  if (rule == nullptr) rule = typed;
  if (rule == nullptr && status == kStatus402 && reading.headers.retry_after) {
    rule = &kPaymentWithRetryAfter;
  }
  if (rule != nullptr) return {rule->verdict, rule->text, rule, rule->whole_credential};
  if (reading.status == 0) return {Verdict::broken_stream, "in-band error", nullptr, false};
  const StatusRule& fallback = status_rule(reading.status);
  return {fallback.verdict, fallback.name, nullptr, fallback.whole_credential};
}

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
  if (reading.headers.limit) {
    const LimitHeader& exhausted = reading.headers.exhausted;
    // Groq's request limit counts a day under the name that OpenAI uses for a minute; its reset
    // tells.
    const bool daily = exhausted.reset.value_or(0) >= kDailyWait;
    dimension = dimension_of_name(exhausted.name, daily);
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
  if (result.limit < 0 && reading.headers.limit) result.limit = reading.headers.exhausted.limit;
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
  if (const auto hint = retry_after_from_text(reading.body.message)) return hint;
  if (decision.verdict == Verdict::quota_exhausted) {
    if (const auto wait = wait_until_date(reading)) return Hint{*wait, true};
  }
  if (decision.verdict == Verdict::rate_limited && reading.headers.limit &&
      reading.headers.exhausted.reset) {
    return Hint{*reading.headers.exhausted.reset, false};
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

void fill_limit(const Reading& reading, const Decision& decision, Classification& result) {
  fill_numbers(reading, result);
  result.dimension = find_dimension(reading, decision);
  const bool refinable = decision.rule == nullptr || decision.rule->family ||
                         decision.rule == &kQuotaFailure || decision.rule == &kRetryInfo;
  if (result.verdict == Verdict::rate_limited && refinable && result.limit == 0) {
    // "limit: 0": this tier does not have the model at all.
    result.verdict = Verdict::quota_exhausted;
    result.rule = kNeverAvailable.text;
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

std::string_view first_of(std::initializer_list<std::string_view> texts) {
  for (const std::string_view text : texts) {
    if (!text.empty()) return text;
  }
  return {};
}

void fill_texts(const Reading& reading, Classification& result) {
  const ErrorBody& body = reading.body;
  if (body.html) {
    result.message = "an HTML page instead of an API error";
  } else if (body.message.empty()) {
    result.message = "no error message came with the answer";
  } else {
    result.message = cut(body.message, kMessageBytesMax);
  }
  result.code =
      cut(first_of({body.code.view(), body.detail_code, body.availability_code, body.reason}),
          kWordBytesMax);
  result.type = cut(first_of({body.type, body.status, body.error_type}), kWordBytesMax);
  result.param = cut(body.param, kWordBytesMax);
  result.request_id = cut(first_of({body.request_id, reading.headers.request_id}), kWordBytesMax);
}

Classification classify_redirect(const Outcome& outcome) {
  Classification result;
  result.verdict = Verdict::redirected;
  result.rule = "status 3xx";
  std::string_view location;
  if (outcome.headers != nullptr) location = outcome.headers->find("location");
  // The query may hold what the request's query held.
  location = location.substr(0, location.find_first_of("?#"));
  result.message = "a redirect, which is never followed since it would carry the key";
  if (!location.empty()) result.message += "; Location: " + cut(location, kMessageBytesMax);
  return result;
}

Classification classify_transport(const Outcome& outcome) {
  const TransportRule& rule = transport_rule(outcome.transport);
  Classification result;
  result.verdict = outcome.status == 0 ? rule.verdict : rule.inside;
  result.rule = name_of(outcome.transport);
  result.message = rule.message;
  return result;
}

// Faults inside of a body do not hide the status that had come before it.
bool is_transport_fault(const Outcome& outcome) {
  if (outcome.transport == TransportError::none) return outcome.status == 0;
  return transport_rule(outcome.transport).verdict == Verdict::local || outcome.status < 300 ||
         outcome.transport == TransportError::header_too_large;
}

void apply_should_retry(const Reading& reading, const Decision& decision, Classification& result) {
  const std::optional<bool> should_retry = reading.headers.should_retry;
  const bool refused = reading.body.retryable && !*reading.body.retryable;
  result.same_route_forbidden = refused || (should_retry && !*should_retry);
  if (should_retry && *should_retry && decision.rule == nullptr &&
      result.verdict == Verdict::invalid_request) {
    result.verdict = Verdict::transient;
    result.rule = "x-should-retry";
  }
}

}  // namespace

Classification classify(const Outcome& outcome) {
  if (is_transport_fault(outcome)) return classify_transport(outcome);
  if (!outcome.in_band && outcome.status >= 300 && outcome.status < 400) {
    return classify_redirect(outcome);
  }
  Classification result;
  if (!outcome.in_band && outcome.status >= 200 && outcome.status < 300) {
    result.rule = "status 2xx";
    return result;
  }
  Reading reading(outcome);
  const Decision decision = decide(reading);
  result.verdict = decision.verdict;
  result.rule = decision.name;
  result.whole_credential = decision.whole_credential;
  apply_should_retry(reading, decision, result);
  if (result.verdict == Verdict::rate_limited || result.verdict == Verdict::too_large ||
      result.verdict == Verdict::quota_exhausted) {
    fill_limit(reading, decision, result);
  }
  if (result.verdict == Verdict::context_length) fill_context(reading, result);
  fill_hint(reading, decision, result);
  fill_texts(reading, result);
  // An error inside of a 200 that names neither a limit nor the request is a fault of that stream.
  if (outcome.in_band &&
      (result.verdict == Verdict::server_error || result.verdict == Verdict::transient)) {
    result.verdict = Verdict::broken_stream;
  }
  return result;
}

}  // namespace holysheep
