// The time limits of SEMANTICS 5: each is a verdict that fails over, and a clear error when nothing
// is left.
#include <catch2/catch_test_macros.hpp>

#include "tests/sim/sim_pool.h"

namespace holysheep {
namespace {

constexpr std::string_view kLimits =
    R"("time_limits": {"connect_ms": 5000, "first_token_ms": 30000, "idle_ms": 18000,
       "progress_ms": 20000, "response_ms": 60000, "total_ms": 600000})";

}  // namespace

TEST_CASE("connect: an address that never answers is left after 5 s") {
  SimPool pool(kLimits, 2);
  pool.script("primary", {fault_of(SimFaultKind::unreachable)});
  const SimCall& call = pool.call();
  CHECK(call.status == Status::ok);
  CHECK(call.done - call.submitted == 5 * kSecond);
  CHECK(pool.path() == "primary backup-1");
  CHECK((call.flags & kFlagMaybeBilled) == 0);
}

TEST_CASE("response: silence of an answer that is not streamed is left after its limit") {
  SimPool pool(kLimits, 2);
  pool.script("primary", {fault_of(SimFaultKind::stall)});
  const SimCall& call = pool.call();
  CHECK(call.status == Status::ok);
  CHECK(call.done - call.submitted == 60 * kSecond);
  CHECK((call.flags & kFlagMaybeBilled) != 0);
}

TEST_CASE("response: white space is no answer") {
  SimPool pool(kLimits, 2);
  SimFault blank = answer_of(200, "content-type: application/json\r\n");
  blank.pieces = std::vector<std::string>(20, "\n");
  blank.piece_delay_ms = Distribution::fixed(10000);
  blank.end = SimEnd::silence;
  pool.script("primary", {blank});
  const SimCall& call = pool.call();
  CHECK(call.status == Status::ok);
  CHECK(call.done - call.submitted == 60 * kSecond);
}

TEST_CASE("first_token: silence before and after the headers both count") {
  for (const bool headers : {false, true}) {
    SimPool pool(kLimits, 2);
    pool.script("primary", {headers ? pieces_of({": processing\n\n", ": processing\n\n"}, 12000,
                                                SimEnd::silence)
                                    : fault_of(SimFaultKind::stall)});
    const SimCall& call = pool.call(stream_call());
    CHECK(call.status == Status::ok);
    CHECK(call.done - call.submitted == 30 * kSecond);
    CHECK(pool.path() == "primary backup-1");
  }
}

TEST_CASE("idle: no byte at all once the answer has begun") {
  SimPool pool(kLimits, 2);
  pool.script("primary", {pieces_of({chunk("a"), chunk("b")}, 1000, SimEnd::silence)});
  const SimCall& call = pool.call(stream_call());
  CHECK(call.status == Status::stream_interrupted);
  CHECK(call.done - call.submitted == 20 * kSecond);
}

TEST_CASE("progress: comments keep a stream from idling, not from standing still") {
  SimPool pool(kLimits, 2);
  std::vector<std::string> pieces{chunk("a")};
  for (int i = 0; i < 30; ++i)
    pieces.emplace_back(": keep-alive\n\n");
  pool.script("primary", {pieces_of(pieces, 1000, SimEnd::silence)});
  const SimCall& call = pool.call(stream_call());
  CHECK(call.status == Status::stream_interrupted);
  CHECK(call.done - call.submitted == 21 * kSecond);
}

TEST_CASE("total: holds over queueing and all attempts") {
  SimPool pool(R"("time_limits": {"total_ms": 7000, "response_ms": 5000})");
  for (const char* name : {"primary", "backup-1", "backup-2"}) {
    pool.schedule(name, fault_of(SimFaultKind::stall));
  }
  const SimCall& call = pool.call();
  CHECK(call.status == Status::timeout);
  CHECK(call.done - call.submitted == 7 * kSecond);
  CHECK(call.attempts_reported == 2);
}

TEST_CASE("total: of a stream ends at its first content") {
  SimPool pool(R"("time_limits": {"total_ms": 3000})", 1);
  pool.script("primary", {pieces_of({chunk("a"), chunk("b"), chunk("c"), chunk("d"),
                                     "data: {\"choices\":[{\"index\":0,\"delta\":{},"
                                     "\"finish_reason\":\"stop\"}]}\n\n",
                                     "data: [DONE]\n\n"},
                                    2000, SimEnd::complete)});
  const SimCall& call = pool.call(stream_call());
  CHECK(call.status == Status::ok);
  CHECK(call.done - call.submitted == 12 * kSecond);
}

TEST_CASE("total: an answer in buffer mode that begins again has it anew") {
  SimPool pool(R"("time_limits": {"total_ms": 3000}, "stream_recovery": "buffer")", 2);
  pool.script("primary", {pieces_of({chunk("a"), chunk("b"), chunk("c")}, 2000, SimEnd::cut)});
  const SimCall& call = pool.call(stream_call());
  CHECK(call.status == Status::ok);
  CHECK(pool.path() == "primary backup-1");
}

TEST_CASE("total: an answer that begins again has it anew") {
  SimPool pool(R"("time_limits": {"total_ms": 3000}, "stream_recovery": "restart")", 2);
  pool.script("primary", {pieces_of({chunk("a"), chunk("b"), chunk("c")}, 2000, SimEnd::cut)});
  const SimCall& call = pool.call(stream_call());
  CHECK(call.status == Status::ok);
  CHECK(call.restarts == 1);
  CHECK(pool.path() == "primary backup-1");
}

TEST_CASE("a call's own limit comes before the client's, and 0 is none") {
  SimPool pool(R"("time_limits": {"response_ms": 1000})", 2);
  SimFault slow = good();
  slow.delay_ms = Distribution::fixed(30'000);
  pool.script("primary", {slow, slow});
  CHECK(pool.call(with_options(R"({"time_limits": {"response_ms": 0}})")).attempts_reported == 1);
  CHECK(pool.call(with_options(R"({"time_limits": {"response_ms": 2000}})")).attempts_reported ==
        2);
}

TEST_CASE("a request's timeout is its total limit") {
  SimPool pool("", 1);
  pool.script("primary", {fault_of(SimFaultKind::stall)});
  const SimCall& call = pool.call(with_timeout(1500));
  CHECK(call.status == Status::timeout);
  CHECK(call.done - call.submitted == 1500 * kMillisecond);
}

TEST_CASE("while the reader holds the stream back every clock but total stands still") {
  SimPool pool(R"("time_limits": {"idle_ms": 5000, "progress_ms": 5000},
                  "stream_credit_bytes": 4096)",
               1);
  std::vector<std::string> pieces;
  for (int i = 0; i < 8; ++i)
    pieces.push_back(chunk(std::string(2000, 'x')));
  pieces.emplace_back(
      "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n");
  pool.script("primary", {pieces_of(pieces, 10, SimEnd::complete)});
  SimCallInput input = stream_call();
  input.read_time = 20 * kSecond;
  const SimCall& call = pool.call(input);
  CHECK(call.status == Status::ok);
  CHECK(call.pieces == 9);
  CHECK(call.done - call.submitted > 40 * kSecond);
}

TEST_CASE("a route that was silent is not tried twice in a call") {
  SimPool pool(R"("time_limits": {"first_token_ms": 1000})", 1);
  pool.schedule("primary", fault_of(SimFaultKind::stall));
  const SimCall& call = pool.call(stream_call());
  CHECK(call.status == Status::timeout);
  CHECK(call.attempts_reported == 1);
}

}  // namespace holysheep
