// A command of the user's, run with HOLYSHEEP_CONFIG pointing at a configuration.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace holysheep::cli {

// Runs it, waits for it, and returns its exit status as a shell says it (128 + the signal's
// number). 127, after a message on standard error, if it cannot be started. SIGTERM, SIGINT and
// SIGHUP that another process sends to this one are passed on; the status is then 128 + the
// number, whatever the command made of it.
int run_child(const std::vector<std::string>& command, std::string_view configuration);

}  // namespace holysheep::cli
