// Reads JSON strictly into values and keeps the first complaint, which names the path. After a
// complaint every reader returns its fallback, so that callers need to look only once, at the end.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/duration.h"
#include "core/json.h"
#include "core/result.h"

namespace holysheep {

class StrictReader {
 public:
  // `what` stands before each path ("scenario").
  explicit StrictReader(std::string_view what) : what_(what) {}

  // Complains unless `value` is an object with no other keys than these (and "x-…").
  bool object(const JsonValue& value, std::initializer_list<std::string_view> keys);
  // Members that may be absent. Numbers must lie in [least, most].
  std::int64_t integer(const JsonValue& object, std::string_view key, std::int64_t fallback,
                       std::int64_t least, std::int64_t most);
  double number(const JsonValue& object, std::string_view key, double fallback, double least,
                double most);
  bool boolean(const JsonValue& object, std::string_view key, bool fallback);
  std::string text(const JsonValue& object, std::string_view key, std::string_view fallback);
  // Milliseconds, fractions allowed.
  Nanos milliseconds(const JsonValue& object, std::string_view key, Nanos fallback);
  std::vector<JsonValue> array(const JsonValue& object, std::string_view key);
  // One of `names`: its place among them.
  std::size_t choice(const JsonValue& object, std::string_view key, std::size_t fallback,
                     std::initializer_list<std::string_view> names);

  void complain(const JsonValue& at, std::string_view message);
  void complain_at(std::string_view path, std::string_view message);
  bool failed() const { return error_.has_value(); }
  Error error() const { return *error_; }

 private:
  std::string what_;
  std::optional<Error> error_;
};

}  // namespace holysheep
