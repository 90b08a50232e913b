// Streams and lying answers: before the first content everything is invisible, after it nothing
// broken is ever called a success (SEMANTICS 6).
#include <catch2/catch_test_macros.hpp>

#include "tests/sim/sim_pool.h"

namespace holysheep {
namespace {

constexpr SimFaultKind kBroken[] = {
    SimFaultKind::cut,     SimFaultKind::truncated,    SimFaultKind::in_band,
    SimFaultKind::html,    SimFaultKind::error_object, SimFaultKind::done_only,
    SimFaultKind::silence, SimFaultKind::stall,        SimFaultKind::reset};

bool breaks_inside(SimFaultKind kind) {
  return kind == SimFaultKind::cut || kind == SimFaultKind::truncated ||
         kind == SimFaultKind::in_band || kind == SimFaultKind::silence;
}

}  // namespace

TEST_CASE("a broken answer that is not streamed fails over unseen") {
  for (const SimFaultKind kind : kBroken) {
    INFO("fault " << static_cast<int>(kind));
    SimPool pool(R"("time_limits": {"response_ms": 60000})", 2);
    pool.script("primary", {fault_of(kind)});
    const SimCall& call = pool.call();
    CHECK(call.status == Status::ok);
    CHECK(pool.path() == "primary backup-1");
    CHECK(pool.status("primary") == EndpointStatus::degraded);
  }
}

TEST_CASE("a stream that breaks before its first content fails over unseen") {
  for (const SimFaultKind kind : kBroken) {
    INFO("fault " << static_cast<int>(kind));
    SimPool pool("", 2);
    pool.script("primary", {fault_of(kind, 0)});
    const SimCall& call = pool.call(stream_call());
    CHECK(call.status == Status::ok);
    CHECK(pool.path() == "primary backup-1");
    CHECK(call.restarts == 0);
  }
}

TEST_CASE("a stream that breaks in the middle is an error that carries the text so far") {
  for (const SimFaultKind kind : kBroken) {
    if (!breaks_inside(kind)) continue;
    INFO("fault " << static_cast<int>(kind));
    SimPool pool("", 2);
    pool.script("primary", {fault_of(kind, 3)});
    const SimCall& call = pool.call(stream_call());
    CHECK(call.status == Status::stream_interrupted);
    CHECK(call.attempts_reported == 1);
    // The role and three pieces of content.
    CHECK(call.pieces == 4);
  }
}

TEST_CASE("with stream_recovery restart another route begins the answer again") {
  for (const SimFaultKind kind : kBroken) {
    if (!breaks_inside(kind)) continue;
    INFO("fault " << static_cast<int>(kind));
    SimPool pool(R"("stream_recovery": "restart")", 2);
    pool.script("primary", {fault_of(kind, 3)});
    const SimCall& call = pool.call(stream_call());
    CHECK(call.status == Status::ok);
    CHECK(call.restarts == 1);
    CHECK(pool.path() == "primary backup-1");
  }
}

TEST_CASE("with stream_recovery buffer nothing is seen until the answer is whole") {
  for (const SimFaultKind kind : kBroken) {
    INFO("fault " << static_cast<int>(kind));
    SimPool pool(R"("stream_recovery": "buffer")", 2);
    pool.script("primary", {fault_of(kind, 3)});
    const SimCall& call = pool.call(stream_call());
    CHECK(call.status == Status::ok);
    CHECK(call.restarts == 0);
    CHECK(call.first_piece == call.done);
  }
}

TEST_CASE("a stream that breaks after its finish_reason is whole") {
  for (const SimFaultKind kind :
       {SimFaultKind::cut, SimFaultKind::truncated, SimFaultKind::silence}) {
    INFO("fault " << static_cast<int>(kind));
    SimPool pool("", 2);
    pool.script("primary", {fault_of(kind, 1000)});
    const SimCall& call = pool.call(stream_call());
    CHECK(call.status == Status::ok);
    CHECK(pool.path() == "primary");
    CHECK(call.done - call.submitted <= 2 * kSecond);
  }
}

TEST_CASE("a stream that has ended is not held open by comments") {
  SimPool pool("", 1);
  std::vector<std::string> pieces{chunk("a"), kFinish};
  for (int i = 0; i < 60; ++i)
    pieces.emplace_back(": ping\n\n");
  pool.script("primary", {pieces_of(pieces, 500, SimEnd::silence)});
  const SimCall& call = pool.call(stream_call());
  CHECK(call.status == Status::ok);
  CHECK(call.done - call.submitted == kSecond + 2 * kSecond);
}

TEST_CASE("a stream that has ended is not held open by events for ever") {
  SimPool pool("", 1);
  std::vector<std::string> pieces{chunk("a"), kFinish};
  for (int i = 0; i < 60; ++i)
    pieces.emplace_back("data: {\"choices\":[],\"more\":1}\n\n");
  pool.script("primary", {pieces_of(pieces, 500, SimEnd::silence)});
  const SimCall& call = pool.call(stream_call());
  CHECK(call.status == Status::ok);
  CHECK(call.done - call.submitted == kSecond + 10 * kSecond);
}

TEST_CASE("after [DONE] only the end of the body is waited for, and not long") {
  SimPool pool("", 1);
  pool.script("primary",
              {pieces_of({chunk("a"), kFinish, "data: [DONE]\n\n"}, 500, SimEnd::silence)});
  const SimCall& call = pool.call(stream_call());
  CHECK(call.status == Status::ok);
  CHECK(call.done - call.submitted == 1500 * kMillisecond + 50 * kMillisecond);
}

TEST_CASE("[DONE] without an end breaks the stream at once") {
  SimPool pool("", 2);
  pool.script("primary", {pieces_of({"data: [DONE]\n\n"}, 500, SimEnd::silence)});
  const SimCall& call = pool.call(stream_call());
  CHECK(call.status == Status::ok);
  CHECK(pool.path() == "primary backup-1");
  CHECK(call.done - call.submitted == 500 * kMillisecond);
}

TEST_CASE("an error event wins over the [DONE] that follows it") {
  SimPool pool("", 2);
  pool.script("primary", {fault_of(SimFaultKind::in_band, 1000)});
  CHECK(pool.call(stream_call()).status != Status::ok);
}

TEST_CASE("an answer without content is delivered all the same") {
  SimPool pool("", 1);
  SimFault empty = answer_of(200, "content-type: text/event-stream\r\n");
  empty.pieces = {
      "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\"},"
      "\"finish_reason\":\"stop\"}]}\n\n",
      "data: [DONE]\n\n"};
  pool.script("primary", {empty});
  const SimCall& call = pool.call(stream_call());
  CHECK(call.status == Status::ok);
  CHECK(call.pieces == 1);
}

TEST_CASE("usage that only the engine asked for is not delivered") {
  SimPool pool("", 1);
  SimCallInput input = stream_call();
  const SimCall& plain = pool.call(input);
  input.options = R"({"include_usage": true})";
  const SimCall& asked = pool.call(input);
  CHECK(asked.pieces == plain.pieces);
  CHECK(asked.text == plain.text);
}

TEST_CASE("a reader who stops reading pauses its own stream only") {
  SimPool pool(R"("stream_credit_bytes": 4096)", 1);
  pool.provider("primary");
  SimCallInput stuck = stream_call();
  stuck.reads = false;
  SimFault large = answer_of(200, "content-type: text/event-stream\r\n");
  for (int i = 0; i < 50; ++i) {
    large.pieces.push_back("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" +
                           std::string(1000, 'x') + "\"},\"finish_reason\":null}]}\n\n");
  }
  pool.script("primary", {large});
  const std::size_t first = pool.submit(stuck);
  const SimCall& second = pool.call(stream_call());
  CHECK(second.status == Status::ok);
  pool.pass(kHour);
  CHECK(pool.simulation().call(first).active());
  CHECK(pool.simulation().call(first).pieces < 7);
  pool.simulation().cancel(first);
  CHECK(pool.finish(first).status == Status::cancelled);
  CHECK(pool.simulation().transport().running() == 0);
}

}  // namespace holysheep
