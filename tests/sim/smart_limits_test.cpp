// Policy `smart` and 429s: a free endpoint at once, hints as floors, waiting only when nothing is
// free.
#include <catch2/catch_test_macros.hpp>

#include "tests/sim/sim_pool.h"

namespace holysheep {

TEST_CASE("smart: a 429 with Retry-After moves the call on at once and the endpoint rests for it") {
  SimPool pool;
  pool.script("primary", {answer_of(429, "Retry-After: 30\r\n")});
  const SimCall& call = pool.call();
  CHECK(call.status == Status::ok);
  CHECK(call.done == call.submitted);
  CHECK(call.attempts_reported == 2);
  CHECK(pool.path() == "primary backup-1");
  CHECK(pool.status("primary") == EndpointStatus::rate_limited);
  CHECK(pool.blocked_ms("primary") == 30'000);
  pool.pass(29'999 * kMillisecond);
  pool.call();
  CHECK(pool.attempts_on("primary") == 1);
  pool.pass(kMillisecond);
  CHECK(pool.status("primary") == EndpointStatus::healthy);
  pool.call();
  CHECK(pool.attempts().back() == Attempted{30'000, "primary"});
}

TEST_CASE("smart: the document's 429 body tells the wait") {
  SimPool pool;
  pool.script("primary",
              {answer_of(429, "",
                         R"({"error":{"message":"Rate limit exceeded for model gpt-4.1 in region )"
                         R"(us-east-1.","type":"rate_limit_error","code":"429","param":null,)"
                         R"("retry_after":30}})")});
  CHECK(pool.call().status == Status::ok);
  CHECK(pool.path() == "primary backup-1");
  CHECK(pool.blocked_ms("primary") == 30'000);
}

TEST_CASE("smart: a 429 without a hint blocks 1 s, then twice as long each time") {
  SimPool pool("", 1);
  pool.schedule("primary", answer_of(429));
  const SimCall& call = pool.call();
  CHECK(call.status == Status::rate_limit);
  const std::vector<Attempted> expected{{0, "primary"},    {1000, "primary"},  {3000, "primary"},
                                        {7000, "primary"}, {15000, "primary"}, {31000, "primary"}};
  // The next would be at 63 s, beyond max_wait of 60 s: the call ends at once and says so.
  CHECK(pool.attempts() == expected);
  CHECK(call.done - call.submitted == 31 * kSecond);
  CHECK(call.retry_after_ms == 32'000);
}

TEST_CASE("smart: the doubling ends at the cooldown") {
  SimPool pool(R"("cooldown_ms": 4000, "max_wait_ms": 20000)", 1);
  pool.schedule("primary", answer_of(429));
  pool.call();
  const std::vector<Attempted> expected{{0, "primary"},    {1000, "primary"},  {3000, "primary"},
                                        {7000, "primary"}, {11000, "primary"}, {15000, "primary"},
                                        {19000, "primary"}};
  CHECK(pool.attempts() == expected);
}

TEST_CASE("smart: when all are limited the call waits for the earliest") {
  SimPool pool;
  pool.script("primary", {answer_of(429, "Retry-After: 30\r\n")});
  pool.script("backup-1", {answer_of(429, "Retry-After: 10\r\n")});
  pool.script("backup-2", {answer_of(429, "Retry-After: 20\r\n")});
  const SimCall& call = pool.call();
  CHECK(call.status == Status::ok);
  CHECK(call.done - call.submitted == 10 * kSecond);
  CHECK(pool.path() == "primary backup-1 backup-2 backup-1");
}

TEST_CASE("smart: with a deadline before the earliest end it fails at once and sends nothing") {
  SimPool pool;
  for (const char* name : {"primary", "backup-1", "backup-2"}) {
    pool.script(name, {answer_of(429, "Retry-After: 30\r\n")});
  }
  // The first call learns of the limits.
  CHECK(pool.call(with_timeout(5000)).status == Status::rate_limit);
  pool.pass(kSecond);
  const SimCall& call = pool.call(with_timeout(5000));
  CHECK(call.status == Status::rate_limit);
  CHECK(call.http_status == 429);
  CHECK(call.attempts_reported == 0);
  CHECK((call.flags & kFlagNothingSent) != 0);
  CHECK(call.retry_after_ms == 29'000);
  CHECK(call.done == call.submitted);
  CHECK(pool.attempts().size() == 3);
}

TEST_CASE("smart: max_wait_ms 0 never waits") {
  SimPool pool(R"("max_wait_ms": 0)", 1);
  pool.script("primary", {answer_of(429, "Retry-After: 1\r\n")});
  const SimCall& call = pool.call();
  CHECK(call.status == Status::rate_limit);
  CHECK(call.done == call.submitted);
  CHECK(call.retry_after_ms == 1000);
}

TEST_CASE("smart: max_wait is counted over the whole call") {
  SimPool pool(R"("max_wait_ms": 25000)", 1);
  pool.script("primary",
              {answer_of(429, "Retry-After: 10\r\n"), answer_of(429, "Retry-After: 10\r\n"),
               answer_of(429, "Retry-After: 10\r\n")});
  const SimCall& call = pool.call();
  CHECK(call.status == Status::rate_limit);
  CHECK(call.done - call.submitted == 20 * kSecond);
  CHECK(call.attempts_reported == 3);
}

TEST_CASE("smart: a 429 counts for time, not for max_attempts") {
  SimPool pool(R"("retry": {"max_attempts": 1}, "max_wait_ms": 30000)", 1);
  pool.script("primary",
              {answer_of(429, "Retry-After: 2\r\n"), answer_of(429, "Retry-After: 2\r\n")});
  const SimCall& call = pool.call();
  CHECK(call.status == Status::ok);
  CHECK(call.attempts_reported == 3);
}

TEST_CASE("smart: waiting calls are served first come, first served") {
  SimPool pool("", 1);
  pool.script("primary", {answer_of(429, "Retry-After: 5\r\n")});
  std::vector<std::size_t> calls;
  calls.push_back(pool.submit());
  pool.pass(kSecond);
  for (int i = 0; i < 4; ++i)
    calls.push_back(pool.submit());
  pool.simulation().run();
  const auto& attempts = pool.simulation().transport().attempts();
  REQUIRE(attempts.size() == 6);
  for (std::size_t i = 0; i < calls.size(); ++i) {
    CHECK(attempts[i + 1].call == calls[i]);
    CHECK(pool.simulation().call(calls[i]).status == Status::ok);
  }
}

TEST_CASE("smart: a success of an attempt from before the block does not shorten it") {
  SimPool pool("", 2);
  SimFault slow = good();
  slow.delay_ms = Distribution::fixed(2000);
  pool.script("primary", {slow, answer_of(429, "Retry-After: 30\r\n")});
  const std::size_t first = pool.submit();
  pool.pass(kSecond);
  pool.call();
  CHECK(pool.blocked_ms("primary") == 30'000);
  pool.finish(first);
  CHECK(pool.status("primary") == EndpointStatus::rate_limited);
  CHECK(pool.blocked_ms("primary") == 29'000);
}

TEST_CASE("smart: a later and shorter hint does not move a block to an earlier time") {
  SimPool pool("", 2);
  SimFault slow_refusal = answer_of(429, "Retry-After: 1\r\n");
  slow_refusal.delay_ms = Distribution::fixed(2000);
  pool.script("primary", {slow_refusal, answer_of(429, "Retry-After: 30\r\n")});
  const std::size_t first = pool.submit();
  pool.pass(kSecond);
  pool.call();
  pool.finish(first);
  CHECK(pool.blocked_ms("primary") == 29'000);
}

TEST_CASE("smart: a hint above an hour without a daily reason is cut to an hour") {
  SimPool pool("", 2);
  pool.script("primary", {answer_of(429, "Retry-After: 86400\r\n")});
  pool.call();
  CHECK(pool.blocked_ms("primary") == 3'600'000);
}

TEST_CASE("smart: endpoint_reset ends a block") {
  SimPool pool("", 2);
  pool.script("primary", {answer_of(429, "Retry-After: 30\r\n")});
  pool.call();
  pool.simulation().reset("primary");
  pool.call();
  CHECK(pool.attempts().back() == Attempted{0, "primary"});
  CHECK(pool.status("primary") == EndpointStatus::healthy);
}

TEST_CASE("smart: a request above the whole limit goes to an endpoint that can take it") {
  SimPool pool("", 2);
  const std::string body =
      R"({"error":{"message":"Request too large for gpt-4o on tokens per min (TPM): Limit 30000, )"
      R"(Requested 36278. The input or output tokens must be reduced.","type":"tokens",)"
      R"("param":null,"code":"rate_limit_exceeded"}})";
  pool.script("primary", {answer_of(429, "", body)});
  CHECK(pool.call().status == Status::ok);
  CHECK(pool.path() == "primary backup-1");
  // The endpoint is not limited for others.
  pool.call();
  CHECK(pool.path() == "primary backup-1 primary");
}

TEST_CASE("smart: a request that fits nowhere ends with the provider's answer") {
  SimPool pool("", 2);
  const std::string body =
      R"({"error":{"message":"Request too large for m on tokens per min (TPM): Limit 6000, )"
      R"(Requested 14368.","type":"tokens","code":"rate_limit_exceeded"}})";
  pool.schedule("primary", answer_of(413, "", body));
  pool.schedule("backup-1", answer_of(413, "", body));
  const SimCall& call = pool.call();
  CHECK(call.status != Status::ok);
  CHECK(call.attempts_reported == 2);
  CHECK(call.data == body);
}

TEST_CASE("smart: a quota that is gone takes the endpoint down, and one call at a time tries it") {
  SimPool pool("", 2);
  pool.schedule("primary", during(answer_of(402), 0, 20 * kMinute));
  CHECK(pool.call().status == Status::ok);
  CHECK(pool.status("primary") == EndpointStatus::down);
  pool.pass(4 * kMinute);
  pool.call();
  CHECK(pool.attempts_on("primary") == 1);
  pool.pass(90 * kSecond);
  pool.call();
  CHECK(pool.attempts_on("primary") == 2);
  CHECK(pool.status("primary") == EndpointStatus::down);
}

TEST_CASE("smart: 429 with typed daily reason waits longer than an hour, but is tried hourly") {
  SimPool pool("", 2);
  const std::string body =
      R"({"error":{"message":"Rate limit reached for m on requests per day (RPD): Limit 200, Used )"
      R"(200, Requested 1. Please try again in 7h0m0s.","type":"requests","param":null,)"
      R"("code":"rate_limit_exceeded"}})";
  pool.schedule("primary", during(answer_of(429, "", body), 0, 150 * kMinute));
  pool.call();
  CHECK(pool.reason("primary") == "rpd");
  for (int minute = 0; minute < 170; ++minute) {
    pool.pass(kMinute);
    CHECK(pool.call().status == Status::ok);
  }
  // At 0, 60, 120 minutes; from 180 it would serve again.
  CHECK(pool.attempts_on("primary") == 3);
}

}  // namespace holysheep
