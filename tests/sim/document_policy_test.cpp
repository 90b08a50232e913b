// Policy `document` against what the document's two clients really do
// (tests/vectors/document.json), and its mended points, each by name.
#include <catch2/catch_test_macros.hpp>
#include <fstream>
#include <sstream>

#include "core/json.h"
#include "tests/sim/sim_pool.h"

namespace holysheep {
namespace {

std::string read_vectors() {
  std::ifstream file(HOLYSHEEP_VECTORS "/document.json");
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string settings_of(std::string_view language) {
  std::string settings = R"("policy": "document", "time_limits": {"total_ms": 0})";
  if (language == "typescript") settings += R"(, "retry": {"delay_on": "any_failure"})";
  return settings;
}

char letter_of(EndpointStatus status) {
  switch (status) {
    case EndpointStatus::healthy:
      return 'h';
    case EndpointStatus::degraded:
      return 'd';
    case EndpointStatus::rate_limited:
      return 'r';
    case EndpointStatus::down:
      return 'x';
  }
  return '?';
}

int status_of(char letter) {
  return letter == '4' ? 429 : letter == '5' ? 500 : 200;
}

constexpr std::string_view kAnswer =
    R"({"id":"1","object":"chat.completion","choices":[{"index":0,"message":)"
    R"({"role":"assistant","content":"Hello"},"finish_reason":"stop"}]})";

// Answers are handed out in order, whatever endpoint asks: each attempt is given its answer when
// the one before has ended.
class ScriptedRun {
 public:
  ScriptedRun(std::string_view language, std::string_view script)
      : pool_(settings_of(language)), script_(script) {}

  // One call; its attempts in the vector's form.
  std::string call() {
    const std::size_t before = pool_.attempts().size();
    const std::size_t number = pool_.submit();
    std::string text;
    while (pool_.simulation().call(number).active()) {
      offer();
      if (!pool_.simulation().step()) break;
    }
    const SimCall& call = pool_.simulation().call(number);
    text += call.status == Status::ok ? "ok " : "failed ";
    text += std::to_string(to_ms(pool_.simulation().elapsed())) + " ";
    for (const char* name : {"primary", "backup-1", "backup-2"}) {
      text += letter_of(pool_.status(name));
    }
    const std::vector<Attempted> attempts = pool_.attempts();
    for (std::size_t i = before; i < attempts.size(); ++i) {
      text += " " + std::to_string(attempts[i].at_ms) + "@" + index_of(attempts[i].endpoint);
    }
    return text;
  }
  void pass(Nanos gap) { pool_.pass(gap); }
  std::size_t used() const { return pool_.attempts().size(); }

 private:
  // Whoever asks next gets the script's next answer.
  void offer() {
    const std::size_t next = pool_.attempts().size();
    const int status = next < script_.size() ? status_of(script_[next]) : 200;
    SimFault answer = answer_of(status, "content-type: application/json\r\n");
    if (status == 200) answer.body = std::string(kAnswer);
    for (const char* name : {"primary", "backup-1", "backup-2"}) {
      pool_.provider(name).replace_script({answer});
    }
  }
  static std::string index_of(std::string_view name) {
    return name == "primary" ? "0" : name == "backup-1" ? "1" : "2";
  }

  SimPool pool_;
  std::string script_;
};

std::string expected_call(const JsonValue& call) {
  const std::vector<JsonValue> fields = call.elements();
  std::string text(fields[0].string_or(""));
  text += " " + std::to_string(fields[1].integer_or(-1)) + " ";
  text += fields[2].string_or("");
  for (const JsonValue& attempt : fields[3].elements()) {
    const std::vector<JsonValue> pair = attempt.elements();
    text +=
        " " + std::to_string(pair[0].integer_or(-1)) + "@" + std::to_string(pair[1].integer_or(-1));
  }
  return text;
}

}  // namespace

TEST_CASE("document: every script of up to six answers runs as in the document's clients") {
  Result<JsonDocument> document =
      JsonDocument::parse(read_vectors(), "document.json", Status::config);
  REQUIRE(document.ok());
  std::size_t runs = 0;
  std::size_t differing = 0;
  for (const JsonValue& run : document.value().root().member("runs").elements()) {
    const std::vector<JsonValue> fields = run.elements();
    const std::string_view script = fields[2].string_or("");
    ScriptedRun scripted(fields[0].string_or(""), script);
    std::string expected;
    std::string found;
    bool first = true;
    for (const JsonValue& call : fields[3].elements()) {
      if (!first) scripted.pass(fields[1].integer_or(0) * kMillisecond);
      first = false;
      expected += expected_call(call) + "; ";
      found += scripted.call() + "; ";
    }
    ++runs;
    if (found == expected) continue;
    if (++differing > 10) continue;
    UNSCOPED_INFO(fields[0].string_or("")
                  << " gap " << fields[1].integer_or(0) << " script " << script << "\n  expected "
                  << expected << "\n  found    " << found);
    CHECK(found == expected);
  }
  CHECK(runs == 4368);
  CHECK(differing == 0);
}

TEST_CASE("document, mended: the status decides, not a 429 in the text") {
  SimPool pool(settings_of("python"));
  pool.script("primary", {answer_of(500, "", R"({"error":{"message":"token 429 is not valid"}})")});
  CHECK(pool.call().status == Status::ok);
  CHECK(pool.status("primary") == EndpointStatus::degraded);
}

TEST_CASE("document, mended: the search for an endpoint ends when all are limited") {
  SimPool pool(settings_of("typescript"));
  for (const char* name : {"primary", "backup-1", "backup-2"}) {
    pool.script(name, {answer_of(429)});
  }
  CHECK(pool.call().status == Status::rate_limit);
  // Forced back to the first.
  CHECK(pool.call().status == Status::ok);
  CHECK(pool.attempts().back().endpoint == "primary");
}

TEST_CASE("document, mended: there are no hidden retries inside an attempt") {
  SimPool pool(settings_of("python"));
  for (const char* name : {"primary", "backup-1", "backup-2"}) {
    pool.schedule(name, answer_of(500));
  }
  const SimCall& call = pool.call();
  CHECK(call.attempts_reported == 3);
  CHECK(pool.attempts().size() == 3);
  CHECK((call.flags & kFlagAllEndpointsFailed) != 0);
}

TEST_CASE("document, mended: what the caller has to mend ends the call at once") {
  for (const int status : {400, 401, 422}) {
    INFO("status " << status);
    SimPool pool(settings_of("python"));
    pool.script("primary", {answer_of(status)});
    CHECK(pool.call().attempts_reported == 1);
  }
}

TEST_CASE("document, mended: a last 429 is marked once") {
  SimPool pool(settings_of("typescript"));
  for (const char* name : {"primary", "backup-1", "backup-2"}) {
    pool.script(name, {answer_of(429)});
  }
  pool.call();
  const auto& counters = *pool.simulation().engine().snapshot()->counters;
  for (const EndpointCounters& each : counters.endpoints)
    CHECK(each.rate_limited.load() == 1);
}

TEST_CASE("document: hints are ignored, the cooldown is fixed") {
  SimPool pool(settings_of("python"));
  pool.script("primary", {answer_of(429, "Retry-After: 5\r\n")});
  pool.call();
  pool.pass(30 * kSecond);
  CHECK(pool.status("primary") == EndpointStatus::rate_limited);
  pool.pass(29 * kSecond);
  CHECK(pool.status("primary") == EndpointStatus::healthy);
}

TEST_CASE("document: the 503 recipe's five attempts and its backup model") {
  SimPool pool(settings_of("python") +
                   R"(, "fallback_models": ["gemini-2.5-flash"],
                  "retry": {"overrides": {"overloaded": {"max_attempts": 5,
                                                         "base_delay_ms": 2000}}})",
               1);
  pool.schedule("primary", during(answer_of(503), 0, kHour));
  const SimCall& call = pool.call();
  CHECK(call.attempts_reported >= 5);
}

}  // namespace holysheep
