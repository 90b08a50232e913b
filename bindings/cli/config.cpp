// `holysheep config`: check, show, schema, markdown.
#include <string>

#include "bindings/cli/command.h"
#include "bindings/cli/configuration.h"
#include "bindings/cli/failure.h"
#include "bindings/cli/handle.h"
#include "bindings/cli/json.h"
#include "bindings/cli/terminal.h"

namespace holysheep::cli {
namespace {

// The completed, redacted form; null after a message on standard error.
Text completed(const std::string& configuration) {
  holysheep_text* text = nullptr;
  holysheep_error error = HOLYSHEEP_ERROR_INIT;
  if (holysheep_config_check(configuration.data(), configuration.size(), &text, &error) !=
      HOLYSHEEP_OK) {
    complain_about(error);
  }
  return Text(text);
}

int check(const std::string& path) {
  const std::optional<std::string> read = read_or_complain(path);
  if (!read) return kFailed;
  const Text text = completed(*read);
  if (!text) return kFailed;
  const JsonDocument document(view(text));
  const std::string name = path == "-" ? "standard input" : path;
  write(Stream::output, name + ": ok, " +
                            std::to_string(document.root()["endpoints"].items().size()) +
                            " endpoints\n");
  return kOk;
}

int show(const Arguments& arguments) {
  const std::optional<std::string> configuration = configuration_text(arguments);
  if (!configuration) return kFailed;
  const Text text = completed(*configuration);
  if (!text) return kFailed;
  const JsonDocument document(view(text));
  return write(Stream::output, pretty(document.root()) + "\n") ? kOk : kFailed;
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
  return write(Stream::output, printed) ? kOk : kFailed;
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
      "Nothing is sent. Exit status: 0 valid, 1 not.\n\n"
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
