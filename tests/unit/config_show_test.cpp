// The configuration as text: redacted, canonical, described; and secrets kept out of all of it.
#include "core/config_show.h"

#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include "core/config_policy.h"
#include "core/config_table.h"
#include "core/json.h"
#include "core/json_scan.h"

using namespace holysheep;

namespace {

constexpr const char* kFull = R"({"version":1,"policy":"document","api_key":"sk-client/+\"key",
    "endpoints":["primary",
      {"name":"azure","url":"https://a.example","api_key":"sk-own-key","auth":"api-key",
       "headers":{"X-Token":"Bearer hdr-secret"},"query":{"sig":"query secret"},"proxy":"http://u:pw-secret@p:1",
       "models":["m"],"model_names":{"m":"M"},"labels":{"region":"eu"},"path":"/d/{model}{path}",
       "time_limits":{"idle_ms":5},"weight":0.5,"priority":2,"quota_group":"g"}],
    "allow":["primary","region:eu"],"fallback_models":{"a":["b"]},
    "prices":{"a":{"input":"0.42","output":2}},
    "retry":{"overrides":{"overloaded":{"max_attempts":5,"base_delay_ms":2000}}},"isolated":true})";

std::shared_ptr<const Config> parse(const std::string& text) {
  auto config = parse_config(text, Environment());
  if (!config.ok()) FAIL(config.error().message);
  return config.value();
}

bool holds(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("what is shown is complete JSON without a secret") {
  const auto config = parse(kFull);
  const std::string shown = show_config(*config);
  CHECK_FALSE(scan_json(shown).has_value());
  for (const char* secret : {"sk-client", "sk-own", "hdr-secret", "query secret", "pw-secret"}) {
    CHECK_FALSE(holds(shown, secret));
  }
  for (const char* part :
       {R"("api_key":"…")", R"("X-Token":"…")", R"("sig":"…")", R"("policy":"document")",
        R"("input":"0.42")", R"("max_attempts":3)", R"("total_ms":0)", R"("calls_max":50000)",
        R"("overloaded":{"max_attempts":5,"base_delay_ms":2000})",
        R"("url":"https://a.example")"}) {
    INFO(part);
    CHECK(holds(shown, part));
  }
}

TEST_CASE("the canonical text reads back to itself: nothing is lost, nothing is added") {
  for (const char* text : {kFull, R"({"version":1,"api_key":"sk-0123"})",
                           R"({"version":1,"base_url":"http://localhost:1","auth":"none"})"}) {
    const auto config = parse(text);
    const auto again = parse(config->identity);
    CHECK(again->identity == config->identity);
  }
}

TEST_CASE("equal configurations have one identity, whatever the order and the spelling") {
  const auto identity = [](const char* text) { return parse(text)->identity; };
  const std::string base = identity(
      R"({"version":1,"api_key":"sk-0123","headers":{"A":"1","B":"2"},
          "allow":["primary","backup-1"]})");
  CHECK(base == identity(R"( {"allow":["backup-1","primary","primary"],"headers":{"B":"2","A":"1"},
      "policy":"smart","api_key":"sk-0123","version":1,"x-note":"ignored",
      "endpoints":["primary","backup-1",{"url":"https://backup2.holysheep.ai/v1/chat/completions"}]})"));
  CHECK(base != identity(R"({"version":1,"api_key":"sk-0124","headers":{"A":"1","B":"2"},
                             "allow":["primary","backup-1"]})"));
  CHECK(base != identity(R"({"version":1,"api_key":"sk-0123","headers":{"A":"1","B":"3"},
                             "allow":["primary","backup-1"]})"));
}

TEST_CASE("secrets are scrubbed as they are, URL-encoded and as JSON writes them") {
  const auto config = parse(kFull);
  CHECK(scrub(*config, "bad key sk-client/+\"key!") == "bad key …!");
  CHECK(scrub(*config, "?k=sk-client%2F%2B%22key&") == "?k=…&");
  CHECK(scrub(*config, "?k=sk-client%2f%2b%22key&") == "?k=…&");
  CHECK(scrub(*config, R"({"m":"sk-client/+\"key"})") == R"({"m":"…"})");
  CHECK(scrub(*config, R"({"m":"sk-client\/+\"key"})") == R"({"m":"…"})");
  CHECK(scrub(*config, "sig=query+secret sig=query%20secret query secret") == "sig=… sig=… …");
  CHECK(scrub(*config, "Bearer hdr-secret and hdr-secret") == "… and …");
  CHECK(scrub(*config, "sk-own-key") == "…");
  // One that was cut off with its text is found where the text says that it was cut.
  CHECK(scrub(*config, "cut in sk-own-", nullptr, nullptr, true) == "cut in …");
  CHECK(scrub(*config, "cut in sk-own-") == "cut in sk-own-");
  CHECK(scrub(*config, "a key begins with sk-", nullptr, nullptr, true) == "a key begins with sk-");
  CHECK(scrub(*config, "nothing here") == "nothing here");
}

TEST_CASE("a secret that is too short to be one does not riddle messages") {
  const auto config = parse(R"({"version":1,"api_key":"abc","headers":{"X-A":"e"}})");
  CHECK(scrub(*config, "the cause: abc") == "the cause: abc");
}

TEST_CASE("the table is sound: sentences, defaults in range, one row per key and scope") {
  std::set<std::string> seen;
  for (const ConfigKey& key : config_keys()) {
    INFO(key.path);
    CHECK(key.scopes != 0);
    CHECK(key.sentence.back() == '.');
    for (const Scope scope : {Scope::client, Scope::endpoint, Scope::call}) {
      if (!key.holds_for(scope)) continue;
      CHECK(seen.insert(std::to_string(static_cast<int>(scope)) + std::string(key.path)).second);
      CHECK(find_config_key(key.path, scope) == &key);
    }
    if (key.type == KeyType::integer && !key.standard.empty() && key.standard != kByPolicy) {
      CHECK(std::stod(std::string(key.standard)) >= key.least);
      CHECK(std::stod(std::string(key.standard)) <= key.most);
    }
    if (key.standard == kByPolicy) CHECK_FALSE(policy_value(smart_policy(), key.path).empty());
    const std::size_t dot = key.path.rfind('.');
    if (dot == std::string_view::npos) continue;
    std::string_view parent = key.path.substr(0, dot);
    if (parent.ends_with(".*")) parent.remove_suffix(2);
    CHECK(find_config_key(parent, Scope::client) != nullptr);
  }
  for (const PolicyField& field : policy_fields()) {
    INFO(field.path);
    CHECK(find_config_key(field.path, Scope::client) != nullptr);
  }
  for (const LimitField& field : limit_fields()) {
    INFO(field.name);
    CHECK(find_config_key("limits." + std::string(field.name), Scope::client) != nullptr);
  }
  for (const TimeLimitField& field : time_limit_fields()) {
    INFO(field.name);
    CHECK(find_config_key("time_limits." + std::string(field.name), Scope::call) != nullptr);
  }
}

TEST_CASE("the schema is JSON and knows every key of the client") {
  const auto document = JsonDocument::parse(config_schema(), "schema", Status::internal);
  REQUIRE(document.ok());
  const JsonValue root = document.value().root();
  CHECK(root.member("$schema").string_or("") == "https://json-schema.org/draft/2020-12/schema");
  CHECK_FALSE(root.member("additionalProperties").boolean_or(true));
  const JsonValue defs = root.member("$defs");
  const std::pair<Scope, JsonValue> scopes[] = {{Scope::client, root},
                                                {Scope::endpoint, defs.member("endpoint")},
                                                {Scope::call, defs.member("call_options")}};
  for (const ConfigKey& key : config_keys()) {
    for (const auto& [scope, object] : scopes) {
      if (!key.holds_for(scope) || key.path.find('.') != std::string_view::npos) continue;
      INFO(key.path);
      CHECK(object.member("properties").member(key.path).exists());
    }
  }
  CHECK(root.member("properties")
            .member("retry")
            .member("properties")
            .member("overrides")
            .member("properties")
            .member("overloaded")
            .member("properties")
            .member("max_attempts")
            .exists());
}

TEST_CASE("CONFIGURATION.md is what the table says", "[describe]") {
  const std::string path = std::string(HOLYSHEEP_VECTORS) + "/../../CONFIGURATION.md";
  if (std::getenv("HOLYSHEEP_REGENERATE") != nullptr) {  // NOLINT(concurrency-mt-unsafe)
    std::ofstream(path, std::ios::binary) << config_markdown();
  }
  std::ostringstream found;
  found << std::ifstream(path, std::ios::binary).rdbuf();
  INFO("stale: run HOLYSHEEP_REGENERATE=1 build/debug/bin/test_unit \"[describe]\"");
  CHECK(found.str() == config_markdown());
}

TEST_CASE("the example in CONFIGURATION.md is a good configuration") {
  const std::string text = config_markdown();
  const std::size_t begin = text.find("```json\n") + 8;
  Environment environment;
  environment.variables["HOLYSHEEP_API_KEY"] = "sk-0123";
  const auto config =
      parse_config(text.substr(begin, text.find("```", begin) - begin), environment);
  CHECK(config.ok());
}
