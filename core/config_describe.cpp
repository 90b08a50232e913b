// The table as text: CONFIGURATION.md and the JSON Schema.
#include <cmath>

#include "core/config.h"
#include "core/config_check.h"
#include "core/config_policy.h"
#include "core/config_table.h"
#include "core/json.h"

namespace holysheep {
namespace {

std::string bound(double number) {
  JsonWriter json;
  if (number == std::floor(number)) {
    json.value(static_cast<std::int64_t>(number));
  } else {
    json.value(number);
  }
  return json.take();
}

std::string type_text(const ConfigKey& key) {
  switch (key.type) {
    case KeyType::boolean:
      return "true or false";
    case KeyType::integer:
      return key.least == key.most ? bound(key.least)
                                   : "integer, " + bound(key.least) + " to " + bound(key.most);
    case KeyType::number:
      return "number, " + bound(key.least) + " to " + bound(key.most);
    case KeyType::text:
      return "string";
    case KeyType::choice: {
      std::string out;
      for (const std::string_view each : split_choices(key.choices)) {
        out += (out.empty() ? "`" : ", `") + std::string(each) + "`";
      }
      return out;
    }
    case KeyType::text_list:
      return "array of strings";
    case KeyType::text_map:
      return "object of strings";
    case KeyType::object:
      return "object";
    case KeyType::object_map:
      return "object of objects";
    case KeyType::endpoints:
      return "array";
    case KeyType::credential:
      return "string, {\"env\"} or {\"file\"}";
    case KeyType::dollars:
      return "decimal";
    case KeyType::models:
      return "array, or object of arrays";
  }
  return {};
}

std::string default_text(const ConfigKey& key, Scope scope) {
  if (scope != Scope::client && key.holds_for(Scope::client)) return "the client's";
  if (key.standard.empty()) return "";
  if (key.standard != kByPolicy) return "`" + std::string(key.standard) + "`";
  const std::string smart = policy_value(smart_policy(), key.path);
  const std::string document = policy_value(document_policy(), key.path);
  return smart == document ? "`" + smart + "`" : "`" + smart + "`; document: `" + document + "`";
}

// '|' would end a table's cell.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c;
  }
  return out;
}

void append_section(std::string& out, Scope scope) {
  out += "| key | value | default | |\n|---|---|---|---|\n";
  for (const ConfigKey& key : config_keys()) {
    if (!key.holds_for(scope)) continue;
    out += "| `" + std::string(key.path) + "` | " + cell(type_text(key)) + " | " +
           cell(default_text(key, scope)) + " | " + cell(key.sentence) +
           (key.secret ? " *Secret.*" : "") + " |\n";
  }
}

constexpr std::string_view kIntroduction =
    R"(<!-- Made from core/config_table.cpp: HOLYSHEEP_REGENERATE=1 test_unit "[describe]" -->
# Configuration

One JSON object. `{"version": 1}`, or nothing at all, is the document's three endpoints with the key
from `HOLYSHEEP_API_KEY`. Reading is strict: an unknown key is an error that names its path and the
nearest name. Keys that begin with `x-` are let through, for notes and tools of your own. Names
carry their unit last: `_ms` milliseconds, `_bytes` bytes.

```json
{
  "version": 1,
  "api_key": {"env": "HOLYSHEEP_API_KEY"},
  "endpoints": [
    "primary",
    "backup-1",
    {"name": "local", "url": "http://localhost:8000/v1", "auth": "none"}
  ],
  "fallback_models": ["deepseek-v3.2"],
  "time_limits": {"total_ms": 120000}
}
```

Where a key may go: the client's key goes to one host, that of the first endpoint without a key of
its own (and to the document's three together). Every other host names its own key or says
`"share_key": true`. A key, header or query value over plain http to an address that is neither
loopback nor private is an error unless `allow_insecure` is set; a name counts as public, but for
`localhost` and `*.localhost`. Keys and the values of `headers` and `query` are replaced by `…` in
every text that this library makes, if they have at least 4 bytes.

)";

constexpr std::string_view kEnvironment = R"(
## Environment

Read once, when a client is opened. `OPENAI_*` variables are not read.

| variable | |
|---|---|
| `HOLYSHEEP_API_KEY` | the client's key, if the configuration has none |
| `HOLYSHEEP_LOG` | `debug`, `info`, `warning`, `error` or `off`: log records on standard error |
| `https_proxy`, `HTTPS_PROXY`, `http_proxy` | the proxy, if the configuration has none |
| `all_proxy`, `ALL_PROXY` | the same, if none of those is set; `HTTP_PROXY` is not read |
| `no_proxy`, `NO_PROXY` | hosts that need no proxy, if the proxy comes from here too |
| `SSL_CERT_FILE`, `CURL_CA_BUNDLE` | trusted certificates, if the configuration has no `ca_file` |
)";

// -- JSON Schema ---------------------------------------------------------------------------------

bool is_child(std::string_view path, std::string_view prefix) {
  return path.size() > prefix.size() && path.substr(0, prefix.size()) == prefix &&
         path.find('.', prefix.size()) == std::string_view::npos;
}

class Schema {
 public:
  std::string write() {
    json_.begin_object();
    json_.member("$schema", "https://json-schema.org/draft/2020-12/schema");
    json_.member("title", "HolySheep configuration");
    object(Scope::client, "");
    json_.key("required").begin_array().value("version").end_array();
    json_.key("$defs").begin_object();
    json_.key("endpoint").begin_object();
    object(Scope::endpoint, "");
    json_.end_object();
    json_.key("call_options").begin_object();
    object(Scope::call, "");
    json_.end_object().end_object().end_object();
    return json_.take();
  }

 private:
  // Members of an object schema, into one that is open already.
  void object(Scope scope, const std::string& prefix) {
    json_.member("type", "object").key("properties").begin_object();
    for (const ConfigKey& key : config_keys()) {
      if (!key.holds_for(scope) || !is_child(key.path, prefix)) continue;
      json_.key(key.path.substr(prefix.size())).begin_object();
      json_.member("description", key.sentence);
      value(key, scope);
      json_.end_object();
    }
    json_.end_object();
    json_.key("patternProperties").begin_object().key("^x-").raw("true").end_object();
    json_.member("additionalProperties", false);
  }

  void value(const ConfigKey& key, Scope scope) {
    if (scope == Scope::client && !key.standard.empty() && key.standard != kByPolicy) {
      json_.key("default").raw(key.standard);
    }
    switch (key.type) {
      case KeyType::boolean:
        json_.member("type", "boolean");
        return;
      case KeyType::integer:
        range("integer", key);
        return;
      case KeyType::number:
        range("number", key);
        return;
      case KeyType::text:
        text(key);
        return;
      case KeyType::choice:
        choice(key);
        return;
      case KeyType::text_list:
        texts(key);
        return;
      case KeyType::text_map:
        json_.member("type", "object").key("additionalProperties").begin_object();
        text(key);
        json_.end_object();
        return;
      case KeyType::object:
        object(scope, std::string(key.path) + ".");
        return;
      case KeyType::object_map:
        object_map(key, scope);
        return;
      case KeyType::endpoints:
        json_.member("type", "array").member("minItems", 1).key("items");
        json_.raw(R"({"anyOf":[{"type":"string"},{"$ref":"#/$defs/endpoint"}]})");
        return;
      case KeyType::credential:
        json_.key("anyOf").raw(
            R"([{"type":"string","minLength":1},)"
            R"({"type":"object","properties":{"env":{"type":"string","minLength":1}},)"
            R"("required":["env"],"additionalProperties":false},)"
            R"({"type":"object","properties":{"file":{"type":"string","minLength":1}},)"
            R"("required":["file"],"additionalProperties":false}])");
        return;
      case KeyType::dollars:
        json_.key("anyOf").raw(
            R"([{"type":"number","minimum":0},)"
            R"({"type":"string","pattern":"^([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?$"}])");
        return;
      case KeyType::models:
        models(key);
        return;
    }
  }

  void range(std::string_view type, const ConfigKey& key) {
    json_.member("type", type);
    json_.key("minimum").raw(bound(key.least)).key("maximum").raw(bound(key.most));
  }

  void text(const ConfigKey& key) {
    json_.member("type", "string");
    if (key.least > 0) json_.key("minLength").raw(bound(key.least));
    if (key.most > 0) json_.key("maxLength").raw(bound(key.most));
  }

  void choice(const ConfigKey& key) {
    json_.key("enum").begin_array();
    for (const std::string_view each : split_choices(key.choices))
      json_.value(each);
    json_.end_array();
  }

  void texts(const ConfigKey& key) {
    json_.member("type", "array");
    if (key.least > 0) json_.member("minItems", 1);
    json_.key("items").raw(R"({"type":"string","minLength":1})");
  }

  void object_map(const ConfigKey& key, Scope scope) {
    const std::string prefix = std::string(key.path) + ".*.";
    const auto names = split_choices(key.choices);
    json_.member("type", "object");
    if (names.empty()) {
      json_.key("additionalProperties").begin_object();
      object(scope, prefix);
      json_.end_object();
      return;
    }
    json_.key("properties").begin_object();
    for (const std::string_view name : names) {
      json_.key(name).begin_object();
      object(scope, prefix);
      json_.end_object();
    }
    json_.end_object();
    json_.key("patternProperties").begin_object().key("^x-").raw("true").end_object();
    json_.member("additionalProperties", false);
  }

  void models(const ConfigKey& key) {
    json_.key("anyOf").begin_array().begin_object();
    texts(key);
    json_.end_object().begin_object();
    json_.member("type", "object").key("additionalProperties").begin_object();
    texts(key);
    json_.end_object().end_object().end_array();
  }

  JsonWriter json_;
};

}  // namespace

std::string config_markdown() {
  std::string out(kIntroduction);
  out += "## Client\n\n";
  append_section(out, Scope::client);
  out += "\n## Endpoint\n\nAn object in `endpoints`.\n\n";
  append_section(out, Scope::endpoint);
  out += "\n## Options of a call\n\nThe `options` of one request.\n\n";
  append_section(out, Scope::call);
  out += kEnvironment;
  return out;
}

std::string config_schema() {
  return Schema().write();
}

}  // namespace holysheep
