// Reads JSON that the library or a provider made, defensively: what is missing or of another type
// is absent, and absent values read as their fallback. The only file of the CLI that knows
// simdjson.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace holysheep::cli {

// A view of one value inside a JsonDocument; it dies with the document.
class Json {
 public:
  Json() = default;
  explicit Json(simdjson::dom::element element) : element_(element) {}

  bool present() const { return element_.has_value(); }
  bool is_object() const;
  bool is_array() const;
  bool is_text() const;
  Json operator[](std::string_view key) const;
  std::vector<Json> items() const;
  std::vector<std::pair<std::string_view, Json>> members() const;
  std::string_view text(std::string_view fallback = {}) const;
  double number(double fallback = 0) const;
  std::int64_t integer(std::int64_t fallback = 0) const;
  bool boolean(bool fallback = false) const;
  // Scalars as people read them, anything else as compact JSON; "" if absent.
  std::string shown() const;
  // Compact JSON; "null" if absent.
  std::string raw() const;

 private:
  std::optional<simdjson::dom::element> element_;
};

class JsonDocument {
 public:
  // An absent root if the text is no JSON.
  explicit JsonDocument(std::string_view text);
  const Json& root() const { return root_; }

 private:
  simdjson::dom::parser parser_;
  Json root_;
};

// The value over several lines, indented by two spaces, for people.
std::string pretty(const Json& value, std::size_t depth = 0);

// The text as a JSON string, quotes included.
std::string quote(std::string_view text);

}  // namespace holysheep::cli
