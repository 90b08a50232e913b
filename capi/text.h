// The opaque text of the C ABI: one owned string, given out by many functions, freed by the caller.
#pragma once

#include <string>

#include "capi/holysheep.h"

struct holysheep_text {
  std::string text;
};

namespace holysheep {

// Hands `text` out through *out. NULL is INVALID_ARGUMENT; out of memory is NO_MEMORY and leaves
// *out NULL.
holysheep_status make_text(std::string text, holysheep_text** out) noexcept;

}  // namespace holysheep
