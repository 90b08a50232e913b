// The commands, one file each. A command is its help text, its options and its function; main.cpp
// holds the list and does everything that all of them share.
#pragma once

#include <string_view>
#include <vector>

#include "bindings/cli/arguments.h"

namespace holysheep::cli {

constexpr int kOk = 0;
constexpr int kFailed = 1;
constexpr int kMisused = 2;  // the command line itself

struct Command {
  std::string_view name;
  std::string_view synopsis;  // what follows the name
  std::string_view summary;   // one line, for the overview
  std::string_view details;   // what it does and what its exit status means, with examples
  std::vector<Option> options;
  int (*run)(const Arguments& arguments);
  bool takes_command = false;  // words after "--" are a command of somebody else's
  std::size_t words_max = 0;   // arguments that are no options
};

Command chat_command();
Command check_command();
Command status_command();
Command demo_command();
Command mock_command();
Command simulate_command();
Command config_command();
Command bench_command();
Command top_command();
Command metrics_command();
Command health_command();
Command version_command();

// How the program was called, for "type this next" texts.
std::string_view program_name();

}  // namespace holysheep::cli
