// `holysheep top`: a live view of a running program's pool, drawn from its monitor's /status.
#include <cmath>
#include <string>

#include "bindings/cli/command.h"
#include "bindings/cli/interrupt.h"
#include "bindings/cli/json.h"
#include "bindings/cli/monitor_reader.h"
#include "bindings/cli/pool_table.h"
#include "bindings/cli/table.h"
#include "bindings/cli/terminal.h"

namespace holysheep::cli {
namespace {

constexpr std::size_t kAlertsShown = 5;
constexpr std::size_t kTracesShown = 8;
constexpr std::string_view kTop = "\x1b[H";
constexpr std::string_view kClearBelow = "\x1b[J";
constexpr std::string_view kClear = "\x1b[2J";

// "0.53 s", "84 ms"
std::string duration(double ms) {
  if (ms >= 1000) {
    const auto hundredths = std::llround(ms / 10);
    const std::string fraction = std::to_string(100 + hundredths % 100).substr(1);
    return std::to_string(hundredths / 100) + "." + fraction + " s";
  }
  if (ms >= 10) return std::to_string(std::llround(ms)) + " ms";
  const auto tenths = std::llround(ms * 10);
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " ms";
}

std::string dollars(std::int64_t nano_usd) {
  const std::int64_t hundredths_of_cents = nano_usd / 100'000;
  const std::string fraction = std::to_string(10'000 + hundredths_of_cents % 10'000).substr(1);
  return "$" + std::to_string(hundredths_of_cents / 10'000) + "." + fraction;
}

// The last minutes as a line of blocks, eight heights.
std::string sparkline(const Json& counts) {
  constexpr std::string_view kBlocks[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  const std::vector<Json> items = counts.items();
  constexpr std::size_t kCells = 20;
  const std::size_t each = items.size() < kCells ? 1 : items.size() / kCells;
  std::vector<std::int64_t> cells;
  for (std::size_t i = 0; i + each <= items.size(); i += each) {
    std::int64_t sum = 0;
    for (std::size_t k = 0; k < each; ++k)
      sum += items[i + k].integer();
    cells.push_back(sum);
  }
  std::int64_t most = 1;
  for (const std::int64_t cell : cells)
    most = cell > most ? cell : most;
  std::string line;
  for (const std::int64_t cell : cells) {
    const std::int64_t height = cell == 0 ? 0 : 1 + cell * 7 / most;
    line += kBlocks[height];
  }
  return line;
}

// A cost that is not known is none of 0.
std::string cost_of(const Json& line) {
  constexpr std::int64_t kUnknown = -1;
  const std::int64_t cost = line["cost_nano_usd"].integer(kUnknown);
  return cost == kUnknown ? std::string() : dollars(cost);
}

// Of the limit that is nearest, as the provider's headers said last: "83 %"; "" if they say none.
std::string left_of_limits(const std::vector<Json>& quotas, std::size_t place) {
  if (place >= quotas.size()) return {};
  std::int64_t least = -1;
  for (const std::string_view kind : {"requests", "tokens", "input_tokens", "output_tokens"}) {
    const Json part = quotas[place][kind];
    const std::int64_t limit = part["limit"].integer();
    if (limit <= 0) continue;
    const std::int64_t percent = part["remaining"].integer() * 100 / limit;
    if (least < 0 || percent < least) least = percent;
  }
  return least < 0 ? std::string() : std::to_string(least) + " %";
}

std::string endpoints_text(const Json& status, int columns) {
  Table table({{"endpoint"},
               {"status"},
               {"back in", true},
               {"requests", true},
               {"429", true},
               {"failed", true},
               {"p50", true},
               {"p99", true},
               {"left", true},
               {"cost", true},
               {"last minutes"}});
  const std::vector<Json> metrics = status["metrics"].items();
  const std::vector<Json> costs = status["costs"]["endpoints"].items();
  const std::vector<Json> quotas = status["quotas"].items();
  std::size_t i = 0;
  for (const Json& endpoint : status["pool"]["endpoints"].items()) {
    if (i >= metrics.size() || i >= costs.size()) break;
    const Json& metric = metrics[i];
    const std::string_view state = endpoint["status"].text("?");
    std::string shown(state);
    if (const std::string_view reason = endpoint["reason"].text(); !reason.empty()) {
      shown.append(" (").append(reason).append(")");
    }
    const double left = endpoint["remaining_ms"].number();
    table.add({{std::string(endpoint["name"].text("?")), Colour::bold},
               {shown, colour_of_status(state)},
               {left > 0 ? duration(left) : ""},
               {metric["total_requests"].shown()},
               {metric["rate_limited_requests"].shown()},
               {metric["failed_requests"].shown()},
               {duration(metric["latency_ms"]["p50"].number())},
               {duration(metric["latency_ms"]["p99"].number())},
               {left_of_limits(quotas, i)},
               {cost_of(costs[i])},
               {sparkline(metric["recent"]["total"])}});
    ++i;
  }
  return table.text(columns);
}

std::string alerts_text(const Json& status) {
  const std::vector<Json> alerts = status["alerts"].items();
  std::string text;
  std::size_t shown = 0;
  for (std::size_t i = alerts.size(); i > 0 && shown < kAlertsShown; --i) {
    const Json& alert = alerts[i - 1];
    if (!alert["active"].boolean()) continue;
    const bool critical = alert["severity"].text() == "critical";
    text += paint(Stream::output, critical ? Colour::red : Colour::yellow,
                  alert["severity"].text("?")) +
            "  " + std::string(alert["message"].text()) + "\n";
    ++shown;
  }
  return text.empty() ? text : "\nalerts\n" + text;
}

std::string traces_text(const Json& status, int columns) {
  Table table({{"last calls"}, {"model"}, {"took", true}, {"outcome"}});
  for (const Json& trace : status["traces"].items()) {
    if (table.size() >= kTracesShown) break;
    std::string path;
    std::string outcome;
    for (const Json& attempt : trace["attempts"].items()) {
      path.append(path.empty() ? "" : " → ").append(attempt["endpoint"].text("?"));
      outcome.append(outcome.empty() ? "" : ", ").append(attempt["outcome"].text("?"));
    }
    if (path.empty()) path = outcome = std::string(trace["status"].text("?"));
    const bool ok = trace["status"].text() == "ok";
    table.add({{path},
               {std::string(trace["model"].text())},
               {duration(trace["took_ms"].number())},
               {outcome, ok ? Colour::none : Colour::red}});
  }
  return table.size() == 0 ? std::string() : "\n" + table.text(columns);
}

std::string screen(const Json& status, const std::string& address, int columns) {
  const Json& calls = status["pool"]["calls"];
  std::string text = paint(Stream::output, Colour::bold, "holysheep") + " at " + address + "   " +
                     std::string(status["timestamp"].text()).substr(0, 19) + "Z   calls " +
                     calls["in_flight"].shown() + " in flight, " + calls["waiting"].shown() +
                     " waiting, " + calls["succeeded"].shown() + " answered, " +
                     calls["failed"].shown() + " failed   failovers " +
                     status["pool"]["failovers"].shown() + "   " +
                     dollars(status["pool"]["cost_nano_usd"].integer()) + "\n\n";
  text += endpoints_text(status, columns) + alerts_text(status) + traces_text(status, columns);
  Printable printable;
  return is_terminal(Stream::output) ? text : printable.filter(text);
}

int run_top(const Arguments& arguments) {
  const auto seconds = arguments.integer("--interval", 1, 1, 3600);
  if (!seconds) return kMisused;
  MonitorReader reader;
  if (!reader.open(arguments)) return kFailed;
  const bool live = is_terminal(Stream::output) && !arguments.has("--once");
  const Interrupt interrupt;
  if (live) write(Stream::output, kClear);
  while (!interrupt.happened()) {
    MonitorReader::Answer answer;
    if (!reader.get("/status", 200, &answer)) return kFailed;
    const JsonDocument document(answer.body);
    const std::string drawn =
        screen(document.root(), reader.address(), live ? terminal_columns() : 0);
    if (!write(Stream::output,
               live ? std::string(kTop) + drawn + std::string(kClearBelow) : drawn)) {
      return kFailed;
    }
    if (!live) return kOk;
    interrupt.wait(nullptr, static_cast<int>(*seconds * 1000));
  }
  return kOk;
}

}  // namespace

Command top_command() {
  Command command{
      "top",
      "[ADDRESS] [OPTION…]",
      "watch a running program's pool",
      "Shows endpoints, cooldowns, latencies, cost, alerts and the last calls of a program whose\n"
      "configuration says \"monitor\": {\"listen\": ADDRESS} (without ADDRESS: 127.0.0.1:9464),\n"
      "again each second until Ctrl-C; once if the output is no terminal. A browser shows more at\n"
      "the same address.\n"
      "Exit status: 0, or 1 if nothing answers there.\n\n"
      "  holysheep top\n"
      "  holysheep top 127.0.0.1:9465 --once\n",
      monitor_options(),
      run_top,
  };
  command.options.push_back({"--once", "", "draw once and end"});
  command.options.push_back({"--interval", "SECONDS", "between two drawings; standard 1"});
  command.words_max = 1;
  return command;
}

}  // namespace holysheep::cli
