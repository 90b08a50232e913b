// `holysheep config`: check, show, schema, markdown.
#include <string>

#include "bindings/cli/command.h"
#include "bindings/cli/configuration.h"
#include "bindings/cli/failure.h"
#include "bindings/cli/handle.h"
#include "bindings/cli/json.h"
#include "bindings/cli/number.h"
#include "bindings/cli/terminal.h"

namespace holysheep::cli {
namespace {

int check(const std::string& path) {
  const std::optional<std::string> read = read_or_complain(path);
  if (!read) return kFailed;
  holysheep_text* made = nullptr;
  holysheep_error error = HOLYSHEEP_ERROR_INIT;
  const holysheep_status status = holysheep_config_check(read->data(), read->size(), &made, &error);
  const Text text(made);
  const std::string name = path == "-" ? "standard input" : path;
  if (status == HOLYSHEEP_E_NO_KEY) {  // which is told only when all else is right
    write(Stream::output, name + ": ok, but there is no key here\n");
    complain("warning: " + describe(error));
    return kOk;
  }
  if (status != HOLYSHEEP_OK) {
    complain_about(error);
    return kFailed;
  }
  const JsonDocument document(view(text));
  const std::size_t endpoints = document.root()["endpoints"].items().size();
  write(Stream::output, name + ": ok, " + counted(endpoints, "endpoint") + "\n");
  return kOk;
}

int show(const Arguments& arguments) {
  const std::optional<std::string> configuration = configuration_text(arguments);
  if (!configuration) return kFailed;
  holysheep_text* made = nullptr;
  holysheep_error error = HOLYSHEEP_ERROR_INIT;
  if (holysheep_config_check(configuration->data(), configuration->size(), &made, &error) !=
      HOLYSHEEP_OK) {
    complain_about(error);
    return kFailed;
  }
  const Text text(made);
  const JsonDocument document(view(text));
  write(Stream::output, pretty(document.root()) + "\n");
  return kOk;
}

int describe_as(const char* format) {
  holysheep_text* made = nullptr;
  const holysheep_status status = holysheep_config_describe(format, &made);
  const Text text(made);
  if (status != HOLYSHEEP_OK) {
    complain_about(status, -1, "");
    return kFailed;
  }
  std::string printed(view(text));
  if (printed.empty() || printed.back() != '\n') printed += '\n';
  write(Stream::output, printed);
  return kOk;
}

int run_config(const Arguments& arguments) {
  const std::vector<std::string>& words = arguments.words();
  const std::vector<std::string_view> known = {"check", "show", "schema", "markdown"};
  if (words.empty()) {
    complain("say what to do: check FILE, show, schema or markdown (see: holysheep config --help)");
    return kMisused;
  }
  if (words[0] == "check") {
    if (words.size() == 2) return check(words[1]);
    complain("check needs a file: holysheep config check FILE   (- is standard input)");
    return kMisused;
  }
  if (words.size() > 1) {
    complain("unexpected argument '" + words[1] + "' after " + words[0]);
    return kMisused;
  }
  if (words[0] == "show") return show(arguments);
  if (words[0] == "schema") return describe_as("schema");
  if (words[0] == "markdown") return describe_as("markdown");
  const std::string near = nearest(words[0], known);
  complain("unknown: config " + words[0] +
           (near.empty() ? "; expected check, show, schema or markdown"
                         : "; did you mean '" + near + "'?"));
  return kMisused;
}

}  // namespace

Command config_command() {
  return {
      "config",
      "check FILE | show | schema | markdown",
      "check, show and explain configurations",
      "check FILE   is the file valid? An error names the JSON path and what was expected\n"
      "show         the configuration in force, with defaults filled in and secrets hidden\n"
      "schema       the JSON Schema, for editors\n"
      "markdown     every key with its default: CONFIGURATION.md\n\n"
      "Nothing is sent. Exit status: 0 valid, 1 not. A valid file whose key is not set on this "
      "machine\n"
      "(a build server, say) is valid to check, with a warning; `holysheep check` tests keys.\n\n"
      "  holysheep config check pool.json\n"
      "  echo '{\"version\": 1}' | holysheep config check -\n"
      "  holysheep config show --config pool.json\n"
      "  holysheep config schema > holysheep.schema.json\n",
      {config_option()},
      run_config,
      false,
      2,
  };
}

}  // namespace holysheep::cli
