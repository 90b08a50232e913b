#include "core/config_network.h"

#include <algorithm>
#include <array>

#include "core/config_check.h"
#include "core/config_policy.h"
#include "core/config_secrets.h"
#include "core/endpoint_url.h"
#include "core/proxy.h"

namespace holysheep {
namespace {

// Where distributions keep their certificates; the first that exists is taken.
constexpr std::array<std::string_view, 7> kCaFiles = {{
    "/etc/ssl/certs/ca-certificates.crt",                 // Debian, Ubuntu, Alpine, Arch
    "/etc/pki/tls/certs/ca-bundle.crt",                   // Fedora, RHEL
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  // RHEL 7 and later
    "/etc/ssl/ca-bundle.pem",                             // openSUSE
    "/etc/pki/tls/cacert.pem",                            // OpenELEC
    "/etc/ssl/cert.pem",                                  // macOS, FreeBSD, OpenBSD
    "/usr/local/share/certs/ca-root-nss.crt",             // FreeBSD's package
}};

std::string_view variable(const Environment& environment, const std::string& name) {
  const auto found = environment.variables.find(name);
  return found == environment.variables.end() ? std::string_view() : found->second;
}

// A value that stands at the endpoint or, for all, at the client; with the path of the one taken.
struct Setting {
  JsonValue value;
  std::string path;
};

Setting setting(const JsonValue& object, const JsonValue& root, std::string_view name) {
  JsonValue own = object.member(name);
  JsonValue value = own.exists() ? own : root.member(name);
  return {value, value.path()};
}

std::optional<Error> check_proxy(std::string_view proxy, std::string_view path) {
  constexpr std::array<std::string_view, 6> kSchemes = {"http",    "https",  "socks4",
                                                        "socks4a", "socks5", "socks5h"};
  const std::size_t colon = proxy.find("://");
  if (colon != std::string_view::npos &&
      std::find(kSchemes.begin(), kSchemes.end(), proxy.substr(0, colon)) == kSchemes.end()) {
    return config_error(path,
                        "expected a proxy with http, https, socks4, socks4a, socks5 or socks5h");
  }
  const std::string_view rest = colon == std::string_view::npos ? proxy : proxy.substr(colon + 3);
  const std::string_view host = rest.substr(rest.rfind('@') + 1);  // npos + 1 is 0
  const bool bad = std::any_of(rest.begin(), rest.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    // What could be read as another host than libcurl's.
    return byte <= 0x20 || byte == 0x7f || c == '?' || c == '#' || c == '\\';
  });
  if (bad || host.empty() || host.front() == ':' || host.front() == '/') {
    return config_error(path, "expected a proxy's URL, as in http://proxy.example:3128");
  }
  return std::nullopt;
}

void add_proxy_secret(std::string_view proxy, std::vector<std::string>& secrets) {
  const std::size_t colon = proxy.find("://");
  if (colon != std::string_view::npos) proxy.remove_prefix(colon + 3);
  const std::size_t at = proxy.rfind('@');
  if (at == std::string_view::npos) return;
  const std::string_view user = proxy.substr(0, at);
  add_secret(secrets, user);
  const std::size_t separator = user.find(':');
  if (separator != std::string_view::npos) add_secret(secrets, user.substr(separator + 1));
}

// The names that other programs read, in their order. HTTP_PROXY is left out on purpose: a CGI
// server sets it from a request's Proxy header.
std::pair<std::string_view, std::string> environment_proxy(const Environment& environment,
                                                           std::string_view scheme) {
  const auto names = scheme == "https" ? std::vector<std::string>{"https_proxy", "HTTPS_PROXY"}
                                       : std::vector<std::string>{"http_proxy"};
  for (const std::string& name : names) {
    if (const auto value = variable(environment, name); !value.empty()) return {value, name};
  }
  for (const char* name : {"all_proxy", "ALL_PROXY"}) {
    if (const auto value = variable(environment, name); !value.empty()) return {value, name};
  }
  return {};
}

std::optional<Error> read_proxy(const JsonValue& object, const JsonValue& root,
                                const Environment& environment, EndpointConfig& endpoint,
                                std::vector<std::string>& secrets) {
  const Setting proxy = setting(object, root, "proxy");
  std::string path = proxy.path;
  bool passes_by = false;
  if (proxy.value.exists()) {
    endpoint.proxy = proxy.value.string_or("");
  } else {
    const auto [value, name] = environment_proxy(environment, endpoint.scheme);
    endpoint.proxy = value;
    path = name;
    endpoint.no_proxy = variable(environment, "no_proxy");
    if (endpoint.no_proxy.empty()) endpoint.no_proxy = variable(environment, "NO_PROXY");
    if (value.empty()) endpoint.no_proxy.clear();
    // Nobody who sets it for the world outside means servers on this machine.
    passes_by = is_loopback_host(endpoint.host);
  }
  const Setting no_proxy = setting(object, root, "no_proxy");
  if (no_proxy.value.exists()) endpoint.no_proxy = no_proxy.value.string_or("");
  if (endpoint.proxy.empty()) return std::nullopt;
  if (auto error = check_proxy(endpoint.proxy, path)) return error;
  if (passes_by || passes_proxy_by(endpoint.host, endpoint.no_proxy)) {
    endpoint.proxy.clear();
    endpoint.no_proxy.clear();
    return std::nullopt;
  }
  add_proxy_secret(endpoint.proxy, secrets);
  return std::nullopt;
}

std::optional<Error> read_file_name(const JsonValue& object, const JsonValue& root,
                                    const Environment& environment, std::string_view name,
                                    std::string& out) {
  const Setting file = setting(object, root, name);
  if (!file.value.exists()) return std::nullopt;
  out = file.value.string_or("");
  if (environment.file_exists && !environment.file_exists(out)) {
    return config_error(file.path, "the file cannot be read");
  }
  return std::nullopt;
}

std::optional<Error> find_ca_file(const JsonValue& root, const Environment& environment,
                                  std::string& out) {
  for (const char* name : {"SSL_CERT_FILE", "CURL_CA_BUNDLE"}) {
    const std::string_view value = variable(environment, name);
    if (value.empty()) continue;
    out = value;
    if (environment.file_exists && !environment.file_exists(out)) {
      return config_error(name, "the file that this environment variable names cannot be read");
    }
    return std::nullopt;
  }
  if (!environment.file_exists) return std::nullopt;
  for (const std::string_view candidate : kCaFiles) {
    if (!environment.file_exists(std::string(candidate))) continue;
    out = candidate;
    return std::nullopt;
  }
  std::string last(root.member("ca_file_default").string_or(""));
  if (!last.empty() && environment.file_exists(last)) out = std::move(last);
  return std::nullopt;
}

}  // namespace

std::optional<Error> read_network(const JsonValue& object, const JsonValue& root,
                                  const Environment& environment, const std::string& path,
                                  EndpointConfig& endpoint, std::vector<std::string>& secrets) {
  endpoint.http = http_version_from_name(setting(object, root, "http").value.string_or("auto"));
  if (auto error = read_proxy(object, root, environment, endpoint, secrets)) return error;
  const std::pair<std::string_view, std::string*> files[] = {{"ca_file", &endpoint.ca_file},
                                                             {"client_cert", &endpoint.client_cert},
                                                             {"client_key", &endpoint.client_key}};
  for (const auto& [name, out] : files) {
    if (auto error = read_file_name(object, root, environment, name, *out)) return error;
  }
  if (endpoint.client_cert.empty() != endpoint.client_key.empty()) {
    return config_error(path, "client_cert and client_key belong together: give both");
  }
  if (endpoint.scheme == "https" && endpoint.ca_file.empty()) {
    return find_ca_file(root, environment, endpoint.ca_file);
  }
  return std::nullopt;
}

}  // namespace holysheep
