// Log records: which level brings which, who gets them, and that nobody waits for who reads them.

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

#include "fixture.h"

using namespace capi_test;

namespace {

// "warning: message" of each record that is in the queue now.
std::vector<std::string> take_records(holysheep_queue* logs, std::int32_t level) {
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
  return records;
}

// "warning: message" of each record that a client writes from `level` up.
std::vector<std::string> records_of(const std::string& config, std::int32_t level, int calls) {
  Client client(config);
  holysheep_queue* logs = nullptr;
  REQUIRE(holysheep_queue_new(&logs) == HOLYSHEEP_OK);
  REQUIRE(holysheep_client_log(client.get(), logs, level) == HOLYSHEEP_OK);
  for (int i = 0; i < calls; ++i)
    client.call();
  const std::vector<std::string> records = take_records(logs, level);
  holysheep_queue_free(logs);
  return records;
}

bool has(const std::vector<std::string>& records, const std::string& wanted) {
  return std::find(records.begin(), records.end(), wanted) != records.end();
}

std::size_t count_of(const std::vector<std::string>& records, const std::string& wanted) {
  return static_cast<std::size_t>(std::count(records.begin(), records.end(), wanted));
}

struct LogQueue {
  holysheep_queue* queue = nullptr;
  LogQueue() { REQUIRE(holysheep_queue_new(&queue) == HOLYSHEEP_OK); }
  ~LogQueue() { holysheep_queue_free(queue); }
  LogQueue(const LogQueue&) = delete;
  LogQueue& operator=(const LogQueue&) = delete;
};

// Standard error is a pipe, and HOLYSHEEP_LOG is set, while this lives.
class StderrPipe {
 public:
  explicit StderrPipe(const char* level) : before_(dup(STDERR_FILENO)) {
    REQUIRE(pipe(ends_) == 0);
    REQUIRE(dup2(ends_[1], STDERR_FILENO) == STDERR_FILENO);
    setenv("HOLYSHEEP_LOG", level, 1);
  }
  ~StderrPipe() {
    unsetenv("HOLYSHEEP_LOG");
    dup2(before_, STDERR_FILENO);
    for (const int each : {before_, ends_[0], ends_[1]})
      close(each);
  }
  StderrPipe(const StderrPipe&) = delete;
  StderrPipe& operator=(const StderrPipe&) = delete;

  std::string take() {
    fcntl(ends_[0], F_SETFL, O_NONBLOCK);
    std::string all;
    char buffer[65536];
    for (ssize_t got = 0; (got = read(ends_[0], buffer, sizeof buffer)) > 0;)
      all.append(buffer, static_cast<std::size_t>(got));
    return all;
  }

 private:
  int ends_[2] = {-1, -1};
  int before_;
};

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  REQUIRE((text.empty() || text.back() == '\n'));
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = text.find('\n', begin);
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
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

TEST_CASE("log: clients that share an engine have a queue and a level each") {
  Mock mock(three("{}"));
  Client first(mock.config());
  Client second(mock.config());
  const LogQueue all;
  const LogQueue errors;
  REQUIRE(holysheep_client_log(first.get(), all.queue, HOLYSHEEP_LOG_INFO) == HOLYSHEEP_OK);
  REQUIRE(holysheep_client_log(second.get(), errors.queue, HOLYSHEEP_LOG_ERROR) == HOLYSHEEP_OK);
  first.call();
  CHECK(has(take_records(all.queue, HOLYSHEEP_LOG_INFO), "info: succeeded"));
  CHECK(take_records(errors.queue, HOLYSHEEP_LOG_ERROR).empty());

  // The other one's end is not this one's.
  REQUIRE(holysheep_client_log(second.get(), nullptr, 0) == HOLYSHEEP_OK);
  first.call();
  CHECK(has(take_records(all.queue, HOLYSHEEP_LOG_INFO), "info: succeeded"));

  // One queue for both gets each record once, from the lower level up.
  REQUIRE(holysheep_client_log(second.get(), all.queue, HOLYSHEEP_LOG_WARNING) == HOLYSHEEP_OK);
  first.call();
  CHECK(count_of(take_records(all.queue, HOLYSHEEP_LOG_INFO), "info: succeeded") == 1);

  REQUIRE(holysheep_client_log(second.get(), errors.queue, HOLYSHEEP_LOG_INFO) == HOLYSHEEP_OK);
  holysheep_client_close(second.get());
  CHECK(holysheep_client_log(second.get(), errors.queue, HOLYSHEEP_LOG_INFO) == HOLYSHEEP_E_CLOSED);
  REQUIRE(holysheep_client_join(second.get(), kPatienceMs) == HOLYSHEEP_OK);
  first.call();
  CHECK(take_records(errors.queue, HOLYSHEEP_LOG_INFO).empty());
  CHECK(has(take_records(all.queue, HOLYSHEEP_LOG_INFO), "info: succeeded"));
}

TEST_CASE("log: standard error that nobody reads holds no call up, and the gap is told later") {
  Mock mock(three("{}"));
  StderrPipe unread("debug");
  Client client(mock.config(R"(,"isolated":true)"));
  for (int i = 0; i < 600; ++i)
    REQUIRE(client.call().status == HOLYSHEEP_OK);
  const std::string full = unread.take();
  CHECK(full.size() >= 4096);
  client.call();
  const std::vector<std::string> lines = lines_of(full + unread.take());
  std::int64_t dropped = 0;
  std::size_t notes = 0;
  for (const std::string& text : lines) {
    const Json line(text);
    if (line.text("/message") != "log records dropped: standard error was full") continue;
    ++notes;
    dropped += line.number("/records");
  }
  CHECK(notes == 1);
  CHECK(dropped > 0);
  CHECK(Json(lines.back()).text("/message") == "succeeded");
}
