#include "core/mock/mock_strict_reader.h"

#include <algorithm>
#include <set>

namespace holysheep {
namespace {

// A day: longer delays are better said with "stall".
constexpr std::int64_t kDelayMsMax = 86'400'000;

std::string quoted(std::string_view text) {
  JsonWriter writer;
  return writer.value(text).take();
}

}  // namespace

void MockStrictReader::fail(const std::string& path, const std::string& problem) {
  if (!error_.empty()) return;
  error_ = path.empty() ? problem : path + ": " + problem;
}

void MockStrictReader::expected(const JsonValue& value, std::string_view what) {
  fail(value.path(),
       "expected " + std::string(what) + ", found " + std::string(name_of(value.kind())));
}

bool MockStrictReader::names(const JsonValue& object,
                             std::initializer_list<std::string_view> known) {
  if (!ok()) return false;
  if (!object.is_object()) {
    expected(object, "an object");
    return false;
  }
  std::set<std::string_view> seen;
  const auto members = object.members();
  for (const auto& [name, value] : members) {
    if (!seen.insert(name).second) fail(object.path(), "the key " + quoted(name) + " stands twice");
    if (name.starts_with("x-")) continue;
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    std::string path = object.path();
    append_path(path, name);
    const std::string_view nearest = nearest_name(name, known);
    fail(path.starts_with(".") ? path.substr(1) : path,
         nearest.empty() ? "unknown key" : "unknown key; did you mean " + quoted(nearest) + "?");
  }
  return ok();
}

void MockStrictReader::boolean(const JsonValue& value, bool& out) {
  if (!value.exists() || !ok()) return;
  if (value.kind() != JsonValue::Kind::boolean) return expected(value, "true or false");
  out = value.boolean_or(false);
}

void MockStrictReader::text(const JsonValue& value, std::string& out) {
  if (!value.exists() || !ok()) return;
  if (!value.is_string()) return expected(value, "a string");
  out = value.string_or("");
}

void MockStrictReader::texts(const JsonValue& value, std::vector<std::string>& out) {
  if (!value.exists() || !ok()) return;
  if (!value.is_array()) return expected(value, "an array of strings");
  out.clear();
  for (const JsonValue& each : value.elements())
    text(each, out.emplace_back());
}

void MockStrictReader::milliseconds(const JsonValue& value, Nanos& out) {
  std::int64_t ms = to_ms(out);
  integer(value, 0, kDelayMsMax, ms);
  out = from_ms(ms);
}

bool MockStrictReader::checked_integer(const JsonValue& value, std::int64_t min, std::int64_t max,
                                       std::int64_t& out) {
  if (!value.exists() || !ok()) return false;
  const std::int64_t number = value.integer_or(min - 1);
  if (value.kind() != JsonValue::Kind::integer || number < min || number > max) {
    fail(value.path(),
         "expected an integer between " + std::to_string(min) + " and " + std::to_string(max));
    return false;
  }
  out = number;
  return true;
}

void MockStrictReader::append_quoted(std::string& all, std::string_view name) {
  all.append(all.empty() ? "\"" : ", \"").append(name).append("\"");
}

}  // namespace holysheep
