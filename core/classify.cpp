// Walks the tables of classify_rules in the order of ALGORITHMS 3.7: transport, x-should-retry,
// typed fields, error.code, error.type, message patterns within the family found so far, status.
// Then the dimension, the numbers and the hint are looked up for the verdicts that have them.
//
// One departure from that order: for the *dimension* a message that names its limit ("(RPD)",
// "token rate limit") comes before the header whose remaining count is 0, since several counts can
// be 0 at once and only one limit refused this request.
#include "core/classify.h"

#include <charconv>

#include "core/classify_reading.h"
#include "core/utf8.h"

namespace holysheep {
namespace {

// A message is for people and logs of the caller; the whole body is an attribute of its own.
constexpr std::size_t kMessageBytesMax = 1024;
constexpr std::size_t kWordBytesMax = 128;  // code, type, param, request_id
constexpr int kProxyRefused = 407;

constexpr Rule kAvailable = {.text = "availability.retryable", .verdict = Verdict::overloaded};
constexpr Rule kUnavailable = {.text = "availability.retryable",
                               .verdict = Verdict::model_unavailable};
constexpr Rule kAvailableLimited = {.text = "availability.code", .verdict = Verdict::rate_limited};
constexpr Rule kQuotaFailure = {.text = "QuotaFailure", .verdict = Verdict::rate_limited};
constexpr Rule kRetryInfo = {.text = "RetryInfo", .verdict = Verdict::rate_limited};
// OpenRouter again: money that is only reserved says when to come back.
constexpr Rule kPaymentWithRetryAfter = {.text = "status 402 with Retry-After",
                                         .verdict = Verdict::rate_limited};

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

// The status that an error inside of a 200 names itself: a typed number, not one found in a text.
int in_band_status(const ErrorBody& body) {
  int status = 0;
  const std::string_view code = body.code.view();
  const auto end = std::from_chars(code.data(), code.data() + code.size(), status);
  if (end.ec != std::errc() || end.ptr != code.data() + code.size()) return 0;
  return status >= 400 && status <= 599 ? status : 0;
}

Decision decide(const Reading& reading) {
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
    rule = find_message(FoldedText(reading.body.raw), family);
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

std::string_view first_of(std::initializer_list<std::string_view> texts) {
  for (const std::string_view text : texts) {
    if (!text.empty()) return text;
  }
  return {};
}

void fill_texts(const Reading& reading, Classification& result) {
  const ErrorBody& body = reading.body;
  if (reading.status == kProxyRefused) {
    result.message = "the proxy refused the request (407): it wants a user name and password";
  } else if (body.html) {
    result.message = "an HTML page instead of an API error";
  } else if (body.message.empty()) {
    result.message = "no error message came with the answer";
  } else {
    result.message = cut_utf8(body.message, kMessageBytesMax);
  }
  result.code =
      cut_utf8(first_of({body.code.view(), body.detail_code, body.availability_code, body.reason}),
               kWordBytesMax);
  result.type = cut_utf8(first_of({body.type, body.status, body.error_type}), kWordBytesMax);
  result.param = cut_utf8(body.param, kWordBytesMax);
  result.request_id =
      cut_utf8(first_of({body.request_id, reading.headers.request_id}), kWordBytesMax);
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
  if (!location.empty())
    result.message += "; Location: " + std::string(cut_utf8(location, kMessageBytesMax));
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

Reading::Reading(const Outcome& outcome)
    : body(outcome.body),
      text(body.message),
      status(outcome.in_band ? in_band_status(body) : outcome.status) {
  headers.server_now = outcome.unix_now;
  if (outcome.headers != nullptr && !outcome.in_band) {
    headers = read_retry_headers(*outcome.headers, outcome.unix_now);
    limit_headers_ = outcome.headers;
  }
}

const std::optional<LimitHeader>& Reading::exhausted() const {
  if (!limits_read_ && limit_headers_ != nullptr) {
    exhausted_ = read_exhausted_limit(*limit_headers_, headers.server_now);
  }
  limits_read_ = true;
  return exhausted_;
}

Classification classify(const Outcome& outcome) {
  if (is_transport_fault(outcome)) return classify_transport(outcome);
  if (!outcome.in_band && outcome.status >= 300 && outcome.status < 400) {
    return classify_redirect(outcome);
  }
  Classification result;
  if (!outcome.in_band && is_success(outcome.status)) {
    result.rule = "status 2xx";
    return result;
  }
  const Reading reading(outcome);
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
