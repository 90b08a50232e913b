// `holysheep metrics` and `holysheep health`: what a running program's monitor says, for scripts.
#include <cmath>
#include <string>

#include "bindings/cli/command.h"
#include "bindings/cli/json.h"
#include "bindings/cli/monitor_reader.h"
#include "bindings/cli/table.h"
#include "bindings/cli/terminal.h"

namespace holysheep::cli {
namespace {

int run_metrics(const Arguments& arguments) {
  MonitorReader reader;
  if (!reader.open(arguments)) return kFailed;
  MonitorReader::Answer answer;
  if (!reader.get("/metrics", 200, &answer)) return kFailed;
  return write(Stream::output, answer.body) ? kOk : kFailed;
}

Colour colour_of(std::string_view grade) {
  if (grade == "healthy") return Colour::green;
  return grade == "degraded" ? Colour::yellow : Colour::red;
}

std::string one_decimal(double number) {
  const auto tenths = std::llround(number * 10);
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10);
}

void print_health(const Json& health) {
  const bool ok = health["ok"].boolean();
  std::string first = ok ? "ok" : "not ok: " + std::string(health["reason"].text("?"));
  first = paint(Stream::output, ok ? Colour::green : Colour::red, first);
  write(Stream::output, first + ", endpoints " + std::string(health["overall_status"].text("?")) +
                            ", calls failed " + health["calls_failed"].shown() + " of " +
                            health["calls"].shown() + "\n\n");
  Table table({{"endpoint"},
               {"health"},
               {"judged", true},
               {"ok %", true},
               {"429 %", true},
               {"failed %", true},
               {"mean ms", true}});
  for (const Json& endpoint : health["endpoints"].items()) {
    const std::string_view status = endpoint["status"].text("?");
    table.add({{std::string(endpoint["name"].text("?"))},
               {std::string(status), colour_of(status)},
               {endpoint["judged_requests"].shown()},
               {one_decimal(endpoint["success_rate"].number())},
               {one_decimal(endpoint["rate_limit_rate"].number())},
               {one_decimal(endpoint["failure_rate"].number())},
               {one_decimal(endpoint["avg_latency_ms"].number())}});
  }
  write(Stream::output, table.text());
}

int run_health(const Arguments& arguments) {
  MonitorReader reader;
  if (!reader.open(arguments)) return kFailed;
  MonitorReader::Answer answer;
  constexpr int kUnavailable = 503;
  if (!reader.get("/health", kUnavailable, &answer)) return kFailed;
  const JsonDocument document(answer.body);
  if (!document.root().is_object()) {
    complain("the answer of " + reader.address() + " is no health report");
    return kFailed;
  }
  if (arguments.has("--json")) {
    write(Stream::output, answer.body + "\n");
  } else {
    print_health(document.root());
  }
  return answer.http_status == kUnavailable ? kFailed : kOk;
}

}  // namespace

Command metrics_command() {
  Command command{
      "metrics",
      "[ADDRESS] [OPTION…]",
      "print a running program's metrics",
      "Reads /metrics of a program whose configuration says \"monitor\": {\"listen\": ADDRESS}\n"
      "(without ADDRESS: 127.0.0.1:9464; also unix:PATH) and prints the text, as Prometheus would "
      "get it.\n"
      "Exit status: 0, or 1 if nothing answers there.\n\n"
      "  holysheep metrics\n"
      "  holysheep metrics 127.0.0.1:9465 | grep rate_limit\n",
      monitor_options(),
      run_metrics,
  };
  command.words_max = 1;
  return command;
}

Command health_command() {
  Command command{
      "health",
      "[ADDRESS] [OPTION…]",
      "is a running program being answered?",
      "Reads /health of a program whose configuration says \"monitor\": {\"listen\": ADDRESS}\n"
      "(without ADDRESS: 127.0.0.1:9464). 429s that were absorbed by another endpoint are no\n"
      "failure.\n"
      "Exit status: 0 if calls are answered; 1 if they fail, if no endpoint can take one, or if\n"
      "nothing answers at the address.\n\n"
      "  holysheep health\n"
      "  holysheep health --json | jq .endpoints\n",
      monitor_options(),
      run_health,
  };
  command.options.push_back({"--json", "", "print the report as JSON"});
  command.words_max = 1;
  return command;
}

}  // namespace holysheep::cli
