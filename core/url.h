// Where one attempt goes: base URL, path template, the request's path, configured query.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/config.h"

namespace holysheep {

// `path` as in the request, with or without its own query. A leading "/v1" that the base URL ends
// with already is not repeated. {model} and {path} of the endpoint's template are filled in. A
// configured parameter stands back where the request has one of that name, as headers do.
std::string endpoint_url(const EndpointConfig& endpoint, std::string_view path,
                         std::string_view model);

enum class PercentForm : std::uint8_t {
  standard,    // RFC 3986: %2F
  lower_case,  // %2f, as some servers write it
  form,        // as in HTML forms: a space is a plus
};
// Everything but unreserved characters becomes %XX.
std::string percent_encode(std::string_view text, PercentForm form = PercentForm::standard);
// "%2B" is a plus sign; what is no such code stays as it is.
std::string percent_decode(std::string_view text, PercentForm form = PercentForm::standard);

}  // namespace holysheep
