// Keys that come from files: read when a client opens, and again after a 401.
#pragma once

#include <string>

#include "core/config.h"

namespace holysheep {

// The key in the file, without white space around it; "" if it cannot be read. A key is short: no
// more than the first 16 KiB are looked at.
std::string read_key_file(const KeySource& source);

}  // namespace holysheep
