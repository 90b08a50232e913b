#include "core/endpoint_url.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "core/ip_address.h"

namespace holysheep {
namespace {

constexpr std::string_view kChatPath = "/chat/completions";  // the document's URLs end with it

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_hex(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  }
  return out;
}

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

Error complaint(std::string_view text) {
  return Error{Status::config, std::string(text)};
}

std::optional<Error> check_host(std::string_view host) {
  if (host.empty()) return complaint("the URL has no host");
  if (host.front() == '[') {
    if (!parse_ip_address(host)) {
      return complaint("the host in brackets is no IPv6 address");
    }
    return std::nullopt;
  }
  constexpr std::size_t kHostMax = 253;  // RFC 1035
  if (host.size() > kHostMax) return complaint("the host is longer than 253 characters");
  bool numeric = true;
  for (const char c : host) {
    const bool letter = (c >= 'a' && c <= 'z') || c == '-' || c == '_';
    if (!letter && !is_digit(c) && c != '.') {
      return complaint(
          "the host holds a character that no host name has (write names of other "
          "scripts as xn--…)");
    }
    if (letter) numeric = false;
  }
  if (host.front() == '.' || host.find("..") != std::string_view::npos) {
    return complaint("the host has an empty label");
  }
  // "127.1" or "2130706433" are addresses to some resolvers and names to others.
  if (numeric && !parse_ip_address(host))
    return complaint("the host is no IPv4 address: expected a.b.c.d");
  return std::nullopt;
}

std::optional<Error> check_path(std::string_view path) {
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= path.size(); ++i) {
    if (i == path.size() || path[i] == '/') {
      const std::string_view segment = path.substr(begin, i - begin);
      if (segment == "." || segment == "..") return complaint("the path has a . or .. segment");
      begin = i + 1;
      continue;
    }
    const auto byte = static_cast<unsigned char>(path[i]);
    if (byte <= 0x20 || byte >= 0x7f ||
        std::string_view("\"<>\\^`{|}").find(path[i]) != std::string_view::npos) {
      return complaint("the path holds a character that must be percent-encoded");
    }
    if (path[i] == '%' && (i + 2 >= path.size() || !is_hex(path[i + 1]) || !is_hex(path[i + 2]))) {
      return complaint("the path has a % without two hexadecimal digits");
    }
  }
  return std::nullopt;
}

}  // namespace

Result<EndpointUrl> parse_endpoint_url(std::string_view url) {
  EndpointUrl out;
  const std::size_t colon = url.find("://");
  if (colon != std::string_view::npos) out.scheme = lower(url.substr(0, colon));
  if (out.scheme != "http" && out.scheme != "https") {
    return complaint("expected a URL that begins with https:// or http://");
  }
  std::string_view rest = url.substr(colon + 3);
  // The authority first: a key before an @ must be noticed before anything else is said.
  const std::size_t slash = rest.find_first_of("/?#\\");
  std::string_view authority = rest.substr(0, slash);
  std::string_view path = slash == std::string_view::npos ? std::string_view() : rest.substr(slash);
  if (authority.find('@') != std::string_view::npos) {
    return complaint("a URL must not hold a user name or key (…@): use api_key");
  }
  if (path.find('#') != std::string_view::npos) return complaint("a base URL has no fragment (#…)");
  if (path.find('?') != std::string_view::npos) {
    return complaint(
        "a base URL has no query (?…): use the key `query`, whose values are kept secret");
  }

  const std::size_t bracket = authority.rfind(']');
  const std::size_t port_colon =
      authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
  out.host = lower(authority.substr(0, port_colon));
  if (auto fault = check_host(out.host)) return *fault;
  const int default_port = out.scheme == "https" ? 443 : 80;
  out.port = default_port;
  if (port_colon != std::string_view::npos) {
    const std::string_view digits = authority.substr(port_colon + 1);
    const auto [last, code] =
        std::from_chars(digits.data(), digits.data() + digits.size(), out.port);
    if (code != std::errc() || last != digits.data() + digits.size() || out.port < 1 ||
        out.port > 65535 || !is_digit(digits.front())) {
      return complaint("expected a port from 1 to 65535 after the host");
    }
  }

  if (auto fault = check_path(path)) return *fault;
  const auto cut_slashes = [&] {
    while (!path.empty() && path.back() == '/')
      path.remove_suffix(1);
  };
  cut_slashes();
  if (ends_with(path, kChatPath)) path.remove_suffix(kChatPath.size());
  cut_slashes();
  out.base_url = out.scheme + "://" + out.host;
  if (out.port != default_port) out.base_url += ":" + std::to_string(out.port);
  out.base_url += path;
  return out;
}

bool is_local_host(std::string_view host) {
  if (host == "localhost" || ends_with(host, ".localhost")) return true;
  const auto address = parse_ip_address(host);
  return address && is_local(*address);
}

bool is_loopback_host(std::string_view host) {
  if (host == "localhost" || ends_with(host, ".localhost")) return true;
  const auto address = parse_ip_address(host);
  return address && is_loopback(*address);
}

}  // namespace holysheep
