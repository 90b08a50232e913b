// Where a credential comes from.
#pragma once

#include <cstdint>
#include <string>

namespace holysheep {

struct KeySource {
  enum class Kind : std::uint8_t { none, text, file };
  Kind kind = Kind::none;
  std::string value;  // the key (of {"env": …} too, read in open), or the file's path
};

}  // namespace holysheep
