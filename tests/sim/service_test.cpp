// The provider's status page, asked when every endpoint has failed: who waits for it and how long.
#include <catch2/catch_test_macros.hpp>

#include "core/call_report.h"
#include "tests/sim/sim_pool.h"

namespace holysheep {
namespace {

constexpr const char* kSaid = "the status page says: Major outage (major)";

// A pool of one endpoint that is out of order, and a status page that answers when it is told to.
struct Outage {
  explicit Outage(int status = 503, std::string_view settings = "") : pool(settings, 1) {
    pool.schedule("primary", during(answer_of(status), 0, kHour));
    engine().set_service_check([this] { ++asked; });
  }
  Engine& engine() { return pool.simulation().engine(); }
  void answer() { engine().service_told(kSaid); }

  int asked = 0;
  SimPool pool;
};

}  // namespace

TEST_CASE("a call that failed everywhere waits for the status page, and its error tells it") {
  Outage outage;
  const std::size_t call = outage.pool.submit();
  while (outage.asked == 0 && outage.pool.simulation().step()) {
  }
  REQUIRE(outage.asked == 1);
  CHECK(outage.pool.simulation().call(call).active());
  outage.answer();
  const SimCall& ended = outage.pool.finish(call);
  CHECK(ended.status == Status::internal_server);
  CHECK(ended.report->service == kSaid);
  CHECK(ended.report->message.find("all endpoints failed") == 0);
  CHECK(ended.report->message.find(kSaid) != std::string::npos);
}

TEST_CASE("one question for all calls, and its answer is used for half a minute") {
  Outage outage(500, R"("breaker": false, "retry": {"budget": false})");
  const std::size_t first = outage.pool.submit();
  const std::size_t second = outage.pool.submit();
  while (outage.asked == 0 && outage.pool.simulation().step()) {
  }
  outage.pool.pass(kSecond);
  outage.answer();
  CHECK(outage.pool.finish(first).report->service == kSaid);
  CHECK(outage.pool.finish(second).report->service == kSaid);
  CHECK(outage.pool.call().report->service == kSaid);
  CHECK(outage.asked == 1);
  outage.pool.pass(31 * kSecond);
  const std::size_t later = outage.pool.submit();
  while (outage.asked == 1 && outage.pool.simulation().step()) {
  }
  CHECK(outage.asked == 2);
  outage.answer();
  CHECK(outage.pool.finish(later).report->service == kSaid);
}

TEST_CASE("a page that does not answer costs five seconds, and never more than the call has") {
  Outage outage(500, R"("breaker": false, "retry": {"budget": false})");
  const std::size_t call = outage.pool.submit();
  while (outage.asked == 0 && outage.pool.simulation().step()) {
  }
  const Nanos asked_at = outage.pool.simulation().now().mono;
  CHECK(outage.pool.finish(call).report->service.empty());
  CHECK(outage.pool.simulation().call(call).done - asked_at == 5 * kSecond);
  outage.pool.pass(10 * kSecond);
  const std::size_t brief = outage.pool.submit(with_timeout(2000));
  CHECK(outage.pool.finish(brief).status == Status::internal_server);
  CHECK(outage.pool.took_ms(brief) <= 2000);
}

TEST_CASE("nobody asks after a 429, a refused key or a fault of the request's own") {
  for (const int status : {429, 401, 400}) {
    INFO(status);
    Outage outage(status, R"("max_wait_ms": 0)");
    CHECK(outage.pool.call().status != Status::ok);
    CHECK(outage.asked == 0);
  }
}

TEST_CASE("a call that waits for the page ends at once when it is cancelled") {
  Outage outage(500, R"("breaker": false, "retry": {"budget": false})");
  const std::size_t call = outage.pool.submit();
  while (outage.asked == 0 && outage.pool.simulation().step()) {
  }
  outage.pool.simulation().cancel(call);
  CHECK(outage.pool.finish(call).status == Status::cancelled);
}

}  // namespace holysheep
