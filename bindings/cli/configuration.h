// Where a command's configuration comes from: --config, else HOLYSHEEP_CONFIG, else the library's
// default (the three HolySheep endpoints with HOLYSHEEP_API_KEY).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "bindings/cli/arguments.h"
#include "bindings/cli/handle.h"

namespace holysheep::cli {

Option config_option();
constexpr std::string_view kDefaultConfiguration = "the default";
// Where it comes from, as people say it: a path, "standard input" or kDefaultConfiguration.
std::string configuration_source(const Arguments& arguments);
// The JSON text; empty: the default. Nothing, after a message on standard error, if unreadable.
std::optional<std::string> configuration_text(const Arguments& arguments);
// A client, or null after a message on standard error.
Client open_client(const Arguments& arguments);
Client open_client(const std::string& configuration);
// A file, or nothing after a message on standard error.
std::optional<std::string> read_or_complain(const std::string& path);

}  // namespace holysheep::cli
