#include "core/mock/mock_reply_reader.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/headers.h"
#include "core/mock/mock_family.h"

namespace holysheep {
namespace {

// A million chunks of 200 bytes are the most that one answer may cost in memory.
constexpr std::int64_t kTokensMax = 1'000'000;
constexpr std::int64_t kTimesMax = 1'000'000;
constexpr std::string_view kDefaultGarbage = "\x16\x03\x01 this is no HTTP \r\n\r\n";
constexpr std::string_view kHtmlPage =
    "<!DOCTYPE html>\n<html><head><title>Welcome</title></head>"
    "<body><h1>It works!</h1></body></html>\n";

constexpr MockChoice<MockPlace> kPlaces[] = {
    {"before_headers", MockPlace::before_headers}, {"inside_headers", MockPlace::inside_headers},
    {"after_headers", MockPlace::after_headers},   {"inside_body", MockPlace::inside_body},
    {"inside_event", MockPlace::inside_event},     {"after_content", MockPlace::after_content},
    {"before_done", MockPlace::before_done},
};
constexpr MockChoice<MockEnding> kCutWith[] = {{"fin", MockEnding::fin},
                                               {"reset", MockEnding::reset}};
constexpr MockChoice<MockFraming> kFramings[] = {{"chunked", MockFraming::chunked},
                                                 {"length", MockFraming::length},
                                                 {"close", MockFraming::close}};
bool is_header_name(std::string_view name) {
  constexpr std::string_view kOther = "!#$%&'*+-.^_`|~";
  const auto is_token = [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kOther.find(c) != std::string_view::npos;
  };
  return !name.empty() && std::all_of(name.begin(), name.end(), is_token);
}

}  // namespace

void MockReplyReader::delay(const JsonValue& value, MockDelay& out) {
  if (absent(value)) return;
  if (!value.is_object()) {
    strict_.milliseconds(value, out.min);
    out.max = out.min;
    return;
  }
  if (!strict_.names(value, {"min", "max"})) return;
  strict_.milliseconds(value.member("min"), out.min);
  out.max = out.min;
  strict_.milliseconds(value.member("max"), out.max);
  if (out.max < out.min) strict_.fail(value.path(), "expected min to be at most max");
}

void MockReplyReader::headers(const JsonValue& value, MockReply& out) {
  if (absent(value)) return;
  if (!value.is_object()) return strict_.expected(value, "an object of header names and values");
  for (const auto& [name, each] : value.members()) {
    if (!is_header_name(name)) return strict_.fail(each.path(), "is no header name");
    // A later source of headers (the script after a family's) replaces the earlier one.
    std::erase_if(out.headers, [&header = name](const auto& earlier) {
      return equals_ignore_case(earlier.first, header);
    });
    if (each.kind() == JsonValue::Kind::null) {
      out.headers.emplace_back(name, std::nullopt);
      continue;
    }
    std::vector<JsonValue> lines = each.is_array() ? each.elements() : std::vector{each};
    for (const JsonValue& line : lines) {
      if (line.kind() == JsonValue::Kind::integer) {
        out.headers.emplace_back(name, line.dump());
      } else if (line.is_string()) {
        out.headers.emplace_back(name, std::string(line.string_or("")));
      } else {
        return strict_.expected(line,
                                "a string, an array of strings, or null to leave the header out");
      }
      if (out.headers.back().second->find_first_of("\r\n") != std::string::npos) {
        return strict_.fail(line.path(), "a header value holds no line break");
      }
    }
  }
}

void MockReplyReader::body(const JsonValue& value, MockReply& out) {
  if (absent(value)) return;
  if (value.is_string()) {
    out.body = std::string(value.string_or(""));
    out.content_type = "text/plain; charset=utf-8";
    if (out.body->starts_with("{") || out.body->starts_with("[")) {
      out.content_type = "application/json";
    }
    return;
  }
  out.body = value.dump();
  out.content_type = "application/json";
}

void MockReplyReader::stop(const JsonValue& cut, const JsonValue& stall, MockReply& out) {
  if (cut.exists() && stall.exists()) strict_.fail(cut.path(), "either cut or stall, not both");
  const JsonValue& value = cut.exists() ? cut : stall;
  if (absent(value)) return;
  out.stop.ending = cut.exists() ? MockEnding::fin : MockEnding::hang;
  if (!value.is_object()) return strict_.choice(value, kPlaces, out.stop.place);
  const bool known = cut.exists() ? strict_.names(value, {"at", "after_tokens", "with"})
                                  : strict_.names(value, {"at", "after_tokens"});
  if (!known) return;
  if (!value.member("at").exists()) return strict_.fail(value.path(), "the key \"at\" is missing");
  strict_.choice(value.member("at"), kPlaces, out.stop.place);
  strict_.choice(value.member("with"), kCutWith, out.stop.ending);
  strict_.integer(value.member("after_tokens"), 0, kTokensMax, out.stop.after_tokens);
}

void MockReplyReader::in_band_error(const JsonValue& value, MockReply& out) {
  if (absent(value)) return;
  MockInBandError error;
  if (value.is_object()) {
    if (!strict_.names(value, {"after_tokens", "body", "done"})) return;
    strict_.integer(value.member("after_tokens"), 0, kTokensMax, error.after_tokens);
    strict_.boolean(value.member("done"), error.done);
    const JsonValue given = value.member("body");
    if (given.exists()) error.body = given.dump();
  } else {
    strict_.integer(value, 0, kTokensMax, error.after_tokens);
  }
  out.in_band_error = std::move(error);
}

void MockReplyReader::garbage(const JsonValue& value, MockReply& out) {
  if (absent(value)) return;
  if (value.kind() == JsonValue::Kind::boolean) {
    if (value.boolean_or(false)) out.garbage = std::string(kDefaultGarbage);
    return;
  }
  if (!value.is_string()) return strict_.expected(value, "true or a string");
  out.garbage = std::string(value.string_or(""));
}

void MockReplyReader::events(const JsonValue& value, MockReply& out) {
  if (absent(value)) return;
  if (!value.is_array()) return strict_.expected(value, "an array");
  for (const JsonValue& each : value.elements()) {
    out.events.push_back(each.is_string() ? std::string(each.string_or("")) : each.dump());
  }
}

void MockReplyReader::close(const JsonValue& value, MockReply& out) {
  if (absent(value)) return;
  if (value.kind() == JsonValue::Kind::boolean) {
    out.ending = value.boolean_or(false) ? MockEnding::close : MockEnding::keep;
    return;
  }
  if (value.string_or("") != "on_next_request") {
    return strict_.fail(value.path(), "expected true, false or \"on_next_request\"");
  }
  out.ending = MockEnding::close_on_next;
}

void MockReplyReader::family(const JsonValue& value, MockFamily& out) {
  if (absent(value)) return;
  const std::optional<MockFamily> found = mock_family_named(value.string_or(""));
  if (!found) return strict_.fail(value.path(), "expected one of " + mock_family_names());
  out = *found;
}

void MockReplyReader::failure(const JsonValue& value, MockFamily usual, MockReply& out) {
  family(value.member("family"), usual);
  const JsonValue error = value.member("error");
  const JsonValue hint = value.member("retry_after_ms");
  if (!error.exists()) {
    if (hint.exists()) strict_.fail(hint.path(), "belongs to the key \"error\", which is missing");
    return;
  }
  const std::optional<MockError> kind = mock_error_named(error.string_or(""));
  if (!kind) return strict_.fail(error.path(), "expected one of " + mock_error_names());
  MockErrorFacts facts = mock_error_facts(*kind);
  strict_.milliseconds(hint, facts.wait);
  if (strict_.ok()) apply_mock_error(usual, *kind, facts, out);
}

void MockReplyReader::shape(const JsonValue& value, MockReply& out) {
  strict_.integer(value.member("status"), 200, 599, out.status);
  headers(value.member("headers"), out);
  bool html = false;
  strict_.boolean(value.member("html"), html);
  if (html) {
    out.body = std::string(kHtmlPage);
    out.content_type = "text/html; charset=utf-8";
  }
  body(value.member("body"), out);
  strict_.text(value.member("content_type"), out.content_type);
  strict_.text(value.member("text"), out.text);
  strict_.text(value.member("model"), out.model);
  strict_.text(value.member("finish_reason"), out.finish_reason);
  strict_.integer(value.member("tokens"), 0, kTokensMax, out.tokens);
  events(value.member("events"), out);
  const JsonValue usage = value.member("usage");
  if (usage.exists()) out.usage = usage.dump();
  strict_.boolean(value.member("gzip"), out.gzip);
  strict_.choice(value.member("framing"), kFramings, out.framing);
  strict_.boolean(value.member("no_done"), out.no_done);
  strict_.boolean(value.member("no_finish_reason"), out.no_finish_reason);
  bool stream = false;
  strict_.boolean(value.member("stream"), stream);
  if (value.member("stream").exists()) out.stream = stream;
}

void MockReplyReader::reply(const JsonValue& value, MockFamily usual,
                            std::shared_ptr<const MockReply>& out) {
  if (!strict_.names(value, {"status",        "headers",        "body",     "content_type",
                             "html",          "family",         "error",    "retry_after_ms",
                             "latency_ms",    "first_token_ms", "token_ms", "drip_ms",
                             "comment_ms",    "tokens",         "text",     "model",
                             "finish_reason", "usage",          "events",   "stream",
                             "gzip",          "framing",        "cut",      "stall",
                             "garbage",       "in_band_error",  "no_done",  "no_finish_reason",
                             "close",         "times"})) {
    return;
  }
  auto made = std::make_shared<MockReply>();
  failure(value, usual, *made);
  shape(value, *made);
  delay(value.member("latency_ms"), made->latency);
  delay(value.member("first_token_ms"), made->first_token);
  delay(value.member("token_ms"), made->token);
  strict_.milliseconds(value.member("drip_ms"), made->drip);
  strict_.milliseconds(value.member("comment_ms"), made->comment);
  stop(value.member("cut"), value.member("stall"), *made);
  garbage(value.member("garbage"), *made);
  in_band_error(value.member("in_band_error"), *made);
  close(value.member("close"), *made);
  strict_.integer(value.member("times"), 1, kTimesMax, made->times);
  out = std::move(made);
}

}  // namespace holysheep
