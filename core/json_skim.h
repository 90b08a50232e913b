// Skims one JSON text in a single pass, forward only, without building anything: the caller enters
// the objects and arrays that it wants and steps over the rest. For stream events, which are many
// and small; where a tree is wanted, core/json.h is the tool.
//
// Strict about structure (brackets, commas, quotes, literals, nothing after the value), lenient
// about the syntax of numbers, about which escapes a string holds, and about UTF-8. Member names
// that are written with escapes match nothing. Never reads outside the text. A fault ends every
// loop: after it all calls say "no more" and finish() is false.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/byte_scan.h"

namespace holysheep {

enum class JsonKind : std::uint8_t {
  none,  // not well-formed, or no value here
  object,
  array,
  string,
  number,
  true_value,
  false_value,
  null,
};

struct JsonSlice {
  JsonKind kind = JsonKind::none;
  std::string_view raw;  // as written; a string without its quotes, escapes as they are

  bool is_string() const { return kind == JsonKind::string; }
  // A string, array or object with something in it, a number but 0, true: what Python calls true.
  bool filled() const;
  // A number's whole part if it is one that fits and is not negative, else -1.
  std::int64_t count() const;
};

class JsonSkim {
 public:
  explicit JsonSkim(std::string_view text) : at_(text.data()), end_(at_ + text.size()) {}

  // What stands here, without consuming it.
  JsonKind peek();
  // Enters the object that stands here; false (and nothing consumed) if it is something else.
  bool enter_object();
  // The next member's name, then its value must be consumed. False after the last, or on a fault.
  bool next_member(std::string_view& name);
  bool enter_array();
  bool next_element();
  // Consumes a value of any kind.
  JsonSlice value();
  // Nothing but white space is left, and all was well-formed.
  bool finish();

 private:
  bool fail();
  void skip_space() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t'))
      ++at_;
  }
  bool enter(char bracket);
  // At the next member or element: false at `bracket`, which is consumed, or on a fault.
  bool next(char bracket);
  bool read_string(std::string_view& raw);
  bool read_name(std::string_view& name);
  bool skip_container();
  bool skip_plain(JsonKind kind);

  const char* at_;
  const char* end_;
  bool first_ = false;  // right after an opening bracket
  bool failed_ = false;
};

// The text of a raw JSON string: escapes resolved, what cannot be resolved replaced by U+FFFD.
std::string unescape_json(std::string_view raw);

}  // namespace holysheep
