// Reads JSON objects as strictly as the configuration does: an unknown key, a key that stands
// twice, a wrong type or a number out of range is a complaint that names the path and what was
// expected. Keeps the first complaint and reads nothing more after it, so that callers need no
// checks in between.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "core/duration.h"
#include "core/json.h"
#include "core/result.h"

namespace holysheep {

// A name of a script and what it stands for.
template <typename T>
struct MockChoice {
  std::string_view name;
  T value;
};

// Each function leaves `out` alone if the value does not exist.
class MockStrictReader {
 public:
  bool ok() const { return error_.empty(); }
  Error error() const { return {Status::config, "mock script: " + error_}; }

  void fail(const std::string& path, const std::string& problem);
  void expected(const JsonValue& value, std::string_view what);
  // That this is an object, and has no other members; those that begin with "x-" are comments.
  bool names(const JsonValue& object, std::initializer_list<std::string_view> known);
  void boolean(const JsonValue& value, bool& out);
  void text(const JsonValue& value, std::string& out);
  void texts(const JsonValue& value, std::vector<std::string>& out);
  template <typename T>
  void integer(const JsonValue& value, std::int64_t min, std::int64_t max, T& out) {
    std::int64_t number = 0;
    if (checked_integer(value, min, max, number)) out = static_cast<T>(number);
  }
  void milliseconds(const JsonValue& value, Nanos& out);
  template <typename T, std::size_t N>
  void choice(const JsonValue& value, const MockChoice<T> (&choices)[N], T& out) {
    if (!value.exists() || !ok()) return;
    std::string all;
    for (const MockChoice<T>& each : choices) {
      if (value.is_string() && value.string_or("") == each.name) {
        out = each.value;
        return;
      }
      append_quoted(all, each.name);
    }
    fail(value.path(), "expected one of " + all);
  }

 private:
  bool checked_integer(const JsonValue& value, std::int64_t min, std::int64_t max,
                       std::int64_t& out);
  static void append_quoted(std::string& all, std::string_view name);

  std::string error_;
};

}  // namespace holysheep
