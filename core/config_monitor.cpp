#include "core/config_monitor.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

#include "core/config.h"
#include "core/config_check.h"
#include "core/config_endpoints.h"
#include "core/config_secrets.h"
#include "core/config_table.h"
#include "core/decimal.h"
#include "core/endpoint_url.h"
#include "core/json.h"

namespace holysheep {
namespace {

constexpr std::string_view kUnix = "unix:";
// The kernel's sockaddr_un holds 108 bytes and a NUL.
constexpr std::size_t kUnixPathMax = 107;
// As many processes of one program as a machine has processors for.
constexpr int kPortsMax = 1024;
constexpr std::string_view kRedacted = "\u2026";

bool is_numeric(const std::string& host) {
  in_addr four{};
  in6_addr six{};
  return inet_pton(AF_INET, host.c_str(), &four) == 1 ||
         inet_pton(AF_INET6, host.c_str(), &six) == 1;
}

bool is_loopback(const std::string& host) {
  return host == "::1" || host.rfind("127.", 0) == 0;
}

// A whole number from 0 to 65535.
bool read_port(std::string_view text, int* port) {
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), *port);
  return fault == std::errc() && end == text.data() + text.size() && *port >= 0 && *port <= 65535;
}

// "9464" or "9464-9471".
bool read_ports(std::string_view text, ListenAddress& address) {
  const std::size_t dash = text.find('-');
  if (!read_port(text.substr(0, dash), &address.port)) return false;
  address.port_last = address.port;
  if (dash == std::string_view::npos) return true;
  return read_port(text.substr(dash + 1), &address.port_last) && address.port > 0 &&
         address.port_last >= address.port && address.port_last - address.port < kPortsMax;
}

std::int64_t integer_of(const JsonValue& root, std::string_view path) {
  return member_at(root, path).integer_or(standard_integer(path));
}

std::optional<Error> read_listen(const JsonValue& monitor, const Environment& environment,
                                 Config& config, std::optional<Error>& missing_key) {
  MonitorConfig& out = config.monitor;
  const JsonValue listen = monitor.member("listen");
  out.listen = listen.string_or("");
  auto token =
      read_key(monitor.member("token"), "monitor.token", environment, config.secrets, missing_key);
  if (!token.ok()) return token.error();
  out.token = std::move(token).value();
  for (const JsonValue& host : monitor.member("hosts").elements())
    out.hosts.emplace_back(host.string_or(""));
  if (out.listen.empty()) return std::nullopt;
  const std::optional<ListenAddress> address = parse_listen(out.listen);
  if (!address) {
    return config_error(listen.path(),
                        "expected a numeric address and a port as in 127.0.0.1:9464 or several as "
                        "in 127.0.0.1:9464-9471, \":0\" for a free port of this machine, or "
                        "unix:PATH");
  }
  if (!address->is_unix && !address->is_loopback && out.token.kind == KeySource::Kind::none) {
    return config_error(listen.path(),
                        "an address that other machines reach needs monitor.token too");
  }
  return std::nullopt;
}

std::optional<Error> read_webhook(const JsonValue& webhook, Config& config) {
  const JsonValue url = webhook.member("url");
  config.monitor.webhook_url = url.string_or("");
  config.monitor.webhook_format = webhook.member("format").string_or("generic") == "slack"
                                      ? WebhookFormat::slack
                                      : WebhookFormat::generic;
  if (config.monitor.webhook_url.empty()) {
    if (webhook.exists()) return config_error(webhook.path() + ".url", "is missing");
    return std::nullopt;
  }
  const std::string_view text = config.monitor.webhook_url;
  if (text.rfind("https://", 0) != 0 && text.rfind("http://", 0) != 0) {
    return config_error(url.path(), "expected a URL that begins with https:// or http://");
  }
  if (text.find_first_of(" #") != std::string_view::npos) {
    return config_error(url.path(), "expected a URL without spaces and \"#\"");
  }
  // The path of a webhook is what its service knows its owner by.
  const std::size_t path = text.find('/', text.find("://") + 3);
  const auto host = parse_endpoint_url(text.substr(0, path));
  if (!host.ok()) return config_error(url.path(), host.error().message);
  if (host.value().scheme == "http" && !is_local_host(host.value().host)) {
    return config_error(url.path(), "would go over plain http to \"" + host.value().host +
                                        "\", which is neither loopback nor private: use https");
  }
  if (path != std::string_view::npos) add_secret(config.secrets, text.substr(path));
  return std::nullopt;
}

std::optional<Error> read_budget(const JsonValue& root, Config& config) {
  const JsonValue budget = root.member("budget");
  const JsonValue amount = budget.member("usd_per_day");
  config.budget.stops = budget.member("action").string_or("warn") == "stop";
  config.budget.warn_percent = integer_of(root, "budget.warn_percent");
  if (!amount.exists()) {
    if (budget.exists()) return config_error(budget.path() + ".usd_per_day", "is missing");
    return std::nullopt;
  }
  const auto dollars =
      nano_dollars(amount.is_string() ? std::string(amount.string_or("")) : amount.dump());
  if (!dollars.ok()) return config_error(amount.path(), dollars.error().message);
  if (dollars.value() == 0) return config_error(amount.path(), "expected more than 0 dollars");
  config.budget.per_day = dollars.value();
  return std::nullopt;
}

}  // namespace

std::optional<ListenAddress> parse_listen(std::string_view text) {
  ListenAddress address;
  if (text.rfind(kUnix, 0) == 0) {
    address.is_unix = address.is_loopback = true;
    address.path = text.substr(kUnix.size());
    const bool good = !address.path.empty() && address.path.size() <= kUnixPathMax;
    return good ? std::optional(address) : std::nullopt;
  }
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  if (!read_ports(text.substr(colon + 1), address)) return std::nullopt;
  address.host = text.substr(0, colon);
  if (address.host.empty() || address.host == "localhost") address.host = "127.0.0.1";
  if (address.host.size() > 2 && address.host.front() == '[' && address.host.back() == ']') {
    address.host = address.host.substr(1, address.host.size() - 2);
  }
  if (!is_numeric(address.host)) return std::nullopt;
  address.is_loopback = is_loopback(address.host);
  return address;
}

std::optional<Error> read_monitor(const JsonValue& root, const Environment& environment,
                                  Config& config) {
  const JsonValue monitor = root.member("monitor");
  std::optional<Error> missing_key;
  if (auto error = read_listen(monitor, environment, config, missing_key)) return error;
  if (auto error = read_webhook(monitor.member("webhook"), config)) return error;
  config.monitor.name = monitor.member("name").string_or("");
  config.monitor.alert_threshold = integer_of(root, "monitor.alert_threshold");
  config.monitor.window = from_ms(integer_of(root, "monitor.window_ms"));
  config.monitor.status_page_url = monitor.member("status_page_url").string_or(kDocumentStatusPage);
  for (const std::string_view name :
       {"proxy", "no_proxy", "ca_file", "ca_file_default", "client_cert", "client_key"}) {
    const JsonValue value = root.member(name);
    if (!value.exists()) continue;
    config.monitor.network.append(",\"").append(name).append("\":").append(value.dump());
  }
  config.monitor.check_service = monitor.member("check_service").boolean_or(false);
  if (auto error = read_budget(root, config)) return error;
  return missing_key;
}

void write_monitor(JsonWriter& json, const Config& config, bool with_secrets) {
  const MonitorConfig& monitor = config.monitor;
  json.key("monitor").begin_object();
  if (!monitor.listen.empty()) json.member("listen", monitor.listen);
  if (monitor.token.kind == KeySource::Kind::text) {
    json.member("token", with_secrets ? std::string_view(monitor.token.value) : kRedacted);
  } else if (monitor.token.kind == KeySource::Kind::file) {
    json.key("token").begin_object().member("file", monitor.token.value).end_object();
  }
  if (!monitor.hosts.empty()) {
    json.key("hosts").begin_array();
    for (const std::string& host : monitor.hosts)
      json.value(host);
    json.end_array();
  }
  if (!monitor.name.empty()) json.member("name", monitor.name);
  json.member("alert_threshold", monitor.alert_threshold);
  json.member("window_ms", to_ms(monitor.window));
  if (!monitor.webhook_url.empty()) {
    json.key("webhook").begin_object();
    json.member("url", with_secrets ? std::string_view(monitor.webhook_url) : kRedacted);
    json.member("format", monitor.webhook_format == WebhookFormat::slack ? "slack" : "generic");
    json.end_object();
  }
  json.member("status_page_url", monitor.status_page_url);
  json.member("check_service", monitor.check_service);
  json.end_object();
  if (config.budget.per_day <= 0) return;
  json.key("budget").begin_object();
  json.member("usd_per_day", dollars_text(config.budget.per_day).substr(1));
  json.member("action", config.budget.stops ? "stop" : "warn");
  json.member("warn_percent", config.budget.warn_percent);
  json.end_object();
}

}  // namespace holysheep
