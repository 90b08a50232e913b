// The connection test: one small call to each endpoint. What `check` sends, in every language and
// in the program.
#pragma once

#include <string>

#include "core/config.h"

namespace holysheep {

// As holysheep_client_checks() gives it.
std::string connection_checks_json(const Config& config);

}  // namespace holysheep
