#include "core/sim/strict_reader.h"

#include <algorithm>

namespace holysheep {
namespace {

std::string member_path(const JsonValue& object, std::string_view key) {
  std::string path = object.path();
  if (!path.empty()) path += '.';
  path += key;
  return path;
}

std::string trimmed(double number) {
  std::string text = std::to_string(number);
  while (text.back() == '0')
    text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text;
}

bool is_number(const JsonValue& value) {
  return value.kind() == JsonValue::Kind::integer || value.kind() == JsonValue::Kind::number;
}

}  // namespace

void StrictReader::complain_at(std::string_view path, std::string_view message) {
  if (error_) return;
  std::string text = what_;
  if (!path.empty()) text += ": " + std::string(path);
  text += ": " + std::string(message);
  error_ = Error{Status::config, std::move(text)};
}

void StrictReader::complain(const JsonValue& at, std::string_view message) {
  complain_at(at.path(), message);
}

bool StrictReader::object(const JsonValue& value, std::initializer_list<std::string_view> keys) {
  if (!value.is_object()) {
    complain(value, "expected an object");
    return false;
  }
  for (const auto& [key, unused] : value.members()) {
    if (key.starts_with("x-") || std::find(keys.begin(), keys.end(), key) != keys.end()) continue;
    const std::string_view nearest = nearest_name(key, std::vector<std::string_view>(keys));
    std::string message = "unknown key";
    if (!nearest.empty()) message += "; did you mean \"" + std::string(nearest) + "\"?";
    complain_at(member_path(value, key), message);
    return false;
  }
  return !failed();
}

std::int64_t StrictReader::integer(const JsonValue& object, std::string_view key,
                                   std::int64_t fallback, std::int64_t least, std::int64_t most) {
  const JsonValue value = object.member(key);
  if (!value.exists()) return fallback;
  if (value.kind() == JsonValue::Kind::integer) {
    const std::int64_t number = value.integer_or(fallback);
    if (number >= least && number <= most) return number;
  }
  complain_at(member_path(object, key), "expected a whole number from " + std::to_string(least) +
                                            " to " + std::to_string(most));
  return fallback;
}

double StrictReader::number(const JsonValue& object, std::string_view key, double fallback,
                            double least, double most) {
  const JsonValue value = object.member(key);
  if (!value.exists()) return fallback;
  if (is_number(value)) {
    const double number = value.number_or(fallback);
    if (number >= least && number <= most) return number;
  }
  complain_at(member_path(object, key),
              "expected a number from " + trimmed(least) + " to " + trimmed(most));
  return fallback;
}

bool StrictReader::boolean(const JsonValue& object, std::string_view key, bool fallback) {
  const JsonValue value = object.member(key);
  if (!value.exists()) return fallback;
  if (value.kind() != JsonValue::Kind::boolean) {
    complain_at(member_path(object, key), "expected true or false");
  }
  return value.boolean_or(fallback);
}

std::string StrictReader::text(const JsonValue& object, std::string_view key,
                               std::string_view fallback) {
  const JsonValue value = object.member(key);
  if (!value.exists()) return std::string(fallback);
  if (!value.is_string()) complain_at(member_path(object, key), "expected a string");
  return std::string(value.string_or(fallback));
}

Nanos StrictReader::milliseconds(const JsonValue& object, std::string_view key, Nanos fallback) {
  constexpr double kMillisecondsMax = 10.0 * 365 * 86400 * 1000;
  constexpr double kAbsent = -1;
  const double ms = number(object, key, kAbsent, 0, kMillisecondsMax);
  return ms < 0 ? fallback : static_cast<Nanos>(ms * static_cast<double>(kMillisecond));
}

std::vector<JsonValue> StrictReader::array(const JsonValue& object, std::string_view key) {
  const JsonValue value = object.member(key);
  if (!value.exists()) return {};
  if (!value.is_array()) complain_at(member_path(object, key), "expected an array");
  return value.elements();
}

std::size_t StrictReader::choice(const JsonValue& object, std::string_view key,
                                 std::size_t fallback,
                                 std::initializer_list<std::string_view> names) {
  const JsonValue value = object.member(key);
  if (!value.exists()) return fallback;
  const std::string_view name = value.string_or("");
  const auto found = std::find(names.begin(), names.end(), name);
  if (value.is_string() && found != names.end()) {
    return static_cast<std::size_t>(found - names.begin());
  }
  std::string message = "expected one of";
  for (const std::string_view each : names)
    message += " \"" + std::string(each) + "\"";
  complain_at(member_path(object, key), message);
  return fallback;
}

}  // namespace holysheep
