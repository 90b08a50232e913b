#include "core/url.h"

namespace holysheep {
namespace {

bool unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

void replace(std::string& text, std::string_view pattern, std::string_view by) {
  const std::size_t at = text.find(pattern);
  if (at != std::string::npos) text.replace(at, pattern.size(), by);
}

// Whether a query, if the path has one, holds the parameter. `name` is percent-encoded.
bool has_parameter(std::string_view path, std::string_view name) {
  std::size_t at = path.find('?');
  while (at != std::string_view::npos) {
    const std::string_view rest = path.substr(at + 1);
    const std::string_view found = rest.substr(0, rest.find_first_of("=&"));
    if (found == name) return true;
    at = path.find('&', at + 1);
  }
  return false;
}

}  // namespace

std::string percent_encode(std::string_view text, PercentForm form) {
  const std::string_view digits =
      form == PercentForm::lower_case ? "0123456789abcdef" : "0123456789ABCDEF";
  std::string encoded;
  encoded.reserve(text.size());
  for (const char c : text) {
    if (unreserved(c)) {
      encoded += c;
    } else if (form == PercentForm::form && c == ' ') {
      encoded += '+';
    } else {
      const auto byte = static_cast<unsigned char>(c);
      encoded += '%';
      encoded += digits[byte >> 4];
      encoded += digits[byte & 15];
    }
  }
  return encoded;
}

std::string endpoint_url(const EndpointConfig& endpoint, std::string_view path,
                         std::string_view model) {
  constexpr std::string_view kVersion = "/v1";
  const std::string& base = endpoint.base_url;
  const bool versioned =
      base.size() >= kVersion.size() &&
      base.compare(base.size() - kVersion.size(), kVersion.size(), kVersion) == 0;
  if (versioned && path.size() > kVersion.size() && path.substr(0, kVersion.size()) == kVersion &&
      path[kVersion.size()] == '/') {
    path.remove_prefix(kVersion.size());
  }
  std::string url;
  url.reserve(base.size() + path.size() + endpoint.path.size() + 16);
  url = base;
  if (endpoint.path.empty()) {
    url += path;
  } else {
    std::string filled = endpoint.path;
    replace(filled, "{model}", percent_encode(model));
    replace(filled, "{path}", path);
    url += filled;
  }
  char separator = url.find('?') == std::string::npos ? '?' : '&';
  for (const auto& [name, value] : endpoint.query) {
    const std::string encoded = percent_encode(name);
    if (has_parameter(path, encoded)) continue;
    url += separator;
    url += encoded;
    url += '=';
    url += percent_encode(value);
    separator = '&';
  }
  return url;
}

}  // namespace holysheep
