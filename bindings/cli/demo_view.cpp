// The cursor is hidden while the table is live, and shown again at the end, after Ctrl-C too.
#include "bindings/cli/demo_view.h"

#include <algorithm>
#include <cstring>

#include "bindings/cli/command.h"
#include "bindings/cli/number.h"
#include "bindings/cli/pool_table.h"
#include "bindings/cli/system.h"
#include "bindings/cli/terminal.h"

namespace holysheep::cli {
namespace {

constexpr double kLineSeconds = 1;  // between two rounds of plain lines
constexpr std::string_view kHideCursor = "\x1b[?25l";
constexpr std::string_view kShowCursor = "\x1b[?25h";
constexpr std::string_view kClearBelow = "\x1b[J";

std::string progress(const DemoTotals& totals) {
  return fixed(totals.seconds, 1) + " s   calls " + std::to_string(totals.calls) + "   answered " +
         std::to_string(totals.answered) + "   failed " + std::to_string(totals.failed) +
         "   failovers " + std::to_string(totals.failovers);
}

std::string endpoint_line(const Json& endpoint, double seconds) {
  std::string line = fixed(seconds, 1) + "s " + std::string(endpoint["name"].text("?")) + " " +
                     std::string(endpoint["status"].text("unknown"));
  const double left_ms = endpoint["remaining_ms"].number();
  if (left_ms > 0) line += " cooldown_left=" + fixed(left_ms / 1000, 1) + "s";
  line += " requests=" + std::to_string(endpoint["attempts"].integer());
  line += " 429s=" + std::to_string(endpoint["rate_limited"].integer());
  line += " failed=" + std::to_string(endpoint["failed"].integer());
  line += " latency=" + fixed(endpoint["latency_ms_mean"].number(), 0) + "ms\n";
  return line;
}

}  // namespace

bool DemoView::is_live() {
  const char* kind = environment_variable("TERM");
  return is_terminal(Stream::output) && kind != nullptr && std::strcmp(kind, "dumb") != 0;
}

void DemoView::begin() {
  write(
      Stream::output,
      "Three fake endpoints on this machine: primary takes 30 requests a minute, backup-1 answers\n"
      "503 now and then, backup-2 is well. 20 calls a second, each of which must be answered.\n\n");
  if (live_) write(Stream::output, kHideCursor);
}

void DemoView::show(const Json& status, const DemoTotals& totals, bool last) {
  if (live_) {
    draw(status, totals);
  } else {
    print(status, totals, last);
  }
}

void DemoView::draw(const Json& status, const DemoTotals& totals) {
  std::string frame;
  if (lines_ > 0) frame += "\x1b[" + std::to_string(lines_) + "A\r";
  frame += kClearBelow;
  const std::string table =
      pool_table(status).text(terminal_columns()) + "\n" + progress(totals) + "\n";
  lines_ = static_cast<int>(std::count(table.begin(), table.end(), '\n'));
  write(Stream::output, frame + table);
}

// A line for each endpoint once a second, and at once for one whose status changed.
void DemoView::print(const Json& status, const DemoTotals& totals, bool last) {
  const bool fresh = totals.seconds < next_line_ - kLineSeconds / 2;
  const bool due = totals.seconds >= next_line_ || (last && !fresh);
  if (due) next_line_ = totals.seconds + kLineSeconds;
  for (const Json& endpoint : status["endpoints"].items()) {
    std::string& before = last_status_[std::string(endpoint["name"].text())];
    const bool changed = before != endpoint["status"].text();
    before = endpoint["status"].text();
    if (due || changed) write(Stream::output, endpoint_line(endpoint, totals.seconds));
  }
}

void DemoView::end(const DemoTotals& totals) {
  if (live_) write(Stream::output, kShowCursor);
  const bool well = totals.failed == 0 && totals.failovers > 0;
  std::string text = "\n";
  text += "calls          " + std::to_string(totals.calls) + "\n";
  text += paint(Stream::output, totals.failed == 0 ? Colour::green : Colour::red,
                "failed calls   " + std::to_string(totals.failed)) +
          "\n";
  text += "429s absorbed  " + std::to_string(totals.rate_limited) + "\n";
  text += "failovers      " + std::to_string(totals.failovers) + "\n";
  text += "served by     ";
  for (const auto& [name, count] : totals.served_by) {
    text += " " + name + " " + std::to_string(count);
  }
  text += "\n";
  if (totals.interrupted) {
    text += "\nInterrupted: calls that were still running count as failed.\n";
  } else if (well) {
    const std::string program(program_name());
    text += "\nNow with a real key:\n\n  export HOLYSHEEP_API_KEY=…\n  " + program + " check\n  " +
            program + " chat \"Say hello\"\n";
  } else if (totals.failed > 0) {
    text += "\nThe last failure: " + totals.last_error + "\n";
  } else {
    text += "\nNo call had to move to another endpoint: give it more time with --seconds 10.\n";
  }
  write(Stream::output, text);
}

}  // namespace holysheep::cli
