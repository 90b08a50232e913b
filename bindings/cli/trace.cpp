// Every member is optional: a newer library may name things that this program does not know.
#include "bindings/cli/trace.h"

#include "bindings/cli/json.h"
#include "bindings/cli/number.h"

namespace holysheep::cli {
namespace {

std::string milliseconds(const Json& value) {
  return fixed(value.number(), 0) + " ms";
}

std::string others(const Json& list) {
  std::string text;
  for (const Json& other : list.items()) {
    if (!text.empty()) text += ", ";
    if (other.is_text()) {
      text += other.text();
      continue;
    }
    text += other["endpoint"].text("?");
    const std::string_view reason = other["reason"].text();
    if (!reason.empty()) text += " (" + std::string(reason) + ")";
  }
  return text;
}

std::string attempt_line(std::size_t number, const Json& attempt) {
  std::string line = "attempt " + std::to_string(number) + ": ";
  line += attempt["endpoint"].text("?");
  if (!attempt["model"].text().empty()) line += " " + std::string(attempt["model"].text());
  const std::int64_t status = attempt["status"].integer();
  if (status != 0) line += " " + std::to_string(status);
  line += " " + std::string(attempt["verdict"].text("?"));
  for (const std::string_view detail : {"dimension", "time_limit", "transport"}) {
    if (attempt[detail].is_text()) line += " (" + std::string(attempt[detail].text()) + ")";
  }
  line += ", waited " + milliseconds(attempt["waited_ms"]);
  line += ", took " + milliseconds(attempt["took_ms"]);
  if (!attempt["why"].text().empty()) line += "; chosen: " + std::string(attempt["why"].text());
  const std::string not_chosen = others(attempt["others"]);
  if (!not_chosen.empty()) line += "; others: " + not_chosen;
  return line + "\n";
}

}  // namespace

std::string trace_lines(std::string_view meta) {
  const JsonDocument document(meta);
  const Json& root = document.root();
  std::string lines;
  std::size_t number = 0;
  for (const Json& attempt : root["trace"].items())
    lines += attempt_line(++number, attempt);
  std::string total = "call: ";
  if (!root["endpoint"].text().empty()) {
    total += root["error"].present() ? "failed, last at " : "served by ";
    total += std::string(root["endpoint"].text()) + ", ";
  }
  const auto attempts = static_cast<std::size_t>(root["attempts"].integer());
  total += counted(attempts, "attempt") + ", waited " + milliseconds(root["waited_ms"]) +
           ", took " + milliseconds(root["took_ms"]);
  const Json usage = root["usage"];
  if (usage.is_object()) {
    total += ", tokens " + usage["input"].shown() + " in, " + usage["output"].shown() + " out";
  }
  const Json cost = root["cost_nano_usd"];
  if (cost.number(-1) >= 0) total += ", $" + fixed(cost.number() / 1e9, 6);
  if (root["maybe_billed"].boolean()) total += ", an unanswered attempt may be billed";
  return lines + total + "\n";
}

}  // namespace holysheep::cli
