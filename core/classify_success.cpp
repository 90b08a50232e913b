// What a 2xx that was not streamed is worth. The scan has found the values; here they are judged.
#include "core/body_check.h"
#include "core/json_skim.h"
#include "core/usage.h"

namespace holysheep {
namespace {

constexpr int kNoContent = 204;
constexpr int kResetContent = 205;

// As for streams: an answer that "finished" so was broken off by the server ("failed": /responses).
constexpr std::string_view kFaultReasons[] = {"error", "insufficient_system_resource", "abort",
                                              "failed"};

JsonSlice value_of(std::string_view text) {
  return JsonSkim(text).value();
}

Classification fault(Verdict verdict, std::string_view rule, std::string_view message) {
  Classification found;
  found.verdict = verdict;
  found.rule = rule;
  found.message = std::string(message);
  return found;
}

bool says_html(const Headers* headers) {
  constexpr std::string_view kHtml = "text/html";
  if (headers == nullptr) return false;
  const std::string_view type = headers->find("content-type");
  return type.size() >= kHtml.size() && equals_ignore_case(type.substr(0, kHtml.size()), kHtml);
}

}  // namespace

bool BodyCheck::filled(BodySlot slot) const {
  const std::string_view text = scan_.text(slot);
  return text.size() >= kBodyKeptBytesMax || value_of(text).filled();
}

bool BodyCheck::has_error() const {
  if (scan_.first() != '{') return false;
  if (dialect_.json_body) {
    return filled(BodySlot::error) || filled(BodySlot::choice_error) ||
           value_of(scan_.text(BodySlot::object)).raw == "error";
  }
  return scan_.whole() && filled(BodySlot::error) && scan_.text(BodySlot::id).empty() &&
         scan_.text(BodySlot::object).empty();
}

void BodyCheck::read_facts(BodyFacts& facts) const {
  JsonSkim usage(scan_.text(BodySlot::usage));
  if (usage.peek() == JsonKind::object) merge_usage(usage, facts.usage);
  keep_text(value_of(scan_.text(BodySlot::id)), facts.id);
  keep_text(value_of(scan_.text(BodySlot::model)), facts.model);
  keep_text(value_of(scan_.text(BodySlot::finish_reason)), facts.finish_reason);
  if (dialect_.kind == DialectKind::messages) {
    keep_text(value_of(scan_.text(BodySlot::stop_reason)), facts.finish_reason);
  }
  if (dialect_.kind != DialectKind::responses) return;
  keep_text(value_of(scan_.text(BodySlot::status)), facts.finish_reason);
  JsonSkim details(scan_.text(BodySlot::incomplete_details));
  if (!details.enter_object()) return;
  std::string_view name;
  while (details.next_member(name)) {
    const JsonSlice value = details.value();
    if (name == "reason") keep_text(value, facts.finish_reason);
  }
}

// An error of a choice is lifted to where every error stands.
Classification BodyCheck::in_band(const Outcome& outcome) const {
  Outcome inner = outcome;
  inner.in_band = true;
  std::string lifted;
  if (!filled(BodySlot::error) && filled(BodySlot::choice_error)) {
    lifted = "{\"error\":";
    lifted += scan_.text(BodySlot::choice_error);
    lifted += '}';
    inner.body = lifted;
  }
  Classification found = classify(inner);
  if (found.verdict == Verdict::ok) {
    return fault(Verdict::server_error, "error_in_success", "the answer holds an error");
  }
  return found;
}

Classification BodyCheck::finish(const Outcome& outcome, BodyFacts& facts) const {
  if (outcome.transport != TransportError::none) return classify(outcome);
  read_facts(facts);
  if (has_error()) return in_band(outcome);
  const bool no_content = outcome.status == kNoContent || outcome.status == kResetContent;
  // Nothing is an answer to a DELETE, never to a question.
  if (!dialect_.json_body || (no_content && dialect_.kind == DialectKind::json)) return {};
  if (scan_.first() == '<' || (!scan_.whole() && says_html(outcome.headers))) {
    return fault(Verdict::server_error, "html_in_success", "expected JSON, got an HTML page");
  }
  if (scan_.empty()) {
    return fault(Verdict::broken_stream, "empty_body", "expected JSON, got an empty body");
  }
  if (!scan_.whole()) {
    return scan_.broken()
               ? fault(Verdict::broken_stream, "bad_json", "the answer is not well-formed JSON")
               : fault(Verdict::broken_stream, "cut_json", "the answer's JSON is cut off");
  }
  if (dialect_.kind != DialectKind::json && scan_.first() != '{') {
    return fault(Verdict::broken_stream, "no_object", "expected a JSON object");
  }
  for (const std::string_view reason : kFaultReasons) {
    if (facts.finish_reason == reason) {
      return fault(Verdict::broken_stream, "fault_reason", "the provider broke the answer off");
    }
  }
  return {};
}

Classification classify_success(const Outcome& outcome, const Dialect& dialect, BodyFacts& facts) {
  BodyCheck check(dialect);
  check.feed(outcome.body);
  return check.finish(outcome, facts);
}

}  // namespace holysheep
