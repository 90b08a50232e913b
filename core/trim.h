// White space off both ends of a text.
#pragma once

#include <string_view>

namespace holysheep {

// JSON's and HTTP's, with line breaks.
constexpr std::string_view kWhiteSpace = " \t\r\n";

constexpr std::string_view trim(std::string_view text, std::string_view space = kWhiteSpace) {
  const std::size_t begin = text.find_first_not_of(space);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(space) - begin + 1);
}

}  // namespace holysheep
