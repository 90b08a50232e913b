// Only the part of simdjson's DOM that 3.0.1 and 4.x share, and only its error-code forms.
#include "bindings/cli/json.h"

#include <cmath>

#include "bindings/cli/number.h"

namespace holysheep::cli {

bool Json::is_object() const {
  return element_ && element_->is_object();
}
bool Json::is_array() const {
  return element_ && element_->is_array();
}
bool Json::is_text() const {
  return element_ && element_->is_string();
}

Json Json::operator[](std::string_view key) const {
  simdjson::dom::object object;
  if (!element_ || element_->get(object) != simdjson::SUCCESS) return {};
  simdjson::dom::element member;
  if (object.at_key(key).get(member) != simdjson::SUCCESS) return {};
  return Json(member);
}

std::vector<Json> Json::items() const {
  std::vector<Json> found;
  simdjson::dom::array array;
  if (!element_ || element_->get(array) != simdjson::SUCCESS) return found;
  for (simdjson::dom::element item : array)
    found.emplace_back(item);
  return found;
}

std::vector<std::pair<std::string_view, Json>> Json::members() const {
  std::vector<std::pair<std::string_view, Json>> found;
  simdjson::dom::object object;
  if (!element_ || element_->get(object) != simdjson::SUCCESS) return found;
  for (simdjson::dom::key_value_pair member : object) {
    found.emplace_back(member.key, Json(member.value));
  }
  return found;
}

std::string_view Json::text(std::string_view fallback) const {
  std::string_view value;
  if (!element_ || element_->get(value) != simdjson::SUCCESS) return fallback;
  return value;
}

double Json::number(double fallback) const {
  double value = 0;
  if (!element_ || element_->get(value) != simdjson::SUCCESS) return fallback;
  return value;
}

std::int64_t Json::integer(std::int64_t fallback) const {
  std::int64_t value = 0;
  if (!element_) return fallback;
  if (element_->get(value) == simdjson::SUCCESS) return value;
  double real = 0;
  constexpr double kExact = 9007199254740992.0;  // 2^53
  if (element_->get(real) != simdjson::SUCCESS || std::fabs(real) > kExact) return fallback;
  return static_cast<std::int64_t>(real);
}

bool Json::boolean(bool fallback) const {
  bool value = false;
  if (!element_ || element_->get(value) != simdjson::SUCCESS) return fallback;
  return value;
}

std::string Json::shown() const {
  if (!element_) return {};
  if (is_text()) return std::string(text());
  if (element_->is<double>() && !element_->is<std::int64_t>() && !element_->is<std::uint64_t>()) {
    return fixed(number(), 2);
  }
  return raw();
}

std::string Json::raw() const {
  return element_ ? simdjson::minify(*element_) : "null";
}

JsonDocument::JsonDocument(std::string_view text) {
  simdjson::dom::element element;
  if (parser_.parse(text.data(), text.size()).get(element) == simdjson::SUCCESS) {
    root_ = Json(element);
  }
}

std::string pretty(const Json& value, std::size_t depth) {
  const std::string margin = "\n" + std::string(2 * depth + 2, ' ');
  std::string text;
  if (value.is_object()) {
    for (const auto& [key, member] : value.members()) {
      text += (text.empty() ? "" : ",") + margin + quote(key) + ": " + pretty(member, depth + 1);
    }
    return text.empty() ? "{}" : "{" + text + margin.substr(0, margin.size() - 2) + "}";
  }
  if (value.is_array()) {
    for (const Json& item : value.items()) {
      text += (text.empty() ? "" : ",") + margin + pretty(item, depth + 1);
    }
    return text.empty() ? "[]" : "[" + text + margin.substr(0, margin.size() - 2) + "]";
  }
  return value.raw();
}

std::string quote(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string quoted = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (c == '\n') {
      quoted += "\\n";
    } else if (byte < 0x20) {
      quoted += "\\u00";
      quoted += kDigits[byte >> 4];
      quoted += kDigits[byte & 15];
    } else {
      quoted += c;
    }
  }
  quoted += '"';
  return quoted;
}

}  // namespace holysheep::cli
