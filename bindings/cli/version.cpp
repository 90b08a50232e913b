// `holysheep version`.
#include "bindings/cli/command.h"
#include "bindings/cli/terminal.h"
#include "holysheep.h"

namespace holysheep::cli {
namespace {

int run_version(const Arguments&) {
  write(Stream::output, std::string("holysheep ") + holysheep_version() + "\n");
  return kOk;
}

}  // namespace

Command version_command() {
  return {"version",
          "",
          "print the versions of HolySheep and of the libraries that it runs on",
          "Prints one line, as running now: what a bug report should quote.\n\n"
          "  holysheep version\n",
          {},
          run_version};
}

}  // namespace holysheep::cli
