// Writes a Config back as JSON: redacted for people, complete as the engine registry's key.
#pragma once

#include <string>

#include "core/config.h"

namespace holysheep {

// The completed configuration with its secrets, members always in the same order: equal texts mean
// equal configurations. Never to be shown.
std::string canonical_config(const Config& config);

}  // namespace holysheep
