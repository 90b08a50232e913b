#include "core/proxy.h"

#include <algorithm>
#include <charconv>

#include "core/fold.h"
#include "core/headers.h"
#include "core/ip_address.h"

namespace holysheep {
namespace {

constexpr std::string_view kSeparators = ", \t";

bool names_address(std::string_view token, const IpAddress& address) {
  const std::size_t slash = token.find('/');
  const auto network = parse_ip_address(token.substr(0, slash));
  if (!network) return false;
  std::size_t bits = network->size * 8;
  if (slash != std::string_view::npos) {
    const std::string_view digits = token.substr(slash + 1);
    const auto [last, code] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
    if (code != std::errc() || last != digits.data() + digits.size()) return false;
  }
  return same_prefix(address, *network, bits);
}

bool names_host(std::string_view token, std::string_view host) {
  while (!token.empty() && token.front() == '.')
    token.remove_prefix(1);
  while (!token.empty() && token.back() == '.')
    token.remove_suffix(1);
  if (token.empty() || token.size() > host.size()) return false;
  const std::size_t begin = host.size() - token.size();
  return equals_ignore_case(host.substr(begin), token) && (begin == 0 || host[begin - 1] == '.');
}

}  // namespace

std::string proxy_host(std::string_view proxy) {
  const std::size_t colon = proxy.find("://");
  if (colon != std::string_view::npos) proxy.remove_prefix(colon + 3);
  proxy = proxy.substr(0, proxy.find_first_of("/?#"));  // before '@' is looked for, as libcurl does
  proxy.remove_prefix(proxy.rfind('@') + 1);            // npos + 1 is 0
  const std::size_t end = proxy.substr(0, 1) == "[" ? proxy.find(']') + 1 : proxy.find(':');
  std::string host(proxy.substr(0, end));
  std::transform(host.begin(), host.end(), host.begin(), lower);
  return host;
}

bool passes_proxy_by(std::string_view host, std::string_view no_proxy) {
  if (no_proxy == "*") return true;
  while (!host.empty() && host.back() == '.')
    host.remove_suffix(1);
  const auto address = parse_ip_address(host);
  while (!no_proxy.empty()) {
    const std::size_t end = std::min(no_proxy.find_first_of(kSeparators), no_proxy.size());
    const std::string_view token = no_proxy.substr(0, end);
    no_proxy.remove_prefix(std::min(end + 1, no_proxy.size()));
    if (token.empty()) continue;
    if (address ? names_address(token, *address) : names_host(token, host)) return true;
  }
  return false;
}

std::string redact_proxy(std::string_view proxy) {
  const std::size_t at = proxy.rfind('@');
  if (at == std::string_view::npos) return std::string(proxy);
  const std::size_t colon = proxy.find("://");
  const std::size_t begin = colon == std::string_view::npos ? 0 : colon + 3;
  return std::string(proxy.substr(0, begin)) + "\u2026" + std::string(proxy.substr(at));
}

}  // namespace holysheep
