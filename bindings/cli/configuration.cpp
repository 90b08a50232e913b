// Reads files only; what they mean is the library's business.
#include "bindings/cli/configuration.h"

#include <cerrno>

#include "bindings/cli/failure.h"
#include "bindings/cli/system.h"
#include "bindings/cli/terminal.h"

namespace holysheep::cli {
namespace {

std::string configuration_path(const Arguments& arguments) {
  if (const std::optional<std::string> given = arguments.value("--config")) return *given;
  const char* named = environment_variable("HOLYSHEEP_CONFIG");
  return named == nullptr ? "" : named;
}

}  // namespace

Option config_option() {
  return {"--config", "FILE", "the configuration (JSON); - is standard input"};
}

std::string configuration_source(const Arguments& arguments) {
  const std::string path = configuration_path(arguments);
  if (path.empty()) return std::string(kDefaultConfiguration);
  return path == "-" ? "standard input" : path;
}

std::optional<std::string> read_or_complain(const std::string& path) {
  std::string content;
  if (read_file(path, &content)) return content;
  complain("cannot read " + (path == "-" ? "standard input" : path) + ": " + reason_of(errno));
  return std::nullopt;
}

std::optional<std::string> configuration_text(const Arguments& arguments) {
  const std::string path = configuration_path(arguments);
  if (path.empty()) return "";
  std::optional<std::string> text = read_or_complain(path);
  if (text && text->empty()) {
    complain(configuration_source(arguments) +
             " is empty; the shortest configuration is {\"version\": 1}");
    return std::nullopt;
  }
  return text;
}

Client open_client(const std::string& configuration) {
  holysheep_client* opened = nullptr;
  holysheep_error error = HOLYSHEEP_ERROR_INIT;
  if (holysheep_client_open(configuration.data(), configuration.size(), &opened, &error) !=
      HOLYSHEEP_OK) {
    complain_about(error);
  }
  return Client(opened);
}

Client open_client(const Arguments& arguments) {
  const std::optional<std::string> text = configuration_text(arguments);
  return text ? open_client(*text) : nullptr;
}

}  // namespace holysheep::cli
