// Policy `smart` and failures that are no limits: where the call goes, and what its endpoint
// becomes.
#include <catch2/catch_test_macros.hpp>

#include "tests/sim/sim_pool.h"

namespace holysheep {
namespace {

// Three hosts, each with a key of its own.
constexpr std::string_view kOwnKeys = R"("api_key": "key-of-the-endpoint")";

}  // namespace

TEST_CASE("smart: a 503 goes elsewhere at once and degrades the endpoint") {
  SimPool pool;
  pool.script("primary", {answer_of(503)});
  const SimCall& call = pool.call();
  CHECK(call.status == Status::ok);
  CHECK(call.done == call.submitted);
  CHECK(pool.path() == "primary backup-1");
  CHECK(pool.status("primary") == EndpointStatus::degraded);
}

TEST_CASE("smart: a degraded endpoint is healthy again after a success") {
  SimPool pool("", 2);
  pool.script("primary", {answer_of(500)});
  pool.call();
  CHECK(pool.status("primary") == EndpointStatus::degraded);
  pool.pass(kMinute);
  pool.call();
  CHECK(pool.attempts().back().endpoint == "primary");
  CHECK(pool.status("primary") == EndpointStatus::healthy);
}

TEST_CASE("smart: a refused key that all endpoints share is final") {
  SimPool pool;
  pool.script("primary", {answer_of(401)});
  const SimCall& call = pool.call();
  CHECK(call.status == Status::authentication);
  CHECK(call.http_status == 401);
  CHECK(call.attempts_reported == 1);
  CHECK(pool.status("primary") == EndpointStatus::down);
  CHECK(pool.reason("primary") == "auth");
}

TEST_CASE("smart: a refused key leads to endpoints with another key") {
  Result<std::shared_ptr<const Config>> config = simulation_config(
      R"({"version": 1, "endpoints": [
          {"name": "one", "url": "https://one.example/v1", "api_key": "key-1"},
          {"name": "same", "url": "https://same.example/v1", "api_key": "key-1"},
          {"name": "other", "url": "https://other.example/v1", "api_key": "key-2"}]})");
  REQUIRE(config.ok());
  Simulation simulation(config.value(),
                        {instant_model("one"), instant_model("same"), instant_model("other")}, 1);
  simulation.provider("one").script({answer_of(401)});
  const std::size_t call = simulation.submit({});
  CHECK(simulation.run() == Status::ok);
  CHECK(simulation.call(call).status == Status::ok);
  REQUIRE(simulation.transport().attempts().size() == 2);
  CHECK(simulation.transport().attempts()[1].provider == 2);
}

TEST_CASE("smart: a refused key is tried again after 30 s, doubling to 5 min") {
  SimPool pool("", 2, kOwnKeys);
  pool.schedule("primary", answer_of(401));
  pool.schedule("backup-1", during(answer_of(401), 0, 1));
  CHECK(pool.call().status == Status::authentication);
  for (int second = 0; second < 1200; ++second) {
    pool.pass(kSecond);
    pool.call();
  }
  std::vector<Attempted> expected;
  for (const int second : {0, 30, 90, 210, 450, 750, 1050}) {
    expected.push_back({second * 1000, "primary"});
  }
  std::vector<Attempted> found;
  for (const Attempted& each : pool.attempts()) {
    if (each.endpoint == "primary") found.push_back(each);
  }
  CHECK(found == expected);
}

TEST_CASE("smart: a new key ends what a refused one had caused") {
  SimPool pool("", 1);
  pool.script("primary", {answer_of(401)});
  CHECK(pool.call().status == Status::authentication);
  CHECK(pool.status("primary") == EndpointStatus::down);
  pool.simulation().set_key("", "another-key");
  const SimCall& call = pool.call();
  CHECK(call.status == Status::ok);
  CHECK(pool.status("primary") == EndpointStatus::healthy);
}

TEST_CASE("smart: a network failure goes elsewhere") {
  for (const SimFaultKind kind :
       {SimFaultKind::refuse, SimFaultKind::resolve, SimFaultKind::reset}) {
    SimPool pool("", 2);
    pool.script("primary", {fault_of(kind)});
    CHECK(pool.call().status == Status::ok);
    CHECK(pool.path() == "primary backup-1");
    CHECK(pool.status("primary") == EndpointStatus::degraded);
  }
}

TEST_CASE("smart: a dead reused connection is tried again once, at once, on a fresh one") {
  SimPool pool("", 2);
  pool.call();
  pool.script("primary", {fault_of(SimFaultKind::dead_connection)});
  const SimCall& call = pool.call();
  CHECK(call.status == Status::ok);
  CHECK(call.attempts_reported == 2);
  CHECK(call.done == call.submitted);
  CHECK(pool.path() == "primary primary primary");
}

TEST_CASE("smart: a call gives its only route three attempts") {
  SimPool pool("", 1);
  pool.schedule("primary", answer_of(500));
  const SimCall& call = pool.call();
  CHECK(call.status == Status::internal_server);
  CHECK(call.attempts_reported == 3);
  CHECK((call.flags & kFlagAllEndpointsFailed) != 0);
  CHECK((call.flags & kFlagRetryable) != 0);
}

TEST_CASE("smart: max_attempts 0 is each route once plus two") {
  SimPool pool(R"("retry": {"budget": false}, "breaker": false)");
  for (const char* name : {"primary", "backup-1", "backup-2"}) {
    pool.schedule(name, answer_of(500));
  }
  CHECK(pool.call().attempts_reported == 5);
}

TEST_CASE("smart: with one endpoint an outage of a second loses no call") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SimPool pool("", 1, R"("share_key": true)", seed);
    pool.schedule("primary", during(fault_of(SimFaultKind::refuse), 0, kSecond));
    const SimCall& call = pool.call();
    CHECK(call.status == Status::ok);
    CHECK(pool.path() == "primary primary primary");
    CHECK(call.done <= call.submitted + 2 * kSecond + 50 * kMillisecond);
  }
}

TEST_CASE("smart: with every endpoint away for a second no call is lost") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SimPool pool("", 3, R"("share_key": true)", seed);
    for (const char* name : {"primary", "backup-1", "backup-2"})
      pool.schedule(name, during(fault_of(SimFaultKind::refuse), 0, kSecond));
    CHECK(pool.call().status == Status::ok);
    CHECK(pool.attempts().size() == 5);
  }
}

TEST_CASE("smart: max_attempts is used up also where there is one endpoint, ever more slowly") {
  SimPool pool(R"("retry": {"max_attempts": 6})", 1);
  pool.script("primary", std::vector<SimFault>(6, answer_of(500)));
  CHECK(pool.call().status == Status::internal_server);
  const std::vector<Attempted> attempts = pool.attempts();
  REQUIRE(attempts.size() == 6);
  CHECK(attempts[1].at_ms <= 50);
  std::int64_t most = 2000;
  for (std::size_t i = 2; i < attempts.size(); ++i, most *= 2) {
    const std::int64_t waited = attempts[i].at_ms - attempts[i - 1].at_ms;
    CHECK(waited >= most / 2);
    CHECK(waited <= most);
  }
}

TEST_CASE("smart: route_attempts_max 1 and repeat_delay_ms 0 are obeyed with one endpoint") {
  SimPool once(R"("retry": {"max_attempts": 6, "route_attempts_max": 1})", 1);
  once.script("primary", std::vector<SimFault>(6, answer_of(500)));
  once.call();
  CHECK(once.attempts().size() == 1);
  SimPool quick(R"("retry": {"max_attempts": 4, "repeat_delay_ms": 0})", 1);
  quick.script("primary", std::vector<SimFault>(4, answer_of(500)));
  quick.call();
  REQUIRE(quick.attempts().size() == 4);
  CHECK(quick.attempts().back().at_ms <= 50 + 100 + 200);
}

TEST_CASE("smart: a fallback model is asked before a call waits to repeat itself again") {
  SimPool pool(R"("fallback_models": {"*": ["backup-model"]})", 1);
  pool.script("primary", std::vector<SimFault>(2, answer_of(503)));
  const SimCall& call = pool.call();
  CHECK(call.status == Status::ok);
  CHECK(call.done <= call.submitted + kSecond);
}

TEST_CASE("smart: the document's 503 recipe is five attempts from 2 s") {
  SimPool pool(
      R"("retry": {"overrides": {"overloaded": {"max_attempts": 5, "base_delay_ms": 2000}}},
         "breaker": false)",
      1);
  pool.schedule("primary", answer_of(503));
  CHECK(pool.call().attempts_reported == 5);
}

TEST_CASE("smart: a request that the first route refuses is final at once") {
  SimPool pool;
  pool.script("primary", {answer_of(400)});
  const SimCall& call = pool.call();
  CHECK(call.status == Status::bad_request);
  CHECK(call.attempts_reported == 1);
  CHECK(pool.status("primary") == EndpointStatus::healthy);
}

TEST_CASE("smart: a later route's 400 skips that route and keeps the first cause") {
  SimPool pool(R"("retry": {"max_attempts": 2})", 2);
  pool.schedule("primary", answer_of(500));
  pool.schedule("backup-1", answer_of(400));
  const SimCall& call = pool.call();
  CHECK(call.status == Status::internal_server);
  CHECK(pool.attempts_on("backup-1") == 1);
}

TEST_CASE("smart: filtered content is final and never sent elsewhere") {
  SimPool pool;
  pool.script("primary",
              {answer_of(400, "",
                         R"({"error":{"message":"The response was filtered","type":null,)"
                         R"("param":"prompt","code":"content_filter"}})")});
  const SimCall& call = pool.call();
  CHECK(call.status == Status::bad_request);
  CHECK(call.attempts_reported == 1);
}

TEST_CASE("smart: a prompt that is too long goes to a fallback model") {
  SimPool pool(R"("fallback_models": {"gpt-4.1": ["gpt-4.1-long"]})", 1);
  pool.script(
      "primary",
      {answer_of(400, "",
                 R"({"error":{"message":"This model's maximum context length is 8192 tokens.",)"
                 R"("type":"invalid_request_error","param":"messages",)"
                 R"("code":"context_length_exceeded"}})")});
  CHECK(pool.call().status == Status::ok);
  const auto& attempts = pool.simulation().transport().attempts();
  REQUIRE(attempts.size() == 2);
  CHECK(attempts[1].model == "gpt-4.1-long");
}

TEST_CASE("smart: an unknown model goes elsewhere, then to the fallback model") {
  SimPool pool(R"("fallback_models": ["gpt-4.1-mini"])", 2);
  pool.script("primary", {answer_of(404)});
  pool.script("backup-1", {answer_of(404)});
  CHECK(pool.call().status == Status::ok);
  const auto& attempts = pool.simulation().transport().attempts();
  REQUIRE(attempts.size() == 3);
  CHECK(attempts[1].provider == 1);
  CHECK(attempts[2].model == "gpt-4.1-mini");
}

TEST_CASE("smart: after the last endpoint come the fallback models") {
  SimPool pool(R"("fallback_models": {"*": ["backup-model"]}, "retry": {"max_attempts": 4})", 2);
  pool.script("primary", {answer_of(503)});
  pool.script("backup-1", {answer_of(503)});
  CHECK(pool.call().status == Status::ok);
  const auto& attempts = pool.simulation().transport().attempts();
  CHECK(attempts.back().model == "backup-model");
}

TEST_CASE("smart: a redirect is never followed") {
  SimPool pool;
  pool.script("primary", {answer_of(302, "Location: https://elsewhere.example/v1\r\n")});
  const SimCall& call = pool.call();
  CHECK(call.status == Status::api_status);
  CHECK(call.attempts_reported == 1);
}

TEST_CASE("smart: a local fault leaves the endpoints as they were and is tried again") {
  SimPool pool("", 2);
  pool.script("primary", {fault_of(SimFaultKind::local), fault_of(SimFaultKind::local)});
  const SimCall& call = pool.call();
  CHECK(call.status == Status::ok);
  CHECK(pool.status("primary") == EndpointStatus::healthy);
  CHECK(pool.attempts_on("backup-1") == 0);
  CHECK(call.done - call.submitted < 2 * kSecond);
}

TEST_CASE("smart: a local fault that lasts ends in an error of its own") {
  SimPool pool(R"("max_wait_ms": 5000)", 2);
  pool.schedule("primary", fault_of(SimFaultKind::local));
  pool.schedule("backup-1", fault_of(SimFaultKind::local));
  const SimCall& call = pool.call();
  CHECK(call.status == Status::local);
  CHECK(pool.status("primary") == EndpointStatus::healthy);
  CHECK(pool.status("backup-1") == EndpointStatus::healthy);
  CHECK(call.done - call.submitted <= 5 * kSecond);
}

TEST_CASE("smart: three failures in a row open the breaker and half-open lets one call through") {
  SimPool pool("", 2);
  pool.schedule("primary", during(answer_of(500), 0, kMinute));
  for (int i = 0; i < 3; ++i) {
    pool.call();
    pool.pass(kMillisecond);
  }
  CHECK(pool.status("primary") == EndpointStatus::down);
  CHECK(pool.reason("primary") == "breaker_open");
  pool.call();
  CHECK(pool.attempts_on("primary") == 3);
  pool.pass(6 * kSecond);
  // The probe takes its time; the others do not wait for it.
  pool.script("primary", {late(answer_of(500), 500)});
  std::vector<std::size_t> calls;
  for (int i = 0; i < 5; ++i)
    calls.push_back(pool.submit());
  pool.simulation().run();
  CHECK(pool.attempts_on("primary") == 4);
  for (const std::size_t call : calls) {
    CHECK(pool.simulation().call(call).status == Status::ok);
  }
  pool.pass(2 * kMinute);
  pool.call();
  CHECK(pool.attempts_on("primary") == 5);
  CHECK(pool.status("primary") == EndpointStatus::healthy);
}

TEST_CASE("smart: a breaker stays open longer with each failed probe, to 5 minutes") {
  SimPool pool("", 2);
  pool.schedule("primary", answer_of(500));
  for (int second = 0; second < 3600; ++second) {
    pool.call();
    pool.pass(kSecond);
  }
  // 5 s, 10, 20, … 300, each between half and all of it.
  CHECK(pool.attempts_on("primary") > 12);
  CHECK(pool.attempts_on("primary") < 40);
}

TEST_CASE("smart: a pool whose breakers are all open still tries, one call at a time") {
  SimPool pool(R"("retry": {"budget": false})", 2);
  pool.schedule("primary", during(answer_of(500), 0, 10 * kSecond));
  pool.schedule("backup-1", during(answer_of(500), 0, 10 * kSecond));
  for (int i = 0; i < 3; ++i) {
    pool.call();
    pool.pass(kMillisecond);
  }
  CHECK(pool.status("primary") == EndpointStatus::down);
  CHECK(pool.status("backup-1") == EndpointStatus::down);
  const std::size_t before = pool.attempts().size();
  pool.call();
  CHECK(pool.attempts().size() > before);
  pool.pass(10 * kSecond);
  CHECK(pool.call().status == Status::ok);
}

TEST_CASE("smart: a 429 never opens the breaker") {
  SimPool pool("", 2);
  pool.schedule("primary", answer_of(429, "Retry-After: 1\r\n"));
  for (int i = 0; i < 20; ++i) {
    pool.call();
    pool.pass(kSecond);
  }
  CHECK(pool.attempts_on("primary") == 20);
  CHECK(pool.reason("primary") != "breaker_open");
}

TEST_CASE("smart: a primary that fails 30 % does not starve its healthy backup") {
  SimPool pool("", 2, R"("share_key": true)", 5);
  SimFault sometimes = answer_of(500);
  sometimes.rate = 0.3;
  pool.schedule("primary", sometimes);
  for (int i = 0; i < 2000; ++i) {
    CHECK(pool.call().status == Status::ok);
    pool.pass(100 * kMillisecond);
  }
}

TEST_CASE("smart: the retry budget stops a storm when everything fails") {
  SimPool pool(R"("breaker": false)", 2);
  pool.schedule("primary", answer_of(500));
  pool.schedule("backup-1", answer_of(500));
  constexpr std::size_t kCalls = 2000;
  for (std::size_t i = 0; i < kCalls; ++i) {
    pool.call();
    pool.pass(kMillisecond);
  }
  CHECK(pool.attempts().size() < kCalls * 5 / 4);
}

TEST_CASE("smart: a spent retry budget does not keep a call from a healthy endpoint") {
  SimPool pool(R"("breaker": false)");
  pool.schedule("primary", answer_of(500));
  pool.schedule("backup-1", answer_of(500));
  constexpr std::size_t kCalls = 200;
  for (std::size_t i = 0; i < kCalls; ++i) {
    CHECK(pool.call().status == Status::ok);
    pool.pass(kMillisecond);
  }
  // Another try of a broken one is paid for; the healthy one is not.
  CHECK(pool.attempts_on("backup-2") == kCalls);
}

TEST_CASE("smart: a spent retry budget does not keep a call from waiting for a limited endpoint") {
  SimPool pool(R"("breaker": false)", 2);
  pool.schedule("primary", answer_of(500));
  pool.schedule("backup-1", during(answer_of(500), 0, kMinute));
  while (pool.simulation().now().mono < kSimMonoBegin + kMinute) {
    pool.call();  // they spend it
    pool.pass(100 * kMillisecond);
  }
  pool.script("backup-1", {good(), answer_of(429, "retry-after: 1\r\n")});
  CHECK(pool.call(with_options(R"({"allow": ["backup-1"]})")).status == Status::ok);
  pool.call(with_options(R"({"allow": ["backup-1"], "max_wait_ms": 0})"));
  REQUIRE(pool.status("backup-1") == EndpointStatus::rate_limited);
  const SimCall& call = pool.call();
  CHECK(call.status == Status::ok);
  CHECK(call.attempts_reported == 2);
}

TEST_CASE("smart: two attempts that were sent and never answered are enough for a call") {
  SimPool pool(R"("time_limits": {"response_ms": 1000})", 4);
  for (const char* name : {"primary", "backup-1", "backup-2", "backup-3"}) {
    pool.schedule(name, fault_of(SimFaultKind::stall));
  }
  const SimCall& call = pool.call();
  CHECK(call.status == Status::timeout);
  CHECK(call.attempts_reported == 2);
  CHECK((call.flags & kFlagMaybeBilled) != 0);
}

}  // namespace holysheep

namespace holysheep {

TEST_CASE("smart: calls that were under way together refuse a key once, for 30 s") {
  SimPool pool("", 1);
  pool.schedule("primary", answer_of(401));
  std::vector<std::size_t> calls;
  for (int i = 0; i < 20; ++i)
    calls.push_back(pool.submit());
  for (const std::size_t call : calls)
    pool.finish(call);
  CHECK(pool.attempts_on("primary") == 20);
  CHECK(pool.blocked_ms("primary") <= 30'000);
}

TEST_CASE("smart: an outage of a second loses none of many calls with one endpoint, or three") {
  for (const std::size_t endpoints : {std::size_t{1}, std::size_t{3}}) {
    SimPool pool("", endpoints);
    for (std::size_t i = 0; i < endpoints; ++i) {
      const std::string name = i == 0 ? "primary" : "backup-" + std::to_string(i);
      pool.schedule(name, during(fault_of(SimFaultKind::refuse), 0, kSecond));
    }
    std::vector<std::size_t> calls;
    for (int i = 0; i < 50; ++i)
      calls.push_back(pool.submit());
    for (const std::size_t call : calls)
      CHECK(pool.finish(call).status == Status::ok);
  }
}

TEST_CASE("smart: a fallback model does not shorten what a call spans") {
  for (const std::size_t endpoints : {std::size_t{1}, std::size_t{2}}) {
    SimPool pool(R"("fallback_models": {"*": ["backup-model"]})", endpoints);
    pool.schedule("primary", during(fault_of(SimFaultKind::refuse), 0, kSecond));
    if (endpoints > 1) {
      pool.schedule("backup-1", during(fault_of(SimFaultKind::refuse), 0, kSecond));
    }
    const SimCall& call = pool.call();
    CHECK(call.status == Status::ok);
    CHECK(call.done <= call.submitted + 2 * kSecond + 50 * kMillisecond);
  }
}

TEST_CASE("smart: an endpoint beside one that is out for good is repeated as if it were alone") {
  SimPool pool("", 2, R"("api_key": "key-of-the-endpoint")");
  pool.schedule("primary", answer_of(404));
  pool.schedule("backup-1", during(answer_of(500), 0, kSecond));
  CHECK(pool.call().status == Status::ok);
  const Nanos then = pool.simulation().now().mono - kSimMonoBegin;
  pool.schedule("backup-1", during(answer_of(500), then, then + kSecond));
  CHECK(pool.call().status == Status::ok);  // the first is known to be out
}

TEST_CASE("smart: beside an endpoint that refuses its key a broken one is tried, not waited for") {
  SimPool pool("", 2, R"("api_key": "key-of-the-endpoint")");
  pool.schedule("primary", answer_of(401));
  pool.schedule("backup-1", answer_of(500));
  CHECK(pool.call().status == Status::authentication);  // final: both have the same key
  for (int i = 0; i < 3; ++i) {
    const SimCall& call = pool.call();
    CHECK(call.status == Status::internal_server);
    CHECK(call.done <= call.submitted + 7 * kSecond);
  }
}

TEST_CASE("smart: a repeat is made within the time that a call has") {
  SimPool pool("", 1);
  pool.schedule("primary", during(answer_of(500), 0, 300 * kMillisecond));
  SimCallInput input;
  input.timeout_ms = 1000;
  CHECK(pool.call(input).status == Status::ok);
}

TEST_CASE("smart: max_attempts is a promise, whatever the calls before have used of the budget") {
  SimPool pool(R"("retry": {"max_attempts": 4})", 1);
  pool.schedule("primary", answer_of(500));
  for (int i = 0; i < 20; ++i) {
    CHECK(pool.call().attempts_reported == 4);
    pool.pass(kSecond);
  }
}

TEST_CASE("smart: a call that the budget ends says so") {
  SimPool pool(R"("breaker": false)", 1);
  pool.schedule("primary", answer_of(500));
  for (int i = 0; i < 20; ++i)
    pool.call();
  const SimCall& call = pool.call();
  CHECK(call.attempts_reported == 1);
  CHECK(call.message.find("retry budget") != std::string::npos);
}

}  // namespace holysheep
