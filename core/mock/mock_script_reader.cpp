// Reads a mock script strictly: an unknown key, a wrong type or a number out of range is an error
// that names the path, what was expected, and the nearest name.
#include <algorithm>
#include <initializer_list>
#include <set>
#include <span>

#include "core/headers.h"
#include "core/json.h"
#include "core/mock/mock_family.h"
#include "core/mock/mock_script.h"

namespace holysheep {
namespace {

// The document's three first; a longer pool goes on counting.
constexpr std::string_view kDefaultNames[] = {"primary", "backup-1", "backup-2"};
constexpr std::size_t kNameBytesMax = 64;
constexpr std::int64_t kRecordMax = 10'000;
constexpr std::int64_t kRecordBodyBytesMax = 64 * 1024;
// One thread serves them all; far above what a test pool needs.
constexpr std::size_t kEndpointsMax = 1'000;
// A day: longer delays are better said with "stall".
constexpr std::int64_t kDelayMsMax = 86'400'000;
// A million chunks of 200 bytes are the most that one answer may cost in memory.
constexpr std::int64_t kTokensMax = 1'000'000;
constexpr std::int64_t kCountMax = 1'000'000'000'000;
constexpr std::int64_t kTimesMax = 1'000'000;
constexpr std::string_view kDefaultGarbage = "\x16\x03\x01 this is no HTTP \r\n\r\n";
constexpr std::string_view kHtmlPage =
    "<!DOCTYPE html>\n<html><head><title>Welcome</title></head>"
    "<body><h1>It works!</h1></body></html>\n";

template <typename T>
struct Choice {
  std::string_view name;
  T value;
};

constexpr Choice<MockPlace> kPlaces[] = {
    {"before_headers", MockPlace::before_headers}, {"inside_headers", MockPlace::inside_headers},
    {"after_headers", MockPlace::after_headers},   {"inside_body", MockPlace::inside_body},
    {"inside_event", MockPlace::inside_event},     {"after_content", MockPlace::after_content},
    {"before_done", MockPlace::before_done},
};
constexpr Choice<MockEnding> kCutWith[] = {{"fin", MockEnding::fin}, {"reset", MockEnding::reset}};
constexpr Choice<MockFraming> kFramings[] = {{"chunked", MockFraming::chunked},
                                             {"length", MockFraming::length},
                                             {"close", MockFraming::close}};
constexpr Choice<MockThen> kThens[] = {
    {"ok", MockThen::ok}, {"repeat", MockThen::repeat}, {"last", MockThen::last}};
constexpr Choice<bool> kAlgorithms[] = {{"bucket", false}, {"window", true}};
constexpr Choice<bool> kScopes[] = {{"key_model", false}, {"endpoint", true}};

std::string quoted(std::string_view text) {
  JsonWriter writer;
  return writer.value(text).take();
}

// Reads the members of objects; keeps the first complaint and from then on reads nothing more.
class ScriptReader {
 public:
  bool ok() const { return error_.empty(); }
  Error error() const { return {Status::config, "mock script: " + error_}; }

  void script(const JsonValue& root, MockScript& out);
  void endpoint(const JsonValue& value, MockEndpointScript& out, bool running);

 private:
  void fail(const std::string& path, const std::string& problem);
  void expected(const JsonValue& value, std::string_view what);
  bool names(const JsonValue& object, std::initializer_list<std::string_view> known);
  void boolean(const JsonValue& value, bool& out);
  void text(const JsonValue& value, std::string& out);
  template <typename T>
  void integer(const JsonValue& value, std::int64_t min, std::int64_t max, T& out);
  void milliseconds(const JsonValue& value, Nanos& out);
  void delay(const JsonValue& value, MockDelay& out);
  template <typename T, std::size_t N>
  void choice(const JsonValue& value, const Choice<T> (&choices)[N], T& out);
  void texts(const JsonValue& value, std::vector<std::string>& out);
  void headers(const JsonValue& value, MockReply& out);
  void body(const JsonValue& value, MockReply& out);
  void stop(const JsonValue& cut, const JsonValue& stall, MockReply& out);
  void in_band_error(const JsonValue& value, MockReply& out);
  void garbage(const JsonValue& value, MockReply& out);
  void events(const JsonValue& value, MockReply& out);
  void close(const JsonValue& value, MockReply& out);
  void failure(const JsonValue& reply, MockFamily family, MockReply& out);
  void reply(const JsonValue& value, MockFamily family, std::shared_ptr<const MockReply>& out);
  void reply_shape(const JsonValue& value, MockReply& out);
  void replies(const JsonValue& value, MockFamily family, MockEndpointScript& out);
  void address(const JsonValue& value, MockEndpointScript& out);
  void limits(const JsonValue& value, MockLimits& out);
  void family(const JsonValue& value, MockFamily& out);

  std::string error_;
};

void ScriptReader::fail(const std::string& path, const std::string& problem) {
  if (!error_.empty()) return;
  error_ = path.empty() ? problem : path + ": " + problem;
}

void ScriptReader::expected(const JsonValue& value, std::string_view what) {
  fail(value.path(),
       "expected " + std::string(what) + ", found " + std::string(name_of(value.kind())));
}

bool ScriptReader::names(const JsonValue& object, std::initializer_list<std::string_view> known) {
  if (!ok()) return false;
  if (!object.is_object()) {
    expected(object, "an object");
    return false;
  }
  std::set<std::string_view> seen;
  const auto members = object.members();
  for (const auto& [name, value] : members) {
    if (!seen.insert(name).second) fail(object.path(), "the key " + quoted(name) + " stands twice");
    if (name.starts_with("x-")) continue;
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    std::string path = object.path();
    append_path(path, name);
    const std::string_view nearest = nearest_name(name, known);
    fail(path.starts_with(".") ? path.substr(1) : path,
         nearest.empty() ? "unknown key" : "unknown key; did you mean " + quoted(nearest) + "?");
  }
  return ok();
}

void ScriptReader::boolean(const JsonValue& value, bool& out) {
  if (!value.exists() || !ok()) return;
  if (value.kind() != JsonValue::Kind::boolean) return expected(value, "true or false");
  out = value.boolean_or(false);
}

void ScriptReader::text(const JsonValue& value, std::string& out) {
  if (!value.exists() || !ok()) return;
  if (!value.is_string()) return expected(value, "a string");
  out = value.string_or("");
}

template <typename T>
void ScriptReader::integer(const JsonValue& value, std::int64_t min, std::int64_t max, T& out) {
  if (!value.exists() || !ok()) return;
  const std::int64_t number = value.integer_or(min - 1);
  if (value.kind() != JsonValue::Kind::integer || number < min || number > max) {
    return fail(value.path(), "expected an integer between " + std::to_string(min) + " and " +
                                  std::to_string(max));
  }
  out = static_cast<T>(number);
}

void ScriptReader::milliseconds(const JsonValue& value, Nanos& out) {
  std::int64_t ms = to_ms(out);
  integer(value, 0, kDelayMsMax, ms);
  out = from_ms(ms);
}

void ScriptReader::delay(const JsonValue& value, MockDelay& out) {
  if (!value.exists() || !ok()) return;
  if (!value.is_object()) {
    milliseconds(value, out.min);
    out.max = out.min;
    return;
  }
  if (!names(value, {"min", "max"})) return;
  milliseconds(value.member("min"), out.min);
  out.max = out.min;
  milliseconds(value.member("max"), out.max);
  if (out.max < out.min) fail(value.path(), "expected min to be at most max");
}

template <typename T, std::size_t N>
void ScriptReader::choice(const JsonValue& value, const Choice<T> (&choices)[N], T& out) {
  if (!value.exists() || !ok()) return;
  std::string all;
  for (const Choice<T>& each : choices) {
    if (value.is_string() && value.string_or("") == each.name) {
      out = each.value;
      return;
    }
    all.append(all.empty() ? "" : ", ").append(quoted(each.name));
  }
  fail(value.path(), "expected one of " + all);
}

void ScriptReader::texts(const JsonValue& value, std::vector<std::string>& out) {
  if (!value.exists() || !ok()) return;
  if (!value.is_array()) return expected(value, "an array of strings");
  out.clear();
  for (const JsonValue& each : value.elements())
    text(each, out.emplace_back());
}

// The same names as a client's configuration allows: the two must fit together.
bool is_endpoint_name(std::string_view name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  };
  return !name.empty() && name.size() <= kNameBytesMax &&
         std::all_of(name.begin(), name.end(), allowed);
}

bool is_header_name(std::string_view name) {
  constexpr std::string_view kOther = "!#$%&'*+-.^_`|~";
  const auto is_token = [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kOther.find(c) != std::string_view::npos;
  };
  return !name.empty() && std::all_of(name.begin(), name.end(), is_token);
}

void ScriptReader::headers(const JsonValue& value, MockReply& out) {
  if (!value.exists() || !ok()) return;
  if (!value.is_object()) return expected(value, "an object of header names and values");
  for (const auto& [name, each] : value.members()) {
    if (!is_header_name(name)) return fail(each.path(), "is no header name");
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
        return expected(line, "a string, an array of strings, or null to leave the header out");
      }
      if (out.headers.back().second->find_first_of("\r\n") != std::string::npos) {
        return fail(line.path(), "a header value holds no line break");
      }
    }
  }
}

void ScriptReader::body(const JsonValue& value, MockReply& out) {
  if (!value.exists() || !ok()) return;
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

void ScriptReader::stop(const JsonValue& cut, const JsonValue& stall, MockReply& out) {
  if (cut.exists() && stall.exists()) fail(cut.path(), "either cut or stall, not both");
  const JsonValue& value = cut.exists() ? cut : stall;
  if (!value.exists() || !ok()) return;
  out.stop.ending = cut.exists() ? MockEnding::fin : MockEnding::hang;
  if (!value.is_object()) return choice(value, kPlaces, out.stop.place);
  const bool known = cut.exists() ? names(value, {"at", "after_tokens", "with"})
                                  : names(value, {"at", "after_tokens"});
  if (!known) return;
  if (!value.member("at").exists()) return fail(value.path(), "the key \"at\" is missing");
  choice(value.member("at"), kPlaces, out.stop.place);
  choice(value.member("with"), kCutWith, out.stop.ending);
  integer(value.member("after_tokens"), 0, kTokensMax, out.stop.after_tokens);
}

void ScriptReader::in_band_error(const JsonValue& value, MockReply& out) {
  if (!value.exists() || !ok()) return;
  MockInBandError error;
  error.body = R"({"error":{"message":"The server had an error while processing your request. )"
               R"(Sorry about that!","type":"server_error","param":null,"code":null}})";
  if (value.is_object()) {
    if (!names(value, {"after_tokens", "body", "done"})) return;
    integer(value.member("after_tokens"), 0, kTokensMax, error.after_tokens);
    boolean(value.member("done"), error.done);
    const JsonValue given = value.member("body");
    if (given.exists()) error.body = given.dump();
  } else {
    integer(value, 0, kTokensMax, error.after_tokens);
  }
  out.in_band_error = std::move(error);
}

void ScriptReader::garbage(const JsonValue& value, MockReply& out) {
  if (!value.exists() || !ok()) return;
  if (value.kind() == JsonValue::Kind::boolean) {
    if (value.boolean_or(false)) out.garbage = std::string(kDefaultGarbage);
    return;
  }
  if (!value.is_string()) return expected(value, "true or a string");
  out.garbage = std::string(value.string_or(""));
}

void ScriptReader::events(const JsonValue& value, MockReply& out) {
  if (!value.exists() || !ok()) return;
  if (!value.is_array()) return expected(value, "an array");
  for (const JsonValue& each : value.elements()) {
    out.events.push_back(each.is_string() ? std::string(each.string_or("")) : each.dump());
  }
}

void ScriptReader::close(const JsonValue& value, MockReply& out) {
  if (!value.exists() || !ok()) return;
  if (value.kind() == JsonValue::Kind::boolean) {
    out.ending = value.boolean_or(false) ? MockEnding::close : MockEnding::keep;
    return;
  }
  if (value.string_or("") != "on_next_request") {
    return fail(value.path(), "expected true, false or \"on_next_request\"");
  }
  out.ending = MockEnding::close_on_next;
}

void ScriptReader::family(const JsonValue& value, MockFamily& out) {
  if (!value.exists() || !ok()) return;
  const std::optional<MockFamily> found = mock_family_named(value.string_or(""));
  if (!found) return fail(value.path(), "expected one of " + mock_family_names());
  out = *found;
}

void ScriptReader::failure(const JsonValue& value, MockFamily usual, MockReply& out) {
  family(value.member("family"), usual);
  const JsonValue error = value.member("error");
  const JsonValue hint = value.member("retry_after_ms");
  if (!error.exists()) {
    if (hint.exists()) fail(hint.path(), "belongs to the key \"error\", which is missing");
    return;
  }
  const std::optional<MockError> kind = mock_error_named(error.string_or(""));
  if (!kind) return fail(error.path(), "expected one of " + mock_error_names());
  MockErrorFacts facts = mock_error_facts(*kind);
  milliseconds(hint, facts.wait);
  if (ok()) apply_mock_error(usual, *kind, facts, out);
}

void ScriptReader::reply_shape(const JsonValue& value, MockReply& out) {
  integer(value.member("status"), 200, 599, out.status);
  headers(value.member("headers"), out);
  bool html = false;
  boolean(value.member("html"), html);
  if (html) {
    out.body = std::string(kHtmlPage);
    out.content_type = "text/html; charset=utf-8";
  }
  body(value.member("body"), out);
  text(value.member("content_type"), out.content_type);
  text(value.member("text"), out.text);
  text(value.member("model"), out.model);
  text(value.member("finish_reason"), out.finish_reason);
  integer(value.member("tokens"), 0, kTokensMax, out.tokens);
  events(value.member("events"), out);
  const JsonValue usage = value.member("usage");
  if (usage.exists()) out.usage = usage.dump();
  boolean(value.member("gzip"), out.gzip);
  choice(value.member("framing"), kFramings, out.framing);
  boolean(value.member("no_done"), out.no_done);
  boolean(value.member("no_finish_reason"), out.no_finish_reason);
  bool stream = false;
  boolean(value.member("stream"), stream);
  if (value.member("stream").exists()) out.stream = stream;
}

void ScriptReader::reply(const JsonValue& value, MockFamily usual,
                         std::shared_ptr<const MockReply>& out) {
  if (!names(value, {"status",        "headers",        "body",     "content_type",
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
  reply_shape(value, *made);
  delay(value.member("latency_ms"), made->latency);
  delay(value.member("first_token_ms"), made->first_token);
  delay(value.member("token_ms"), made->token);
  milliseconds(value.member("drip_ms"), made->drip);
  milliseconds(value.member("comment_ms"), made->comment);
  stop(value.member("cut"), value.member("stall"), *made);
  garbage(value.member("garbage"), *made);
  in_band_error(value.member("in_band_error"), *made);
  close(value.member("close"), *made);
  integer(value.member("times"), 1, kTimesMax, made->times);
  out = std::move(made);
}

void ScriptReader::replies(const JsonValue& value, MockFamily usual, MockEndpointScript& out) {
  if (!value.exists() || !ok()) return;
  if (!value.is_array()) return expected(value, "an array of replies");
  for (const JsonValue& each : value.elements())
    reply(each, usual, out.replies.emplace_back());
}

void ScriptReader::address(const JsonValue& value, MockEndpointScript& out) {
  text(value.member("host"), out.host);
  if (!out.host.starts_with("127.") && out.host != "::1" && out.host != "localhost") {
    fail(value.member("host").path(),
         "expected a loopback address: \"127.0.0.1\", \"::1\" or \"localhost\"");
  }
  integer(value.member("port"), 0, 65535, out.port);
  boolean(value.member("tls"), out.tls);
}

void ScriptReader::limits(const JsonValue& value, MockLimits& out) {
  if (!value.exists() || !ok()) return;
  if (!names(value, {"rpm", "tpm", "rpd", "tpd", "concurrency", "tokens_per_request", "algorithm",
                     "scope", "group"})) {
    return;
  }
  integer(value.member("rpm"), 1, kCountMax, out.rpm);
  integer(value.member("tpm"), 1, kCountMax, out.tpm);
  integer(value.member("rpd"), 1, kCountMax, out.rpd);
  integer(value.member("tpd"), 1, kCountMax, out.tpd);
  integer(value.member("concurrency"), 1, kCountMax, out.concurrency);
  integer(value.member("tokens_per_request"), 1, kCountMax, out.tokens_per_request);
  choice(value.member("algorithm"), kAlgorithms, out.window);
  choice(value.member("scope"), kScopes, out.per_endpoint);
  text(value.member("group"), out.group);
}

void ScriptReader::endpoint(const JsonValue& value, MockEndpointScript& out, bool running) {
  const bool known =
      running
          ? names(value, {"key", "models", "family", "replies", "then", "default", "fail",
                          "fail_rate", "limits", "refuse", "half_open"})
          : names(value, {"name", "host", "port", "tls", "key", "models", "family", "replies",
                          "then", "default", "fail", "fail_rate", "limits", "refuse", "half_open"});
  if (!known) return;
  if (!running) {
    text(value.member("name"), out.name);
    if (!is_endpoint_name(out.name)) {
      fail(value.member("name").path(),
           "expected up to 64 letters, digits, \".\", \"_\" and \"-\"");
    }
    address(value, out);
  }
  text(value.member("key"), out.key);
  texts(value.member("models"), out.models);
  family(value.member("family"), out.family);
  replies(value.member("replies"), out.family, out);
  choice(value.member("then"), kThens, out.then);
  if (value.member("default").exists()) reply(value.member("default"), out.family, out.healthy);
  if (value.member("fail").exists()) reply(value.member("fail"), out.family, out.fail);
  const JsonValue rate = value.member("fail_rate");
  if (rate.exists() && ok()) {
    out.fail_rate = rate.number_or(-1);
    if (out.fail_rate < 0 || out.fail_rate > 1) fail(rate.path(), "expected a number from 0 to 1");
  }
  limits(value.member("limits"), out.limits);
  boolean(value.member("refuse"), out.refuse);
  boolean(value.member("half_open"), out.half_open);
  if (!out.healthy) out.healthy = std::make_shared<const MockReply>();
  if (!out.fail) {
    auto fail_reply = std::make_shared<MockReply>();
    const MockErrorFacts facts = mock_error_facts(MockError::server_error);
    apply_mock_error(out.family, MockError::server_error, facts, *fail_reply);
    out.fail = std::move(fail_reply);
  }
}

std::string default_name(std::size_t index) {
  if (index < std::size(kDefaultNames)) return std::string(kDefaultNames[index]);
  return "backup-" + std::to_string(index);
}

void ScriptReader::script(const JsonValue& root, MockScript& out) {
  if (!names(root,
             {"version", "seed", "record", "record_max", "record_body_bytes_max", "endpoints"})) {
    return;
  }
  if (root.member("version").integer_or(0) != 1) fail("version", "expected 1");
  integer(root.member("seed"), 0, INT64_MAX, out.seed);
  boolean(root.member("record"), out.record);
  integer(root.member("record_max"), 1, kCountMax, out.record_max);
  integer(root.member("record_body_bytes_max"), 0, kCountMax, out.record_body_bytes_max);
  const JsonValue list = root.member("endpoints");
  if (!ok() || !list.exists()) return;
  if (!list.is_array() || list.size() == 0) return expected(list, "an array of endpoints");
  if (list.size() > kEndpointsMax) {
    return fail("endpoints", "expected at most " + std::to_string(kEndpointsMax));
  }
  std::set<std::string> seen;
  for (const JsonValue& each : list.elements()) {
    MockEndpointScript& made = out.endpoints.emplace_back();
    made.name = default_name(out.endpoints.size() - 1);
    endpoint(each, made, false);
    if (!seen.insert(made.name).second) fail(each.path(), "the name stands twice");
  }
}

}  // namespace

Result<MockScript> read_mock_script(std::string_view text) {
  MockScript script;
  script.record_max = kRecordMax;
  script.record_body_bytes_max = kRecordBodyBytesMax;
  const bool empty = text.find_first_not_of(" \t\r\n") == std::string_view::npos;
  Result<JsonDocument> document =
      JsonDocument::parse(empty ? R"({"version":1})" : text, "mock script", Status::config);
  if (!document.ok()) return document.error();
  ScriptReader reader;
  reader.script(document.value().root(), script);
  if (reader.ok() && script.endpoints.empty()) {
    Result<JsonDocument> nothing = JsonDocument::parse("{}", "mock script", Status::config);
    if (!nothing.ok()) return nothing.error();
    script.endpoints.emplace_back().name = default_name(0);
    reader.endpoint(nothing.value().root(), script.endpoints.back(), false);
  }
  if (!reader.ok()) return reader.error();
  return script;
}

Result<MockEndpointScript> read_mock_endpoint(std::string_view text,
                                              const MockEndpointScript& running) {
  Result<JsonDocument> document = JsonDocument::parse(text, "mock script", Status::config);
  if (!document.ok()) return document.error();
  MockEndpointScript script;
  script.name = running.name;
  script.host = running.host;
  script.port = running.port;
  script.tls = running.tls;
  ScriptReader reader;
  reader.endpoint(document.value().root(), script, true);
  if (!reader.ok()) return reader.error();
  return script;
}

}  // namespace holysheep
