#include "core/error_body.h"

#include <algorithm>
#include <charconv>
#include <string>

#include "core/headers.h"
#include "core/trim.h"
#include "core/utf8.h"

namespace holysheep {
namespace {

namespace dom = simdjson::dom;

// Deeper nesting is no error message.
constexpr std::size_t kDepthMax = 64;
// Below this simdjson would allocate again by itself, with its great default depth.
constexpr std::size_t kCapacityMin = 64;

bool looks_like_json(std::string_view text) {
  return !text.empty() && (text.front() == '{' || text.front() == '[' || text.front() == '"');
}

// Sets `target` if the value is a string that is not empty.
void set_text(std::string_view& target, dom::element value) {
  std::string_view text;
  if (value.get(text) == simdjson::SUCCESS && !text.empty()) target = text;
}

void set_text_or_number(BodyText& target, dom::element value) {
  std::string_view text;
  std::int64_t integer = 0;
  double number = 0;
  if (value.get(text) == simdjson::SUCCESS) {
    if (!text.empty()) target.set(text);
  } else if (value.get(integer) == simdjson::SUCCESS) {
    target.set(integer);
  } else if (value.get(number) == simdjson::SUCCESS) {
    target.set(number);
  }
}

void set_count(std::int64_t& target, dom::element value) {
  std::int64_t number = 0;
  if (value.get(number) == simdjson::SUCCESS && number >= 0) target = number;
}

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

}  // namespace

void BodyText::set(std::int64_t number) {
  const auto end = std::to_chars(number_.data(), number_.data() + number_.size(), number);
  number_size_ = static_cast<std::size_t>(end.ptr - number_.data());
}

void BodyText::set(double number) {
  // Milliseconds are enough for a wait; what does not fit is no wait. (Floating std::to_chars is
  // missing in older standard libraries.)
  constexpr double kGreatest = 9e15;
  const double thousandths = number * 1000;
  if (!(thousandths >= 0 && thousandths < kGreatest)) return;
  const auto value = static_cast<std::int64_t>(thousandths);
  set(value / 1000);
  const std::int64_t fraction = value % 1000;
  if (fraction == 0) return;
  number_[number_size_++] = '.';
  number_[number_size_++] = static_cast<char>('0' + fraction / 100);
  number_[number_size_++] = static_cast<char>('0' + fraction / 10 % 10);
  number_[number_size_++] = static_cast<char>('0' + fraction % 10);
}

ErrorBody::ErrorBody(std::string_view body) {
  const std::string_view text = trim(without_byte_order_mark(body));
  html = text.substr(0, 1) == "<";
  if (html || text.empty()) return;
  if (looks_like_json(text) && text.size() <= kBytesMax) read_text(text, 0);
  if (!json) message = text.substr(0, kBytesMax);
}

void ErrorBody::read_text(std::string_view text, std::size_t depth) {
  dom::parser& parser = parsers_[depth];
  dom::element root;
  // A small depth keeps the parser's own memory small: it is made anew for each error.
  if (parser.allocate(std::max(text.size(), kCapacityMin), kDepthMax) != simdjson::SUCCESS) return;
  if (parser.parse(text.data(), text.size(), true).get(root) != simdjson::SUCCESS) return;
  read_root(root, depth);
}

void ErrorBody::read_root(dom::element root, std::size_t depth) {
  dom::array array;
  if (root.get(array) == simdjson::SUCCESS) {
    // Gemini's compatible interface answers an array of one.
    const auto first = array.begin();
    if (first == array.end()) return;
    root = *first;
  }
  dom::object object;
  std::string_view text;
  if (root.get(object) == simdjson::SUCCESS) {
    json = true;
    read_object(object);
  } else if (root.get(text) == simdjson::SUCCESS) {
    json = true;
    message = text;
  }
  const std::string_view inner = trim(without_byte_order_mark(message));
  if (depth + 1 < parsers_.size() && looks_like_json(inner) && inner.size() <= kBytesMax) {
    read_text(inner, depth + 1);
  }
}

void ErrorBody::read_object(dom::object object) {
  dom::element error;
  dom::object nested;
  dom::array errors;
  if (object["request_id"].get(error) == simdjson::SUCCESS) set_text(request_id, error);
  if (object["error"].get(error) == simdjson::SUCCESS) {
    if (error.get(errors) == simdjson::SUCCESS && errors.begin() != errors.end()) {
      error = *errors.begin();
    }
    if (error.get(nested) == simdjson::SUCCESS) return read_error(nested);
    read_error(object);
    set_text(message, error);
    return;
  }
  // A Responses event, a choice of OpenRouter, or the error without a wrapping.
  if (object["response"]["error"].get(nested) == simdjson::SUCCESS ||
      object.at_pointer("/choices/0/error").get(nested) == simdjson::SUCCESS ||
      object["detail"].get(nested) == simdjson::SUCCESS ||
      object.at_pointer("/detail/0").get(nested) == simdjson::SUCCESS ||
      object.at_pointer("/errors/0").get(nested) == simdjson::SUCCESS) {
    return read_error(nested);
  }
  read_error(object);
  if (type == "error") type = {};  // of the event, not of the error
}

void ErrorBody::read_error(dom::object error) {
  for (const dom::key_value_pair field : error)
    read_error_member(field.key, field.value);
}

void ErrorBody::read_error_member(std::string_view key, dom::element value) {
  dom::object object;
  dom::array array;
  if (key == "message") return set_text(message, value);
  if (key == "code") return set_text_or_number(code, value);
  if (key == "type") return set_text(type, value);
  if (key == "param") return set_text(param, value);
  if (key == "status") return set_text(status, value);
  if (key == "request_id") return set_text(request_id, value);
  if (key == "retry_after" || key == "resets_in_seconds") {
    return set_text_or_number(retry_after, value);
  }
  if (key == "resets_at") return set_text_or_number(resets_at, value);
  if (key == "n_prompt_tokens") return set_count(prompt_tokens, value);
  if (key == "n_ctx") return set_count(context_tokens, value);
  if (key == "detail" || key == "error_message" || key == "msg") {
    if (message.empty()) set_text(message, value);
    return;
  }
  if (key == "metadata" && value.get(object) == simdjson::SUCCESS) return read_metadata(object);
  if (key == "availability" && value.get(object) == simdjson::SUCCESS) {
    return read_availability(object);
  }
  if (key == "innererror" && value.get(object) == simdjson::SUCCESS) {
    dom::element inner;
    if (object["code"].get(inner) == simdjson::SUCCESS) set_text(detail_code, inner);
    return;
  }
  if (key == "details") {
    if (value.get(object) == simdjson::SUCCESS) return read_detail(object);
    if (value.get(array) != simdjson::SUCCESS) return;
    for (const dom::element detail : array) {
      if (detail.get(object) == simdjson::SUCCESS) read_detail(object);
    }
    return;
  }
  if (key == "errors") {
    dom::element first;
    if (value.at_pointer("/0/reason").get(first) == simdjson::SUCCESS && reason.empty()) {
      set_text(reason, first);
    }
  }
}

void ErrorBody::read_metadata(dom::object metadata) {
  for (const dom::key_value_pair field : metadata) {
    dom::object headers;
    if (field.key == "error_type") {
      set_text(error_type, field.value);
    } else if (field.key == "limit_source") {
      set_text(limit_source, field.value);
    } else if (field.key == "raw") {
      set_text(raw, field.value);
    } else if (field.key == "retry_after" || field.key == "retry_after_seconds") {
      set_text_or_number(retry_after, field.value);
    } else if (field.key == "resets_at") {
      set_text_or_number(resets_at, field.value);
    } else if (field.key == "headers" && field.value.get(headers) == simdjson::SUCCESS) {
      for (const dom::key_value_pair header : headers) {
        read_metadata_header(header.key, header.value);
      }
    }
  }
}

void ErrorBody::read_metadata_header(std::string_view key, dom::element value) {
  if (equals_ignore_case(key, "X-RateLimit-Limit")) set_text_or_number(header_limit, value);
  if (equals_ignore_case(key, "X-RateLimit-Remaining")) set_text_or_number(header_remaining, value);
  if (equals_ignore_case(key, "X-RateLimit-Reset")) set_text_or_number(header_reset, value);
  if (equals_ignore_case(key, "Retry-After")) set_text_or_number(retry_after, value);
}

void ErrorBody::read_availability(dom::object availability) {
  for (const dom::key_value_pair field : availability) {
    bool truth = false;
    if (field.key == "code") {
      set_text(availability_code, field.value);
    } else if (field.key == "retryable" && field.value.get(truth) == simdjson::SUCCESS) {
      retryable = truth;
    } else if (field.key == "retry_after") {
      set_text_or_number(retry_after, field.value);
    }
  }
}

void ErrorBody::read_detail(dom::object detail) {
  std::string_view kind;
  dom::element value;
  if (detail["error_code"].get(value) == simdjson::SUCCESS) set_text(detail_code, value);
  if (detail["@type"].get(kind) != simdjson::SUCCESS) return;
  if (ends_with(kind, "ErrorInfo") && detail["reason"].get(value) == simdjson::SUCCESS) {
    set_text(reason, value);
  }
  if (ends_with(kind, "RetryInfo") && detail["retryDelay"].get(value) == simdjson::SUCCESS) {
    set_text_or_number(retry_after, value);
    retry_info = !retry_after.empty();
  }
  dom::array array;
  if (!ends_with(kind, "QuotaFailure") || detail["violations"].get(array) != simdjson::SUCCESS) {
    return;
  }
  for (const dom::element violation : array) {
    dom::object fields;
    if (violations_size == violations.size()) return;
    if (violation.get(fields) != simdjson::SUCCESS) continue;
    QuotaViolation& next = violations[violations_size];
    if (fields["quotaId"].get(value) != simdjson::SUCCESS) continue;
    set_text(next.id, value);
    if (fields["quotaValue"].get(value) == simdjson::SUCCESS) set_text(next.value, value);
    if (!next.id.empty()) ++violations_size;
  }
}

}  // namespace holysheep
