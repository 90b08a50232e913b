// `holysheep mock`: the fake providers as a process, until Ctrl-C or until a given command ends.
#include <algorithm>
#include <string>

#include "bindings/cli/child.h"
#include "bindings/cli/command.h"
#include "bindings/cli/configuration.h"
#include "bindings/cli/failure.h"
#include "bindings/cli/interrupt.h"
#include "bindings/cli/json.h"
#include "bindings/cli/preset.h"
#include "bindings/cli/table.h"
#include "bindings/cli/terminal.h"

namespace holysheep::cli {
namespace {

constexpr std::int64_t kPortMax = 65'535;

// The script with fixed ports: `first` for its first endpoint, and so on. A script that is no JSON
// object is left as it is, for the library to say what is wrong with it.
std::string with_ports(const std::string& script, std::int64_t first) {
  const JsonDocument document(script);
  if (!document.root()["endpoints"].is_array()) return script;
  std::string text = "{";
  for (const auto& [key, value] : document.root().members()) {
    if (key != "endpoints") text += quote(key) + ":" + value.raw() + ",";
  }
  text += "\"endpoints\":[";
  std::int64_t port = first;
  for (const Json& endpoint : document.root()["endpoints"].items()) {
    if (port != first) text += ",";
    text += "{\"port\":" + std::to_string(port++);
    for (const auto& [key, value] : endpoint.members()) {
      if (key != "port") text += "," + quote(key) + ":" + value.raw();
    }
    text += "}";
  }
  return text + "]}";
}

std::optional<std::string> script_of(const Arguments& arguments) {
  const std::optional<std::string> name = arguments.value("--preset");
  if (name && !arguments.words().empty()) {
    complain("give either a script or --preset");
    return std::nullopt;
  }
  if (!name && !arguments.words().empty()) return read_or_complain(arguments.words()[0]);
  const Preset* preset = find_preset(name.value_or("demo"));
  if (preset != nullptr) return std::string(preset->script);
  std::vector<std::string_view> names;
  std::string list;
  for (const Preset& known : presets()) {
    names.push_back(known.name);
    list += (list.empty() ? "" : ", ") + std::string(known.name);
  }
  const std::string near = nearest(*name, names);
  complain("no preset '" + *name + "'" +
           (near.empty() ? "; there are: " + list : "; did you mean " + near + "?"));
  return std::nullopt;
}

std::string counts(holysheep_mock* mock, const Json& endpoints) {
  std::string text = "requests received:";
  for (const Json& endpoint : endpoints.items()) {
    const std::string_view name = endpoint["name"].text();
    text += " " + std::string(name) + " " +
            std::to_string(holysheep_mock_count(mock, name.data(), name.size()));
  }
  return text + "\n";
}

int serve(holysheep_mock* mock, std::string_view configuration, const Json& endpoints) {
  const Interrupt interrupt;
  Table table({{"endpoint"}, {"base URL"}});
  for (const Json& endpoint : endpoints.items()) {
    table.add({{std::string(endpoint["name"].text())}, {std::string(endpoint["url"].text())}});
  }
  if (!write(Stream::output, table.text() + "\nconfiguration (save it as pool.json, then: " +
                                 std::string(program_name()) +
                                 " chat --config pool.json \"Say hello\"):\n" +
                                 std::string(configuration) + "\n\nrunning until Ctrl-C\n")) {
    return kFailed;  // nobody knows where it is
  }
  while (!interrupt.happened())
    interrupt.wait(nullptr, -1);
  write(Stream::output, counts(mock, endpoints));
  return kOk;
}

int run_mock(const Arguments& arguments) {
  std::optional<std::string> script = script_of(arguments);
  if (!script) return kMisused;
  const std::optional<std::int64_t> port = arguments.integer("--port", 0, 1, kPortMax);
  if (!port) return kMisused;
  if (*port > 0) script = with_ports(*script, *port);
  if (arguments.has_rest() && arguments.rest().empty()) {
    complain("-- needs a command after it");
    return kMisused;
  }
  holysheep_mock* opened = nullptr;
  holysheep_error error = HOLYSHEEP_ERROR_INIT;
  if (holysheep_mock_open(script->data(), script->size(), &opened, &error) != HOLYSHEEP_OK) {
    complain(describe(error));
    return kFailed;
  }
  const Mock mock(opened);
  holysheep_text* made = nullptr;
  holysheep_mock_config(mock.get(), &made);
  const Text configuration(made);
  const JsonDocument document(view(configuration));
  const Json endpoints = document.root()["endpoints"];
  if (!arguments.has_rest()) return serve(mock.get(), view(configuration), endpoints);
  const int status = run_child(arguments.rest(), view(configuration));
  write(Stream::error, counts(mock.get(), endpoints));
  return status;
}

std::string details() {
  std::string text =
      "Runs a pool of fake providers on loopback addresses: from a script (JSON, see MOCK.md; - "
      "is\n"
      "standard input) or a preset. Prints the endpoints and a configuration for them, and serves\n"
      "until Ctrl-C. With -- COMMAND it runs that command with HOLYSHEEP_CONFIG set to the\n"
      "configuration, and ends with the command's exit status. SIGTERM, SIGINT and SIGHUP are "
      "passed\n"
      "on to the command; sent to this process, they make it end with 128 + their number.\n\n"
      "  holysheep mock --preset rate-limited\n"
      "  holysheep mock script.json --port 8081\n"
      "  holysheep mock --preset outage -- holysheep chat --trace \"Say hello\"\n\n"
      "presets:\n";
  for (const Preset& preset : presets()) {
    std::string name(preset.name);
    name.resize(std::max<std::size_t>(16, name.size() + 2), ' ');
    text += "  " + name + std::string(preset.summary) + "\n";
  }
  return text;
}

}  // namespace

Command mock_command() {
  static const auto* const text = new std::string(details());
  return {
      "mock",
      "[SCRIPT | --preset NAME] [--port N] [-- COMMAND…]",
      "run fake providers that say 429, break and stall",
      *text,
      {{"--preset", "NAME", "a ready-made script; default demo"},
       {"--port", "N", "port of the first endpoint, the next has N + 1; default: any free ones"}},
      run_mock,
      true,
      1,
  };
}

}  // namespace holysheep::cli
