// `holysheep status`. The library has no daemon: what is shown is the pool of this configuration as
// a fresh client sees it, after the calls of --check if they are asked for.
#include <string>

#include "bindings/cli/check.h"
#include "bindings/cli/command.h"
#include "bindings/cli/configuration.h"
#include "bindings/cli/failure.h"
#include "bindings/cli/json.h"
#include "bindings/cli/pool_table.h"
#include "bindings/cli/terminal.h"

namespace holysheep::cli {
namespace {

int run_status(const Arguments& arguments) {
  const Client client = open_client(arguments);
  if (!client) return kFailed;
  const bool as_json = arguments.has("--json");
  bool passed = true;
  if (arguments.has("--check")) {
    const Interrupt interrupt;
    const std::vector<CheckResult> results =
        check_endpoints(client.get(), arguments.value("--model", ""), interrupt);
    if (interrupt.happened()) return kInterruptedStatus;
    if (!as_json) {
      passed = print_checks(results);
      write(Stream::output, "\n");
    }
    for (const CheckResult& result : results)
      passed = passed && result.status == HOLYSHEEP_OK;
  }
  holysheep_text* made = nullptr;
  const holysheep_status status = holysheep_client_status(client.get(), &made);
  const Text text(made);
  if (status != HOLYSHEEP_OK) {
    complain_about(status, -1, "");
    return kFailed;
  }
  if (as_json) {
    write(Stream::output, std::string(view(text)) + "\n");
    return passed ? kOk : kFailed;
  }
  const JsonDocument document(view(text));
  write(Stream::output, "configuration: " + configuration_source(arguments) + "\n\n");
  write(Stream::output, pool_table(document.root()).text() + "\n");
  for (const Json& endpoint : document.root()["endpoints"].items()) {
    write(Stream::output, std::string(endpoint["name"].text("?")) + ": " +
                              std::string(endpoint["url"].text("?")) + "\n");
  }
  return passed ? kOk : kFailed;
}

}  // namespace

Command status_command() {
  return {
      "status",
      "[OPTION…]",
      "show the pool of a configuration",
      "Shows each endpoint's status, address and counts. HolySheep is a library, not a daemon: "
      "this\n"
      "is a fresh pool, in which every endpoint is healthy until a call says otherwise; --check "
      "makes\n"
      "one call to each first. Programs ask their own client (holysheep_client_status).\n"
      "Exit status: 0, or 1 if the pool cannot be opened or a check failed.\n\n"
      "  holysheep status\n"
      "  holysheep status --check --config pool.json\n",
      {{"--check", "", "call each endpoint first (see: holysheep check)"},
       {"--model", "NAME", "the model of those calls"},
       {"--json", "", "print the JSON that programs get"},
       config_option()},
      run_status,
  };
}

}  // namespace holysheep::cli
