// `holysheep simulate`: a scenario in virtual time, its report as tables. The report is shown by
// its shape, not by its names: scalars as lines, arrays of objects as tables, so that the simulator
// may report more without this file changing.
#include <algorithm>
#include <string>

#include "bindings/cli/command.h"
#include "bindings/cli/configuration.h"
#include "bindings/cli/failure.h"
#include "bindings/cli/handle.h"
#include "bindings/cli/json.h"
#include "bindings/cli/table.h"
#include "bindings/cli/terminal.h"

namespace holysheep::cli {
namespace {

bool is_table(const Json& value) {
  const std::vector<Json> items = value.items();
  return !items.empty() &&
         std::all_of(items.begin(), items.end(), [](const Json& item) { return item.is_object(); });
}

void print_table(const std::string& title, const Json& value) {
  std::vector<std::string> names;
  const std::vector<Json> rows = value.items();
  for (const Json& row : rows) {
    for (const auto& [key, cell] : row.members()) {
      if (std::find(names.begin(), names.end(), key) == names.end()) names.emplace_back(key);
    }
  }
  std::vector<Column> columns;
  for (const std::string& name : names) {
    const bool number = std::none_of(rows.begin(), rows.end(), [&](const Json& row) {
      return row[name].present() && (row[name].is_text() || row[name].is_object());
    });
    columns.push_back({name, number});
  }
  Table table(columns);
  for (const Json& row : rows) {
    std::vector<Cell> cells;
    for (const std::string& name : names) {
      const std::string shown = row[name].shown();
      cells.push_back({shown.empty() ? "-" : shown});
    }
    table.add(std::move(cells));
  }
  write(Stream::output, "\n" + title + "\n" + table.text());
}

// "p50 300, p99 350" for an object of scalars; nothing for any other.
std::optional<std::string> on_one_line(const Json& object) {
  std::string line;
  for (const auto& [key, value] : object.members()) {
    if (value.is_object() || value.is_array()) return std::nullopt;
    line += (line.empty() ? "" : ", ") + std::string(key) + " " + value.shown();
  }
  return line.empty() ? "none" : line;
}

std::string line_of(const Json& value) {
  return value.is_object() ? on_one_line(value).value_or(value.raw()) : value.shown();
}

void print_report(const Json& report) {
  std::size_t widest = 0;
  for (const auto& [key, value] : report.members())
    widest = std::max(widest, key.size());
  for (const auto& [key, value] : report.members()) {
    if (is_table(value)) continue;
    std::string name(key);
    name.resize(widest + 2, ' ');
    write(Stream::output, name + line_of(value) + "\n");
  }
  for (const auto& [key, value] : report.members()) {
    if (is_table(value)) print_table(std::string(key), value);
  }
}

int run_simulate(const Arguments& arguments) {
  if (arguments.words().empty()) {
    complain("which scenario? holysheep simulate FILE.json   (- is standard input)");
    return kMisused;
  }
  const auto seed = arguments.integer("--seed", 0, 1, INT64_MAX);
  if (!seed) return kMisused;
  const std::optional<std::string> scenario = read_or_complain(arguments.words()[0]);
  if (!scenario) return kFailed;
  holysheep_text* made = nullptr;
  holysheep_error error = HOLYSHEEP_ERROR_INIT;
  const holysheep_status status = holysheep_simulate(
      scenario->data(), scenario->size(), static_cast<std::uint64_t>(*seed), &made, &error);
  const Text report(made);
  if (status != HOLYSHEEP_OK) {
    complain(describe(error));
    return kFailed;
  }
  const JsonDocument document(view(report));
  if (arguments.has("--json") || !document.root().is_object()) {
    write(Stream::output, std::string(view(report)) + "\n");
  } else {
    print_report(document.root());
  }
  return kOk;
}

}  // namespace

Command simulate_command() {
  return {
      "simulate",
      "FILE.json [--seed N] [--json]",
      "run traffic against modelled providers in virtual time",
      "Runs the same engine under a virtual clock against providers with limits, latencies and "
      "faults\n"
      "as the scenario describes them: hours of traffic in moments. The same file and seed give "
      "the\n"
      "same report. Exit status: 0, or 1 if the scenario is wrong or an invariant broke (the "
      "message\n"
      "names the seed that replays it).\n\n"
      "  holysheep simulate scenario.json\n"
      "  holysheep simulate scenario.json --seed 42 --json\n",
      {{"--seed", "N", "the random seed; default: the scenario's"},
       {"--json", "", "print the report as JSON"}},
      run_simulate,
      false,
      1,
  };
}

}  // namespace holysheep::cli
