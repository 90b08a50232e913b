#include "core/url.h"

#include <algorithm>
#include <charconv>

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

// Whether the query has the parameter, be it as a list or an object: `a=1`, `a[]=1`, `a[b]=1`.
bool has_parameter(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const std::string_view part = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(part.size() + 1, query.size()));
    const std::string found = percent_decode(part.substr(0, part.find('=')), PercentForm::form);
    const bool begins = found.compare(0, name.size(), name) == 0;
    if (begins && (found.size() == name.size() || found[name.size()] == '[')) return true;
  }
  return false;
}

}  // namespace

std::string percent_decode(std::string_view text, PercentForm form) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned byte = 0;
    const char* end = text.data() + std::min(i + 3, text.size());
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(text.data() + i + 1, end, byte, 16).ptr == end) {
      plain += static_cast<char>(byte);
      i += 2;
    } else {
      plain += text[i] == '+' && form == PercentForm::form ? ' ' : text[i];
    }
  }
  return plain;
}

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
  const std::size_t question = path.find('?');
  const std::string_view own = question < path.size() ? path.substr(question + 1) : "";
  path = path.substr(0, question);
  std::string url;
  url.reserve(base.size() + path.size() + own.size() + endpoint.path.size() + 16);
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
  const auto add = [&](std::string_view parameter) {
    url += separator;
    url += parameter;
    separator = '&';
  };
  if (!own.empty()) add(own);
  for (const auto& [name, value] : endpoint.query) {
    if (!has_parameter(own, name)) add(percent_encode(name) + '=' + percent_encode(value));
  }
  return url;
}

}  // namespace holysheep
