#include "core/json.h"

#include <simdjson.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <type_traits>

#include "core/json_scan.h"
#include "core/utf8.h"

namespace holysheep {

namespace dom = simdjson::dom;

// The way between our two words and simdjson's element, which json.h must not know.
struct JsonElement {
  static_assert(sizeof(dom::element) == sizeof(const void*) + sizeof(std::size_t));
  static_assert(std::is_trivially_copyable_v<dom::element>);

  static dom::element of(const JsonValue& value) {
    dom::element element;
    auto* bytes = reinterpret_cast<unsigned char*>(&element);
    std::memcpy(bytes, &value.document_, sizeof value.document_);
    std::memcpy(bytes + sizeof value.document_, &value.index_, sizeof value.index_);
    return element;
  }
  static JsonValue value(const dom::element& element) {
    JsonValue value;
    const auto* bytes = reinterpret_cast<const unsigned char*>(&element);
    std::memcpy(&value.document_, bytes, sizeof value.document_);
    std::memcpy(&value.index_, bytes + sizeof value.document_, sizeof value.index_);
    return value;
  }
  static std::size_t index(const dom::element& element) { return value(element).index_; }
};

struct JsonDocument::Impl {
  dom::parser parser;
  dom::element root;

  auto parse(std::string_view text) {
    return parser.parse(text.data(), text.size(), true).get(root);
  }
};

namespace {

// simdjson refuses a whole text for an integer beyond 64 bits. As a double it can be read, and who
// reads it names its field.
std::string integers_made_doubles(std::string_view text) {
  constexpr std::size_t kDigitsRead = 18;  // fit in any case
  std::string made;
  made.reserve(text.size() + 16);
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at + 1;
    if (text[at] == '"') {
      while (end < text.size() && text[end] != '"')
        end += text[end] == '\\' ? 2U : 1U;
      end = std::min(end + 1, text.size());
    } else if (text[at] >= '0' && text[at] <= '9') {
      end = std::min(text.find_first_not_of("0123456789", at), text.size());
    }
    made += text.substr(at, end - at);
    const char next = end < text.size() ? text[end] : ' ';
    const bool is_whole = next != '.' && next != 'e' && next != 'E';
    const bool is_fraction = at > 0 && std::strchr(".eE+", text[at - 1]) != nullptr;
    if (text[at] != '"' && end - at > kDigitsRead && is_whole && !is_fraction) made += ".0";
    at = end;
  }
  return made;
}

}  // namespace

JsonDocument::JsonDocument() = default;
JsonDocument::~JsonDocument() = default;
JsonDocument::JsonDocument(JsonDocument&&) noexcept = default;
JsonDocument& JsonDocument::operator=(JsonDocument&&) noexcept = default;

Result<JsonDocument> JsonDocument::parse(std::string_view text, std::string_view what,
                                         Status status) {
  // simdjson skips it only in later versions.
  text = without_byte_order_mark(text);
  JsonDocument document;
  document.impl_ = std::make_unique<Impl>();
  const auto code = document.impl_->parse(text);
  if (code == simdjson::SUCCESS) return document;
  if (code == simdjson::MEMALLOC) return Error{Status::no_memory, "out of memory"};
  std::string message(what);
  if (const auto fault = scan_json(text)) {
    message += ": not valid JSON: " + describe_fault(text, *fault);
  } else if (document.impl_->parse(integers_made_doubles(text)) == simdjson::SUCCESS) {
    return document;
  } else {
    message += ": JSON that cannot be read (a number out of range, or half of a surrogate pair)";
  }
  return Error{status, std::move(message)};
}

JsonValue JsonDocument::root() const {
  return impl_ ? JsonElement::value(impl_->root) : JsonValue();
}

JsonValue::Kind JsonValue::kind() const {
  if (!exists()) return Kind::null;
  switch (JsonElement::of(*this).type()) {
    case dom::element_type::ARRAY:
      return Kind::array;
    case dom::element_type::OBJECT:
      return Kind::object;
    case dom::element_type::INT64:
      return Kind::integer;
    case dom::element_type::STRING:
      return Kind::string;
    case dom::element_type::BOOL:
      return Kind::boolean;
    case dom::element_type::NULL_VALUE:
      return Kind::null;
    default:
      return Kind::number;  // doubles, and integers above 2^63 - 1
  }
}

std::string_view JsonValue::string_or(std::string_view fallback) const {
  std::string_view text;
  return exists() && JsonElement::of(*this).get(text) == simdjson::SUCCESS ? text : fallback;
}

std::int64_t JsonValue::integer_or(std::int64_t fallback) const {
  std::int64_t number = 0;
  return exists() && JsonElement::of(*this).get(number) == simdjson::SUCCESS ? number : fallback;
}

double JsonValue::number_or(double fallback) const {
  double number = 0;
  return exists() && JsonElement::of(*this).get(number) == simdjson::SUCCESS ? number : fallback;
}

bool JsonValue::boolean_or(bool fallback) const {
  bool truth = false;
  return exists() && JsonElement::of(*this).get(truth) == simdjson::SUCCESS ? truth : fallback;
}

JsonValue JsonValue::member(std::string_view name) const {
  dom::object object;
  dom::element found;
  if (!exists() || JsonElement::of(*this).get(object) != simdjson::SUCCESS ||
      object.at_key(name).get(found) != simdjson::SUCCESS) {
    return {};
  }
  return JsonElement::value(found);
}

std::size_t JsonValue::size() const {
  const Kind what = kind();
  if (what == Kind::array) return dom::array(JsonElement::of(*this)).size();
  if (what == Kind::object) return dom::object(JsonElement::of(*this)).size();
  return 0;
}

std::vector<JsonValue> JsonValue::elements() const {
  std::vector<JsonValue> out;
  dom::array array;
  if (!exists() || JsonElement::of(*this).get(array) != simdjson::SUCCESS) return out;
  for (const dom::element element : array)
    out.push_back(JsonElement::value(element));
  return out;
}

std::vector<std::pair<std::string, JsonValue>> JsonValue::members() const {
  std::vector<std::pair<std::string, JsonValue>> out;
  dom::object object;
  if (!exists() || JsonElement::of(*this).get(object) != simdjson::SUCCESS) return out;
  for (const auto field : object) {
    out.emplace_back(std::string(field.key), JsonElement::value(field.value));
  }
  return out;
}

std::string JsonValue::dump() const {
  return exists() ? simdjson::minify(JsonElement::of(*this)) : "null";
}

// Walks down from the root: of each container, the last child that does not begin after this value.
std::string JsonValue::path() const {
  std::string out;
  if (!exists()) return out;
  dom::element at = static_cast<const dom::document*>(document_)->root();
  while (JsonElement::index(at) != index_) {
    const std::size_t here = JsonElement::index(at);
    dom::element next = at;
    std::string step;
    dom::array array;
    dom::object object;
    if (at.get(array) == simdjson::SUCCESS) {
      std::size_t position = 0;
      for (const dom::element element : array) {
        if (JsonElement::index(element) > index_) break;
        next = element;
        step = "[" + std::to_string(position++) + "]";
      }
    } else if (at.get(object) == simdjson::SUCCESS) {
      for (const auto field : object) {
        if (JsonElement::index(field.value) > index_) break;
        next = field.value;
        step.clear();
        append_path(step, field.key);
      }
    }
    if (JsonElement::index(next) == here) break;  // not of this document: cannot be
    out += step;
    at = next;
  }
  if (!out.empty() && out.front() == '.') out.erase(0, 1);
  return out;
}

std::string_view name_of(JsonValue::Kind kind) {
  switch (kind) {
    case JsonValue::Kind::null:
      return "null";
    case JsonValue::Kind::boolean:
      return "boolean";
    case JsonValue::Kind::integer:
      return "integer";
    case JsonValue::Kind::number:
      return "number";
    case JsonValue::Kind::string:
      return "string";
    case JsonValue::Kind::array:
      return "array";
    case JsonValue::Kind::object:
      return "object";
  }
  return "";
}

void append_path(std::string& path, std::string_view name) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  };
  if (!name.empty() && std::all_of(name.begin(), name.end(), plain)) {
    path += '.';
    path += name;
    return;
  }
  path += '[';
  path += JsonWriter().value(name).text();
  path += ']';
}

namespace {

// Optimal string alignment: insertions, deletions, changes and swaps of neighbours.
std::size_t edit_distance(std::string_view left, std::string_view right) {
  std::vector<std::size_t> before(right.size() + 1);
  std::vector<std::size_t> previous(right.size() + 1);
  std::vector<std::size_t> current(right.size() + 1);
  for (std::size_t k = 0; k <= right.size(); ++k)
    previous[k] = k;
  for (std::size_t i = 1; i <= left.size(); ++i) {
    current[0] = i;
    for (std::size_t k = 1; k <= right.size(); ++k) {
      const std::size_t change = left[i - 1] == right[k - 1] ? 0 : 1;
      current[k] = std::min({previous[k] + 1, current[k - 1] + 1, previous[k - 1] + change});
      if (i > 1 && k > 1 && left[i - 1] == right[k - 2] && left[i - 2] == right[k - 1]) {
        current[k] = std::min(current[k], before[k - 2] + 1);
      }
    }
    std::swap(before, previous);
    std::swap(previous, current);
  }
  return previous[right.size()];
}

}  // namespace

std::string_view nearest_name(std::string_view name, const std::vector<std::string_view>& names) {
  constexpr std::size_t kLengthMax = 64;  // longer ones are no typing mistakes, and would cost time
  if (name.size() > kLengthMax) return {};
  std::string_view nearest;
  std::size_t least = std::max<std::size_t>(1, name.size() / 3) + 1;
  for (const std::string_view candidate : names) {
    // "connect" for "connect_ms": only the unit is missing.
    const bool unit_missing = name.size() > 2 && candidate.size() > name.size() &&
                              candidate.substr(0, name.size()) == name &&
                              candidate[name.size()] == '_';
    const std::size_t distance = unit_missing ? 1 : edit_distance(name, candidate);
    if (distance >= least || distance >= candidate.size()) continue;
    least = distance;
    nearest = candidate;
  }
  return nearest;
}

}  // namespace holysheep
