// Reads whole mock scripts: the pool and its endpoints.
#include "core/mock/mock_script.h"

#include <algorithm>
#include <cstdint>
#include <set>

#include "core/json.h"
#include "core/mock/mock_family.h"
#include "core/mock/mock_reply_reader.h"
#include "core/mock/mock_strict_reader.h"

namespace holysheep {
namespace {

// The document's three first; a longer pool goes on counting.
constexpr std::string_view kDefaultNames[] = {"primary", "backup-1", "backup-2"};
constexpr std::size_t kNameBytesMax = 64;
constexpr std::int64_t kRecordMax = 10'000;
constexpr std::int64_t kRecordBodyBytesMax = 64 * 1024;
// One thread serves them all; far above what a test pool needs.
constexpr std::size_t kEndpointsMax = 1'000;
constexpr std::int64_t kCountMax = 1'000'000'000'000;

constexpr MockChoice<MockThen> kThens[] = {
    {"ok", MockThen::ok}, {"repeat", MockThen::repeat}, {"last", MockThen::last}};
constexpr MockChoice<bool> kAlgorithms[] = {{"bucket", false}, {"window", true}};
constexpr MockChoice<bool> kScopes[] = {{"key_model", false}, {"endpoint", true}};

// The same names as a client's configuration allows: the two must fit together.
bool is_endpoint_name(std::string_view name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  };
  return !name.empty() && name.size() <= kNameBytesMax &&
         std::all_of(name.begin(), name.end(), allowed);
}

class ScriptReader {
 public:
  bool ok() const { return strict_.ok(); }
  Error error() const { return strict_.error(); }

  void script(const JsonValue& root, MockScript& out);
  void endpoint(const JsonValue& value, MockEndpointScript& out, bool running);

 private:
  void address(const JsonValue& value, MockEndpointScript& out);
  void replies(const JsonValue& value, MockFamily usual, MockEndpointScript& out);
  void limits(const JsonValue& value, MockLimits& out);

  MockStrictReader strict_;
  MockReplyReader replies_{strict_};
};

void ScriptReader::address(const JsonValue& value, MockEndpointScript& out) {
  strict_.text(value.member("host"), out.host);
  if (!out.host.starts_with("127.") && out.host != "::1" && out.host != "localhost") {
    strict_.fail(value.member("host").path(),
                 "expected a loopback address: \"127.0.0.1\", \"::1\" or \"localhost\"");
  }
  strict_.integer(value.member("port"), 0, 65535, out.port);
  strict_.boolean(value.member("tls"), out.tls);
}

void ScriptReader::replies(const JsonValue& value, MockFamily usual, MockEndpointScript& out) {
  if (!value.exists() || !strict_.ok()) return;
  if (!value.is_array()) return strict_.expected(value, "an array of replies");
  for (const JsonValue& each : value.elements())
    replies_.reply(each, usual, out.replies.emplace_back());
}

void ScriptReader::limits(const JsonValue& value, MockLimits& out) {
  if (!value.exists() || !strict_.ok()) return;
  if (!strict_.names(value, {"rpm", "tpm", "rpd", "tpd", "concurrency", "tokens_per_request",
                             "algorithm", "scope", "group"})) {
    return;
  }
  strict_.integer(value.member("rpm"), 1, kCountMax, out.rpm);
  strict_.integer(value.member("tpm"), 1, kCountMax, out.tpm);
  strict_.integer(value.member("rpd"), 1, kCountMax, out.rpd);
  strict_.integer(value.member("tpd"), 1, kCountMax, out.tpd);
  strict_.integer(value.member("concurrency"), 1, kCountMax, out.concurrency);
  strict_.integer(value.member("tokens_per_request"), 1, kCountMax, out.tokens_per_request);
  strict_.choice(value.member("algorithm"), kAlgorithms, out.window);
  strict_.choice(value.member("scope"), kScopes, out.per_endpoint);
  strict_.text(value.member("group"), out.group);
}

void ScriptReader::endpoint(const JsonValue& value, MockEndpointScript& out, bool running) {
  const bool known =
      running ? strict_.names(value, {"key", "models", "family", "replies", "then", "default",
                                      "fail", "fail_rate", "limits", "refuse", "half_open"})
              : strict_.names(value, {"name", "host", "port", "tls", "key", "models", "family",
                                      "replies", "then", "default", "fail", "fail_rate", "limits",
                                      "refuse", "half_open"});
  if (!known) return;
  if (!running) {
    strict_.text(value.member("name"), out.name);
    if (!is_endpoint_name(out.name)) {
      strict_.fail(value.member("name").path(),
                   "expected up to 64 letters, digits, \".\", \"_\" and \"-\"");
    }
    address(value, out);
  }
  strict_.text(value.member("key"), out.key);
  strict_.texts(value.member("models"), out.models);
  replies_.family(value.member("family"), out.family);
  replies(value.member("replies"), out.family, out);
  strict_.choice(value.member("then"), kThens, out.then);
  if (value.member("default").exists())
    replies_.reply(value.member("default"), out.family, out.healthy);
  if (value.member("fail").exists()) replies_.reply(value.member("fail"), out.family, out.fail);
  const JsonValue rate = value.member("fail_rate");
  if (rate.exists() && strict_.ok()) {
    out.fail_rate = rate.number_or(-1);
    if (out.fail_rate < 0 || out.fail_rate > 1)
      strict_.fail(rate.path(), "expected a number from 0 to 1");
  }
  limits(value.member("limits"), out.limits);
  strict_.boolean(value.member("refuse"), out.refuse);
  strict_.boolean(value.member("half_open"), out.half_open);
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
  if (!strict_.names(root, {"version", "seed", "record", "record_max", "record_body_bytes_max",
                            "endpoints"})) {
    return;
  }
  if (root.member("version").integer_or(0) != 1) strict_.fail("version", "expected 1");
  strict_.integer(root.member("seed"), 0, INT64_MAX, out.seed);
  strict_.boolean(root.member("record"), out.record);
  strict_.integer(root.member("record_max"), 1, kCountMax, out.record_max);
  strict_.integer(root.member("record_body_bytes_max"), 0, kCountMax, out.record_body_bytes_max);
  const JsonValue list = root.member("endpoints");
  if (!strict_.ok() || !list.exists()) return;
  if (!list.is_array() || list.size() == 0) return strict_.expected(list, "an array of endpoints");
  if (list.size() > kEndpointsMax) {
    return strict_.fail("endpoints", "expected at most " + std::to_string(kEndpointsMax));
  }
  std::set<std::string> seen;
  for (const JsonValue& each : list.elements()) {
    MockEndpointScript& made = out.endpoints.emplace_back();
    made.name = default_name(out.endpoints.size() - 1);
    endpoint(each, made, false);
    if (!seen.insert(made.name).second) strict_.fail(each.path(), "the name stands twice");
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
