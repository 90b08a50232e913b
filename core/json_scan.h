// One pass over a JSON text that builds nothing: is it valid, where is it not, and where do the
// members of its top-level object stand. Beside simdjson's DOM because that neither says where an
// error is nor where a value stands, and because a request needs no more than this.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "core/json.h"

namespace holysheep {

// Nesting above this is refused: simdjson's default, so that both readers agree.
constexpr int kJsonDepthMax = 1024;

struct JsonFault {
  std::size_t offset = 0;
  std::string_view expected;  // static text: "a comma or '}'"
};

// A top-level member. `name` is unescaped; the span is the value's.
using JsonMemberVisitor = std::function<void(std::string_view name, JsonSpan value)>;

// Nothing if the text is one valid JSON value (RFC 8259, UTF-8), surrounded by white space at most.
// `visit` (may be empty) is called for the members of a top-level object in order, before it is
// known that the rest is valid.
std::optional<JsonFault> scan_json(std::string_view text, const JsonMemberVisitor& visit = {});

// "line 3, column 14: expected …". Lines and columns count from 1, columns in bytes.
std::string describe_fault(std::string_view text, const JsonFault& fault);

// Bytes of the UTF-8 character that begins at `at`; 0 if none does, or at the end.
std::size_t utf8_size(std::string_view text, std::size_t at);

}  // namespace holysheep
