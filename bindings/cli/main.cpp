// The `holysheep` program: finds the command, reads its options, prints help. Written on
// holysheep.h alone, so that it is also an example for users of the C ABI.
#include <algorithm>
#include <cstdlib>
#include <new>
#include <string>

#include "bindings/cli/command.h"
#include "bindings/cli/terminal.h"

namespace holysheep::cli {
namespace {

const char* program = "holysheep";

std::vector<Command> all_commands() {
  std::vector<Command> commands = {chat_command(),    check_command(),  status_command(),
                                   demo_command(),    mock_command(),   simulate_command(),
                                   config_command(),  bench_command(),  top_command(),
                                   metrics_command(), health_command(), version_command()};
  for (Command& command : commands) {
    command.options.push_back({"--help", "", "print this text"});
  }
  return commands;
}

std::string padded(std::string_view text, std::size_t width) {
  std::string cell(text);
  cell.resize(std::max(width, cell.size() + 2), ' ');
  return cell;
}

std::string overview(const std::vector<Command>& commands) {
  std::string text =
      "holysheep - keeps calls to LLM APIs going: failover, retry, cooldowns, time limits\n\n"
      "usage: holysheep COMMAND [OPTION…]\n\ncommands:\n";
  for (const Command& command : commands) {
    text += "  " + padded(command.name, 10) + std::string(command.summary) + "\n";
  }
  text +=
      "\nenvironment:\n"
      "  HOLYSHEEP_API_KEY  the key, for a configuration that names no other\n"
      "  HOLYSHEEP_CONFIG   path of a configuration file, where --config is not given\n"
      "  HOLYSHEEP_LOG      debug, info, warning or error: log lines on standard error\n"
      "  NO_COLOR           no colours, even on a terminal\n\n"
      "first steps:\n"
      "  holysheep demo                        a pool that fails, and calls that do not\n"
      "  HOLYSHEEP_API_KEY=… holysheep check   does each endpoint take the key?\n"
      "  HOLYSHEEP_API_KEY=… holysheep chat \"Say hello\"\n\n"
      "`holysheep COMMAND --help` explains a command. Exit status: 0 success, 1 failure, 2 a "
      "command\n"
      "line that makes no sense, 130 ended by Ctrl-C.\n";
  return text;
}

std::string help_of(const Command& command) {
  std::string text = "holysheep " + std::string(command.name) + " - " +
                     std::string(command.summary) + "\n\nusage: holysheep " +
                     std::string(command.name) + " " + std::string(command.synopsis) + "\n\n" +
                     std::string(command.details) + "\noptions:\n";
  for (const Option& option : command.options) {
    std::string name(option.name);
    if (!option.value.empty()) name += " " + std::string(option.value);
    text += "  " + padded(name, 22) + std::string(option.help) + "\n";
  }
  return text;
}

int misuse(std::string_view message, std::string_view help) {
  complain(std::string(message) + " (see: " + std::string(help) + ")");
  return kMisused;
}

int run_command(const Command& command, const std::vector<std::string>& words) {
  set_command_name(command.name);
  Arguments arguments;
  const std::string help = "holysheep " + std::string(command.name) + " --help";
  const std::optional<std::string> wrong = arguments.parse(command.options, words);
  // Help is given even beside a mistake: who asks for it may not know the options.
  if (arguments.has("--help") || (words.size() == 1 && words[0] == "-h")) {
    write(Stream::output, help_of(command));
    return kOk;
  }
  if (wrong) return misuse(*wrong, help);
  if (arguments.has_rest() && !command.takes_command && command.words_max == 0) {
    return misuse("nothing may follow --", help);
  }
  if (arguments.words().size() > command.words_max) {
    return misuse("unexpected argument '" + arguments.words()[command.words_max] + "'", help);
  }
  return command.run(arguments);
}

int run(const std::vector<std::string>& words) {
  const std::vector<Command> commands = all_commands();
  if (words.empty()) {
    write(Stream::error, overview(commands));
    return kMisused;
  }
  std::string name = words[0];
  std::vector<std::string> rest(words.begin() + 1, words.end());
  if (name == "--version") name = "version";
  if (name == "--help" || name == "-h" || name == "help") {
    if (rest.empty()) {
      write(Stream::output, overview(commands));
      return kOk;
    }
    name = rest[0];
    rest = {"--help"};
  }
  std::vector<std::string_view> names;
  for (const Command& command : commands) {
    if (command.name == name) return run_command(command, rest);
    names.push_back(command.name);
  }
  const std::string near = nearest(name, names);
  return misuse(
      "unknown command '" + name + "'" + (near.empty() ? "" : "; did you mean '" + near + "'?"),
      "holysheep --help");
}

}  // namespace

std::string_view program_name() {
  return program;
}

}  // namespace holysheep::cli

int main(int count, char** arguments) {
  namespace cli = holysheep::cli;
  if (!cli::hold_standard_streams()) return cli::kFailed;
  if (count > 0) cli::program = arguments[0];
  int status = cli::kFailed;
  try {
    status = cli::run({arguments + (count > 0 ? 1 : 0), arguments + count});
  } catch (const std::bad_alloc&) {
    cli::write(cli::Stream::error, "holysheep: out of memory\n");
  }
  return cli::end_output(status, cli::kFailed);
}
