#include "core/label.h"

#include <simdjson.h>

#include <algorithm>

namespace holysheep {
namespace {

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7F;
}

}  // namespace

bool is_label(std::string_view name) {
  return std::none_of(name.begin(), name.end(), is_control) &&
         simdjson::validate_utf8(name.data(), name.size());
}

std::string as_label(std::string_view name) {
  std::string label(name);
  const bool text = simdjson::validate_utf8(name.data(), name.size());
  std::replace_if(
      label.begin(), label.end(),
      [text](char c) { return is_control(c) || (!text && static_cast<unsigned char>(c) >= 0x80); },
      '?');
  return label;
}

}  // namespace holysheep
