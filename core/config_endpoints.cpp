#include "core/config_endpoints.h"

#include <algorithm>
#include <set>

#include "core/config_check.h"
#include "core/config_network.h"
#include "core/config_policy.h"
#include "core/config_prices.h"
#include "core/config_secrets.h"
#include "core/endpoint_url.h"
#include "core/headers.h"
#include "core/http_field.h"
#include "core/proxy.h"

namespace holysheep {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

// An endpoint on its way: what it says itself, and where it says it.
struct Draft {
  EndpointConfig endpoint;
  JsonValue object;      // null for one that is a name or a URL
  std::string path;      // "endpoints[1]"; "" for a pool that nobody listed
  std::string url_path;  // where its URL stands, for errors
  std::optional<bool> share_key;

  std::string at(std::string_view name) const {
    return path.empty() ? std::string(name) : path + "." + std::string(name);
  }
};

const DocumentEndpoint* document_endpoint(std::string_view name) {
  for (const DocumentEndpoint& each : kDocumentEndpoints) {
    if (each.name == name) return &each;
  }
  return nullptr;
}

// primary, backup-1, backup-2, …: the document's way of naming.
std::string name_by_position(std::size_t index) {
  return index == 0 ? "primary" : "backup-" + std::to_string(index);
}

bool is_endpoint_name(std::string_view name) {
  constexpr std::size_t kNameBytesMax = 64;  // names become metric labels and CLI columns
  return !name.empty() && name.size() <= kNameBytesMax &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '.' || c == '_' || c == '-';
         });
}

std::optional<Error> set_url(std::string_view url, Draft& draft) {
  auto parsed = parse_endpoint_url(url);
  if (!parsed.ok()) return config_error(draft.url_path, parsed.error().message);
  EndpointConfig& endpoint = draft.endpoint;
  endpoint.base_url = parsed.value().base_url;
  endpoint.scheme = parsed.value().scheme;
  endpoint.host = parsed.value().host;
  endpoint.port = parsed.value().port;
  return std::nullopt;
}

std::vector<std::string_view> document_names() {
  std::vector<std::string_view> names;
  for (const DocumentEndpoint& each : kDocumentEndpoints)
    names.push_back(each.name);
  return names;
}

// Name and URL of one element of `endpoints`.
std::optional<Error> draft_element(const JsonValue& element, std::size_t index, Draft& draft) {
  draft.path = "endpoints[" + std::to_string(index) + "]";
  draft.url_path = draft.path;
  draft.endpoint.name = name_by_position(index);
  if (element.is_string()) {
    const std::string_view text = element.string_or("");
    if (const DocumentEndpoint* known = document_endpoint(text)) {
      draft.endpoint.name = known->name;
      return set_url(known->url, draft);
    }
    if (text.find("://") == std::string_view::npos) {
      return config_error(draft.path, "expected a URL, an object or one of the names " +
                                          list_choices(document_names()) +
                                          did_you_mean(text, document_names()));
    }
    return set_url(text, draft);
  }
  draft.object = element;
  const JsonValue name = element.member("name");
  if (name.exists()) {
    draft.endpoint.name = name.string_or("");
    if (!is_endpoint_name(draft.endpoint.name)) {
      return config_error(draft.at("name"),
                          "expected 1 to 64 letters, digits, dots, underscores or hyphens");
    }
  }
  const JsonValue url = element.member("url");
  if (url.exists()) {
    draft.url_path = draft.at("url");
    return set_url(url.string_or(""), draft);
  }
  const DocumentEndpoint* known = name.exists() ? document_endpoint(draft.endpoint.name) : nullptr;
  if (known == nullptr) return config_error(draft.path, "has no url");
  return set_url(known->url, draft);
}

Result<std::vector<Draft>> draft_endpoints(const JsonValue& root) {
  std::vector<Draft> drafts;
  const JsonValue base_url = root.member("base_url");
  const JsonValue endpoints = root.member("endpoints");
  if (base_url.exists() && endpoints.exists()) {
    return config_error("base_url", "is a pool of one endpoint; give it or endpoints, not both");
  }
  if (base_url.exists()) {
    Draft& draft = drafts.emplace_back();
    draft.endpoint.name = name_by_position(0);
    draft.url_path = "base_url";
    if (auto error = set_url(base_url.string_or(""), draft)) return *error;
  } else if (endpoints.exists()) {
    const auto elements = endpoints.elements();
    for (std::size_t i = 0; i < elements.size(); ++i) {
      if (auto error = draft_element(elements[i], i, drafts.emplace_back())) return *error;
    }
  } else {
    for (const DocumentEndpoint& each : kDocumentEndpoints) {
      Draft& draft = drafts.emplace_back();
      draft.endpoint.name = each.name;
      if (auto error = set_url(each.url, draft)) return *error;
    }
  }
  std::set<std::string_view> names;
  for (const Draft& draft : drafts) {
    if (!names.insert(draft.endpoint.name).second) {
      return config_error(draft.path, "another endpoint is named \"" + draft.endpoint.name +
                                          "\" already; give it a name of its own");
    }
  }
  return drafts;
}

std::vector<std::string> read_texts(const JsonValue& array) {
  std::vector<std::string> out;
  for (const JsonValue& element : array.elements())
    out.emplace_back(element.string_or(""));
  return out;
}

std::map<std::string, std::string> read_map(const JsonValue& object) {
  std::map<std::string, std::string> out;
  for (const auto& [name, value] : object.members())
    out[name] = value.string_or("");
  return out;
}

std::optional<Error> read_headers(const JsonValue& object, Fields& out) {
  for (const auto& [name, value] : object.members()) {
    const std::string path = value.path();
    if (!is_token(name)) return config_error(path, "is no name of an HTTP header");
    if (const std::string_view refusal = header_refusal(name); !refusal.empty()) {
      return config_error(path, "cannot be set: it " + std::string(refusal));
    }
    if (equals_ignore_case(name, "Content-Type")) {
      return config_error(path, "cannot be set: it is made from the request");
    }
    if (!is_field_value(value.string_or(""))) {
      return config_error(path, "holds a control character");
    }
    for (const auto& [other, unused] : out) {
      if (equals_ignore_case(other, name)) return config_error(path, "is given twice");
    }
    out.emplace_back(name, value.string_or(""));
  }
  return std::nullopt;
}

// Those of the client join where the endpoint does not say otherwise. Sorted: the order means
// nothing.
void merge(Fields& own, const Fields& client, bool ignore_case) {
  for (const auto& field : client) {
    const bool taken = std::any_of(own.begin(), own.end(), [&](const auto& each) {
      return ignore_case ? equals_ignore_case(each.first, field.first) : each.first == field.first;
    });
    if (!taken) own.push_back(field);
  }
  std::sort(own.begin(), own.end());
}

std::optional<Error> check_template(std::string_view path, std::string_view where) {
  std::string_view rest = path;
  while (!rest.empty()) {
    const std::size_t open = rest.find_first_of("{}");
    if (open == std::string_view::npos) break;
    const std::string_view from = rest.substr(open);
    const bool known = from.substr(0, 7) == "{model}" || from.substr(0, 6) == "{path}";
    if (!known) return config_error(where, "expected no other braces than {model} and {path}");
    rest = from.substr(from.find('}') + 1);
  }
  const bool begins = path.front() == '/' || path.substr(0, 6) == "{path}";
  if (!begins) return config_error(where, "expected a path that begins with / or {path}");
  const bool bad = std::any_of(path.begin(), path.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte <= 0x20 || byte >= 0x7f;
  });
  if (bad) return config_error(where, "holds a character that must be percent-encoded");
  if (path.find_first_of("?#") != std::string_view::npos) {
    return config_error(where, "a path has no query or fragment: use the key `query`");
  }
  if ((std::string(path) + "/").find("/../") != std::string::npos) {
    return config_error(where, "has a .. segment");
  }
  return std::nullopt;
}

std::string_view auth_header(Auth auth) {
  switch (auth) {
    case Auth::bearer:
      return "Authorization";
    case Auth::api_key:
      return "api-key";
    case Auth::x_api_key:
      return "x-api-key";
    case Auth::none:
      return {};
  }
  return {};
}

class EndpointReader {
 public:
  EndpointReader(const JsonValue& root, const Environment& environment, Config& config,
                 std::optional<Error>& missing_key)
      : root_(root), environment_(environment), config_(config), missing_key_(missing_key) {}

  std::optional<Error> run() {
    auto drafts = draft_endpoints(root_);
    if (!drafts.ok()) return drafts.error();
    drafts_ = std::move(drafts).value();
    if (auto error = read_headers(root_.member("headers"), headers_)) return error;
    for (const auto& [name, value] : root_.member("query").members()) {
      query_.emplace_back(name, value.string_or(""));
    }
    for (Draft& draft : drafts_) {
      if (auto error = read_members(draft)) return error;
    }
    if (auto error = share_keys()) return error;
    for (Draft& draft : drafts_) {
      if (auto error = finish(draft)) return error;
      config_.endpoints.push_back(std::move(draft.endpoint));
    }
    return std::nullopt;
  }

 private:
  // The endpoint's own value, or the client's.
  JsonValue member(const Draft& draft, std::string_view name) const {
    const JsonValue own = draft.object.member(name);
    return own.exists() ? own : root_.member(name);
  }

  std::optional<Error> read_members(Draft& draft) {
    EndpointConfig& endpoint = draft.endpoint;
    const JsonValue& object = draft.object;
    auto key = read_key(object.member("api_key"), draft.at("api_key"), environment_,
                        config_.secrets, missing_key_);
    if (!key.ok()) return key.error();
    endpoint.key = std::move(key).value();
    endpoint.auth = auth_from_name(member(draft, "auth").string_or("bearer"));
    endpoint.allow_insecure = member(draft, "allow_insecure").boolean_or(false);
    if (auto error = read_headers(object.member("headers"), endpoint.headers)) return error;
    for (const auto& [name, value] : object.member("query").members()) {
      endpoint.query.emplace_back(name, value.string_or(""));
    }
    const JsonValue path = member(draft, "path");
    if (path.exists()) {
      endpoint.path = path.string_or("");
      if (auto error = check_template(endpoint.path, path.path())) return error;
      if (endpoint.path == "{path}") endpoint.path.clear();
    }
    endpoint.models = read_texts(object.member("models"));
    endpoint.model_names = read_map(object.member("model_names"));
    endpoint.weight = object.member("weight").number_or(1);
    endpoint.priority = static_cast<int>(object.member("priority").integer_or(0));
    endpoint.labels = read_map(object.member("labels"));
    endpoint.quota_group = object.member("quota_group").string_or("");
    endpoint.connections_max = object.member("connections_max").integer_or(0);
    read_time_limits(object.member("time_limits"), endpoint.time_limits);
    const JsonValue share = object.member("share_key");
    if (share.exists()) draft.share_key = share.boolean_or(false);
    if (draft.share_key == true && endpoint.key.kind != KeySource::Kind::none) {
      return config_error(draft.at("share_key"),
                          "the endpoint has an api_key of its own; the client's does not go there");
    }
    if (auto error = read_prices(object, endpoint.prices)) return error;
    return read_network(object, root_, environment_, draft.path, endpoint, config_.secrets);
  }

  // Plain http to an address that others may listen to.
  static bool exposed(const EndpointConfig& endpoint) {
    return endpoint.scheme == "http" && !is_local_host(endpoint.host) && !endpoint.allow_insecure;
  }

  // A proxy reads what goes through it in clear text.
  static bool exposed_to_proxy(const EndpointConfig& endpoint) {
    return endpoint.scheme == "http" && !endpoint.proxy.empty() && !endpoint.allow_insecure &&
           !is_local_host(proxy_host(endpoint.proxy));
  }

  static bool is_document_host(std::string_view host) {
    for (const DocumentEndpoint& each : kDocumentEndpoints) {
      if (each.url.substr(8, each.url.find('/', 8) - 8) == host) return true;
    }
    return false;
  }

  // The host that the client's key belongs to: of the first endpoint that would use it.
  const std::string* key_host() const {
    const std::string* fallback = nullptr;
    for (const Draft& draft : drafts_) {
      if (draft.endpoint.key.kind != KeySource::Kind::none || draft.share_key == false) continue;
      if (draft.endpoint.auth != Auth::none) return &draft.endpoint.host;
      if (fallback == nullptr && !exposed(draft.endpoint)) fallback = &draft.endpoint.host;
    }
    return fallback;
  }

  std::optional<Error> share_keys() {
    const std::string* host = key_host();
    for (Draft& draft : drafts_) {
      EndpointConfig& endpoint = draft.endpoint;
      if (endpoint.key.kind != KeySource::Kind::none) continue;
      const bool same =
          host != nullptr &&
          (endpoint.host == *host || (is_document_host(*host) && is_document_host(endpoint.host)));
      endpoint.share_key = draft.share_key.value_or(same);
      if (endpoint.share_key || endpoint.auth == Auth::none) continue;
      if (draft.share_key == false) {
        return config_error(draft.path,
                            "share_key is false: give the endpoint an api_key of its own");
      }
      return config_error(draft.path, "another host than \"" + *host +
                                          "\", where the client's key goes: give it an api_key of "
                                          "its own, or \"share_key\": true");
    }
    return std::nullopt;
  }

  std::optional<Error> finish(Draft& draft) {
    EndpointConfig& endpoint = draft.endpoint;
    if (endpoint.share_key) {
      merge(endpoint.headers, headers_, true);
      merge(endpoint.query, query_, false);
    } else {
      merge(endpoint.headers, {}, true);
      merge(endpoint.query, {}, false);
    }
    for (const auto& [name, value] : endpoint.headers) {
      add_header_secret(config_.secrets, value);
      if (!equals_ignore_case(name, auth_header(endpoint.auth))) continue;
      return config_error(draft.at("headers"),
                          name +
                              ": the key is sent in this header; to send another one set "
                              "\"auth\": \"none\"");
    }
    for (const auto& [name, value] : endpoint.query)
      add_secret(config_.secrets, value);
    const bool secrets =
        endpoint.auth != Auth::none || !endpoint.headers.empty() || !endpoint.query.empty();
    if (secrets && exposed_to_proxy(endpoint)) {
      return config_error(draft.url_path,
                          "a key, header or query value would go over plain http through the "
                          "proxy \"" +
                              proxy_host(endpoint.proxy) +
                              "\", which is neither loopback nor private: use https, name the "
                              "endpoint's host in no_proxy, or set \"allow_insecure\": true");
    }
    if (secrets && exposed(endpoint)) {
      return config_error(draft.url_path,
                          "a key, header or query value would go over plain http to \"" +
                              endpoint.host +
                              "\", which is neither loopback nor private: use https, or set "
                              "\"allow_insecure\": true");
    }
    if (endpoint.auth == Auth::none || key_of(endpoint, config_).kind != KeySource::Kind::none) {
      return std::nullopt;
    }
    if (!missing_key_) {
      missing_key_ = config_error(draft.path.empty() ? "api_key" : draft.path,
                                  "no API key: set api_key, or HOLYSHEEP_API_KEY in the "
                                  "environment (OPENAI_* variables are not read)",
                                  Status::no_key);
    }
    return std::nullopt;
  }

  const JsonValue& root_;
  const Environment& environment_;
  Config& config_;
  std::optional<Error>& missing_key_;
  std::vector<Draft> drafts_;
  Fields headers_;
  Fields query_;
};

}  // namespace

std::optional<Error> read_endpoints(const JsonValue& root, const Environment& environment,
                                    Config& config, std::optional<Error>& missing_key) {
  return EndpointReader(root, environment, config, missing_key).run();
}

const KeySource& key_of(const EndpointConfig& endpoint, const Config& config) {
  const bool own = endpoint.key.kind != KeySource::Kind::none || !endpoint.share_key;
  return own ? endpoint.key : config.api_key;
}

Result<KeySource> read_key(const JsonValue& value, std::string_view path,
                           const Environment& environment, std::vector<std::string>& secrets,
                           std::optional<Error>& missing_key) {
  KeySource key;
  if (!value.exists()) return key;
  const JsonValue file = value.member("file");
  if (file.exists()) {
    key.kind = KeySource::Kind::file;
    key.value = file.string_or("");
    if (!environment.load_key_file) return key;
    const auto content = environment.load_key_file(key.value);
    if (!content.ok()) return config_error(std::string(path) + ".file", content.error().message);
    add_secret(secrets, content.value());
    return key;
  }
  key.kind = KeySource::Kind::text;
  std::string where(path);
  const JsonValue variable = value.member("env");
  if (variable.exists()) {
    where += ".env";
    const std::string name(variable.string_or(""));
    const auto found = environment.variables.find(name);
    if (found == environment.variables.end() || found->second.empty()) {
      // Not named: people put the key itself here. The empty key stands for it until the end.
      if (!missing_key) {
        missing_key = config_error(where, "the environment variable that it names is not set",
                                   Status::no_key);
      }
      return key;
    }
    key.value = found->second;
  } else {
    key.value = value.string_or("");
  }
  if (const std::string_view fault = key_fault(key.value); !fault.empty()) {
    return config_error(where, "the key " + std::string(fault));
  }
  add_secret(secrets, key.value);
  return key;
}

}  // namespace holysheep
