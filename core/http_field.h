// What may stand in an HTTP header (RFC 9110): names, values, and the names that only the transport
// may set. For configured headers and for those of a call.
#pragma once

#include <string_view>

namespace holysheep {

// RFC 9110 5.6.2: header names and methods.
bool is_token(std::string_view text);
// No control character but the tab, so no line break that would start a header of its own.
bool is_field_value(std::string_view text);
// Why nobody may set this header by hand, as in "Host is made from the endpoint's URL"; "" if one
// may.
std::string_view header_refusal(std::string_view name);

}  // namespace holysheep
