// UTF-8 text: cut between characters, never inside of one; its byte order mark.
#pragma once

#include <cstddef>
#include <string_view>

namespace holysheep {

// As much of `text` as fits into `bytes_max` without breaking a character.
constexpr std::string_view cut_utf8(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  // The later bytes of a character are 10xxxxxx.
  while (bytes_max > 0 && (static_cast<unsigned char>(text[bytes_max]) & 0xC0U) == 0x80U)
    --bytes_max;
  return text.substr(0, bytes_max);
}

// Some servers and editors put it in front.
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

constexpr std::string_view without_byte_order_mark(std::string_view text) {
  const bool marked = text.substr(0, kByteOrderMark.size()) == kByteOrderMark;
  return marked ? text.substr(kByteOrderMark.size()) : text;
}

}  // namespace holysheep
