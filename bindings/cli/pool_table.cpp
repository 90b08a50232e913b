// Names of members are those of holysheep_client_status(); what is missing shows as zero.
#include "bindings/cli/pool_table.h"

#include "bindings/cli/number.h"

namespace holysheep::cli {

Colour colour_of_status(std::string_view status) {
  if (status == "healthy") return Colour::green;
  if (status == "down") return Colour::red;
  return Colour::yellow;
}

Table pool_table(const Json& status) {
  Table table({{"endpoint"},
               {"status"},
               {"cooldown left", true},
               {"requests", true},
               {"429s", true},
               {"failed", true},
               {"latency", true},
               {"reason"}});
  for (const Json& endpoint : status["endpoints"].items()) {
    const std::string_view state = endpoint["status"].text("unknown");
    const double left_ms = endpoint["remaining_ms"].number();
    const double latency_ms = endpoint["latency_ms_mean"].number();
    table.add({{std::string(endpoint["name"].text("?"))},
               {std::string(state), colour_of_status(state)},
               {left_ms > 0 ? fixed(left_ms / 1000, 1) + " s" : "-"},
               {std::to_string(endpoint["attempts"].integer())},
               {std::to_string(endpoint["rate_limited"].integer())},
               {std::to_string(endpoint["failed"].integer())},
               {latency_ms > 0 ? fixed(latency_ms, 0) + " ms" : "-"},
               {std::string(endpoint["reason"].text())}});
  }
  return table;
}

}  // namespace holysheep::cli
