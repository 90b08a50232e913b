// Log records: which level brings which.

#include <algorithm>
#include <string>
#include <vector>

#include "fixture.h"

using namespace capi_test;

namespace {

// "warning: message" of each record that a client writes from `level` up.
std::vector<std::string> records_of(const std::string& config, std::int32_t level, int calls) {
  Client client(config);
  holysheep_queue* logs = nullptr;
  REQUIRE(holysheep_queue_new(&logs) == HOLYSHEEP_OK);
  REQUIRE(holysheep_client_log(client.get(), logs, level) == HOLYSHEEP_OK);
  for (int i = 0; i < calls; ++i)
    client.call();
  std::vector<std::string> records;
  holysheep_batch* batch = nullptr;
  while (holysheep_queue_drain(logs, 0, 0, &batch) == HOLYSHEEP_OK) {
    for (std::size_t i = 0; i < holysheep_batch_count(batch); ++i) {
      holysheep_event event = HOLYSHEEP_EVENT_INIT;
      REQUIRE(holysheep_batch_event(batch, i, &event) == HOLYSHEEP_OK);
      REQUIRE(event.kind == HOLYSHEEP_EVENT_LOG);
      REQUIRE(event.status >= level);
      const Json json(std::string(event.data, event.data_size));
      records.push_back(json.text("/level") + ": " + json.text("/message"));
    }
    holysheep_batch_free(batch);
  }
  holysheep_queue_free(logs);
  return records;
}

bool has(const std::vector<std::string>& records, const std::string& wanted) {
  return std::find(records.begin(), records.end(), wanted) != records.end();
}

}  // namespace

TEST_CASE("log: level error brings failed attempts") {
  Mock mock(three(R"({"replies":[{"status":500}]})"));
  const auto records = records_of(mock.config(R"(,"isolated":true)"), HOLYSHEEP_LOG_ERROR, 1);
  REQUIRE(has(records, "error: attempt failed"));
}

TEST_CASE("log: level warning brings the document's forced way back, level error does not") {
  const std::string config =
      R"(,"isolated":true,"policy":"document","retry":{"base_delay_ms":0,"max_attempts":4})";
  const char* limited = R"({"default":{"status":429}})";
  Mock mock(three(limited, limited, limited));
  const std::string forced = "warning: no endpoint is available, forced back to the first";
  REQUIRE(has(records_of(mock.config(config), HOLYSHEEP_LOG_WARNING, 1), forced));
  REQUIRE_FALSE(has(records_of(mock.config(config), HOLYSHEEP_LOG_ERROR, 1), forced));
}
