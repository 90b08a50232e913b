// Cancelling in every state, replay classes, and what is refused before anything is sent.
#include <catch2/catch_test_macros.hpp>

#include "tests/sim/sim_pool.h"

namespace holysheep {
namespace {

// The pool after a cancelled call: nothing is left of it.
void check_nothing_left(SimPool& pool, std::size_t call) {
  CHECK(pool.finish(call).status == Status::cancelled);
  CHECK(pool.simulation().transport().running() == 0);
  CHECK(pool.simulation().run() == Status::ok);
  CHECK(pool.simulation().engine().calls_of(1) == 0);
}

}  // namespace

TEST_CASE("cancel before the first turn ends the call, and nothing is sent") {
  SimPool pool;
  const std::size_t call = pool.submit();
  pool.simulation().cancel(call);
  check_nothing_left(pool, call);
  CHECK(pool.attempts().empty());
}

TEST_CASE("cancel while connecting") {
  SimPool pool;
  pool.script("primary", {fault_of(SimFaultKind::unreachable)});
  const std::size_t call = pool.submit();
  pool.pass(kSecond);
  pool.simulation().cancel(call);
  check_nothing_left(pool, call);
  CHECK((pool.simulation().call(call).flags & kFlagMaybeBilled) == 0);
}

TEST_CASE("cancel while waiting for an answer") {
  SimPool pool;
  pool.script("primary", {fault_of(SimFaultKind::stall)});
  const std::size_t call = pool.submit();
  pool.pass(kSecond);
  pool.simulation().cancel(call);
  check_nothing_left(pool, call);
  CHECK((pool.simulation().call(call).flags & kFlagMaybeBilled) != 0);
}

TEST_CASE("cancel while waiting for capacity") {
  SimPool pool("", 1);
  pool.script("primary", {answer_of(429, "Retry-After: 30\r\n")});
  const std::size_t call = pool.submit();
  pool.pass(kSecond);
  pool.simulation().cancel(call);
  check_nothing_left(pool, call);
  CHECK(pool.attempts().size() == 1);
}

TEST_CASE("cancel in the middle of a stream") {
  SimPool pool("", 1);
  pool.script("primary", {fault_of(SimFaultKind::silence, 2)});
  const std::size_t call = pool.submit(stream_call());
  pool.pass(kSecond);
  CHECK(pool.simulation().call(call).pieces == 3);
  pool.simulation().cancel(call);
  check_nothing_left(pool, call);
}

TEST_CASE("a cancelled probe leaves the route to the next one") {
  SimPool pool("", 2);
  pool.schedule("primary", during(answer_of(500), 0, kSecond));
  for (int i = 0; i < 3; ++i) {
    pool.call();
    pool.pass(kMillisecond);
  }
  CHECK(pool.reason("primary") == "breaker_open");
  pool.pass(6 * kSecond);
  pool.script("primary", {fault_of(SimFaultKind::stall)});
  const std::size_t probe = pool.submit();
  pool.pass(kSecond);
  pool.simulation().cancel(probe);
  pool.finish(probe);
  CHECK(pool.call().status == Status::ok);
  CHECK(pool.attempts().back().endpoint == "primary");
}

TEST_CASE("a once call is not repeated after it was sent and timed out") {
  SimPool pool(R"("time_limits": {"response_ms": 1000})", 2);
  pool.script("primary", {fault_of(SimFaultKind::stall)});
  SimCallInput input;
  input.path = "/something/of/its/own";
  const SimCall& call = pool.call(input);
  CHECK(call.status == Status::timeout);
  CHECK(pool.path() == "primary");
}

TEST_CASE("a once call is repeated where it was certainly not processed") {
  for (const SimFault& fault :
       {fault_of(SimFaultKind::refuse), answer_of(429, "Retry-After: 5\r\n")}) {
    SimPool pool("", 2);
    pool.script("primary", {fault});
    SimCallInput input;
    input.path = "/something/of/its/own";
    CHECK(pool.call(input).status == Status::ok);
    CHECK(pool.path() == "primary backup-1");
  }
}

TEST_CASE("a bound call stays on its endpoint") {
  SimPool pool("", 2);
  pool.schedule("primary", during(answer_of(429, "Retry-After: 5\r\n"), 0, kSecond));
  SimCallInput input;
  input.method = "GET";
  input.path = "/files/file-1";
  input.body = "";
  CHECK(pool.call(input).status == Status::ok);
  CHECK(pool.path() == "primary primary");
  input.options = R"({"endpoint": "backup-1"})";
  pool.call(input);
  CHECK(pool.attempts().back().endpoint == "backup-1");
}

TEST_CASE("allow narrows where a call may go") {
  SimPool pool;
  pool.schedule("backup-1", answer_of(429, "Retry-After: 5\r\n"));
  pool.call(with_options(R"({"allow": ["backup-1", "backup-2"]})"));
  CHECK(pool.path() == "backup-1 backup-2");
}

TEST_CASE("one call more than limits.calls_max is refused and counts for nothing") {
  SimPool pool(R"("limits": {"calls_max": 10})", 1);
  pool.schedule("primary", fault_of(SimFaultKind::stall));
  for (int i = 0; i < 10; ++i)
    pool.submit();
  const SimCall& call = pool.call();
  CHECK_FALSE(call.accepted);
  CHECK(call.status == Status::limit);
  pool.pass(kSecond);
  CHECK(pool.attempts().size() == 10);
}

TEST_CASE("a request that is no JSON is refused before anything is sent") {
  SimPool pool("", 1);
  SimCallInput input;
  input.body = R"({"model": )";
  const SimCall& call = pool.call(input);
  CHECK_FALSE(call.accepted);
  CHECK(call.status == Status::request);
  CHECK(pool.attempts().empty());
}

TEST_CASE("limits of a provider are found out and kept to") {
  SimPool pool("", 2, R"("share_key": true)", 3);
  // 60 a minute at the primary, as a bucket of 60; one call each half second.
  Simulation& simulation = pool.simulation();
  SimProviderModel limited = instant_model("primary");
  limited.limits.requests_per_minute = 60;
  simulation.provider("primary").set_model(limited);
  for (int i = 0; i < 600; ++i) {
    CHECK(pool.call().status == Status::ok);
    pool.pass(500 * kMillisecond);
  }
  std::size_t refused = 0;
  for (const SimAttempt& attempt : simulation.transport().attempts()) {
    if (attempt.status == 429) ++refused;
  }
  // 60 at once and then one a second: 360 in 300 s; the hint says exactly when.
  CHECK(pool.attempts_on("primary") - refused > 330);
  CHECK(refused <= 250);
}

}  // namespace holysheep
