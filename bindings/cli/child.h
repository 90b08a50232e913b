// A command of the user's, run with HOLYSHEEP_CONFIG pointing at a configuration.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace holysheep::cli {

// Runs it, waits for it, and returns its exit status as a shell says it (128 + the signal's
// number). 127, after a message on standard error, if it cannot be started.
int run_child(const std::vector<std::string>& command, std::string_view configuration);

}  // namespace holysheep::cli
