// JSON in and out. In: simdjson's DOM, read strictly, with the path of every complaint. Out: one
// writer. simdjson's API is used only where 3.0.1 and 4.6 agree.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.h"

namespace holysheep {

// Appends JSON to a string. Commas are put by itself; keys and values are escaped; text that is not
// UTF-8 is mended with U+FFFD, so that the result is always valid.
class JsonWriter {
 public:
  JsonWriter& begin_object();
  JsonWriter& end_object();
  JsonWriter& begin_array();
  JsonWriter& end_array();
  JsonWriter& key(std::string_view name);
  JsonWriter& value(std::string_view text);
  JsonWriter& value(const char* text) { return value(std::string_view(text)); }
  JsonWriter& value(const std::string& text) { return value(std::string_view(text)); }
  JsonWriter& value(bool truth);
  JsonWriter& value(std::int64_t number);
  JsonWriter& value(int number) { return value(static_cast<std::int64_t>(number)); }
  JsonWriter& value(unsigned number) { return value(static_cast<std::uint64_t>(number)); }
  JsonWriter& value(std::uint64_t number);
  JsonWriter& value(double number);  // NaN and infinities become null
  JsonWriter& null();
  JsonWriter& raw(std::string_view json);  // already JSON
  template <typename T>
  JsonWriter& member(std::string_view name, const T& item) {
    return key(name).value(item);
  }

  const std::string& text() const { return text_; }
  std::string take() { return std::move(text_); }

 private:
  void separate();

  std::string text_;
  bool comma_ = false;
};

// One value of a parsed document. Two words, cheap to copy; valid while its JsonDocument lives. The
// path that leads to it is found when somebody asks, so that reading answers costs nothing for it.
class JsonValue;

// Owns the parsed text. Depth is limited (simdjson's default, 1,024).
class JsonDocument {
 public:
  JsonDocument();
  ~JsonDocument();
  JsonDocument(JsonDocument&&) noexcept;
  JsonDocument& operator=(JsonDocument&&) noexcept;

  // `what` names the text in errors ("configuration"). The message of a syntax error says the line
  // and column and what was expected there, and quotes nothing of the text.
  static Result<JsonDocument> parse(std::string_view text, std::string_view what, Status status);
  JsonValue root() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

class JsonValue {
 public:
  enum class Kind { null, boolean, integer, number, string, array, object };

  JsonValue() = default;
  // An integer that does not fit 64 signed bits is a number.
  Kind kind() const;
  bool is_object() const { return kind() == Kind::object; }
  bool is_array() const { return kind() == Kind::array; }
  bool is_string() const { return kind() == Kind::string; }
  // "endpoints[1].url"; "" for the root and for a value that does not exist.
  std::string path() const;

  // Lenient readers: the fallback if the value has another type. For answers, not for
  // configuration.
  std::string_view string_or(std::string_view fallback) const;
  std::int64_t integer_or(std::int64_t fallback) const;
  double number_or(double fallback) const;
  bool boolean_or(bool fallback) const;

  // The member (the first of that name), or a null value if there is none or this is no object.
  JsonValue member(std::string_view name) const;
  bool exists() const { return document_ != nullptr; }
  std::size_t size() const;                                        // of an array or object; else 0
  std::vector<JsonValue> elements() const;                         // of an array
  std::vector<std::pair<std::string, JsonValue>> members() const;  // of an object
  // The value as compact JSON.
  std::string dump() const;

 private:
  friend class JsonDocument;
  friend struct JsonElement;
  const void* document_ = nullptr;  // simdjson::dom::element's two words
  std::size_t index_ = 0;
};

// "string", "array": for messages.
std::string_view name_of(JsonValue::Kind kind);
// ".name", or `["na me"]` if the name is no plain word: a step of a path.
void append_path(std::string& path, std::string_view name);

// Where a value stands in a JSON text: byte offsets. For splicing without rewriting.
struct JsonSpan {
  bool found = false;
  std::size_t begin = 0;
  std::size_t end = 0;
};

// For "did you mean": the nearest of `names` by edit distance (a swap of neighbours is one edit),
// or "" if none is near.
std::string_view nearest_name(std::string_view name, const std::vector<std::string_view>& names);

}  // namespace holysheep
