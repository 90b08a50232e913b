// A client's own monitor in virtual time: what is counted, judged, alerted, and what it costs.
#include <catch2/catch_test_macros.hpp>

#include "core/client_monitor.h"
#include "core/monitor_report.h"
#include "core/monitor_status.h"
#include "core/prometheus.h"
#include "tests/sim/sim_pool.h"

namespace holysheep {
namespace {

ClientMonitor& monitor_of(SimPool& pool) {
  return pool.simulation().engine().monitor();
}

std::vector<Alert> alerts_of(SimPool& pool) {
  return monitor_of(pool).monitor().alerts().list();
}

ClientHealth health_of(SimPool& pool) {
  Engine& engine = pool.simulation().engine();
  return client_health(engine.monitor(), *engine.snapshot(), pool.simulation().now());
}

constexpr const char* kPrices =
    R"("prices": {"gpt-4.1": {"input": "2", "output": "8", "cached": "0.5"}})";

}  // namespace

TEST_CASE("each attempt is counted at its endpoint, a retry as one") {
  SimPool pool;
  pool.script("primary", {answer_of(429, "Retry-After: 30\r\n"), answer_of(500)});
  pool.call();
  const auto endpoints = monitor_of(pool).monitor().endpoints();
  CHECK(endpoints[0]->rate_limited() == 1);
  CHECK(endpoints[0]->retries() == 0);
  CHECK(endpoints[1]->succeeded() == 1);
  CHECK(endpoints[1]->retries() == 1);
  CHECK(endpoints[2]->total() == 0);
}

TEST_CASE("a cancelled attempt says nothing of its endpoint, a bad request nothing of its health") {
  SimPool pool("", 1);
  pool.script("primary", {fault_of(SimFaultKind::stall)});
  const std::size_t call = pool.submit();
  pool.pass(kSecond);
  pool.simulation().cancel(call);
  pool.finish(call);
  CHECK(monitor_of(pool).monitor().endpoints()[0]->total() == 0);
  for (int i = 0; i < 30; ++i) {
    pool.script("primary", {answer_of(400)});
    CHECK(pool.call().status == Status::bad_request);
  }
  CHECK(monitor_of(pool).monitor().endpoints()[0]->failed() == 30);
  const Judged judged = judge(*monitor_of(pool).monitor().endpoints()[0],
                              monitor_of(pool).monitor().settings(), pool.simulation().now());
  CHECK(judged.succeeded == 0);
  CHECK(judged.failed_percent == 100);
  CHECK(monitor_of(pool).calls().read(pool.simulation().now().mono).rejected == 30);
  CHECK(judge(monitor_of(pool).monitor(), pool.simulation().now()) == HealthGrade::healthy);
  CHECK(health_of(pool).ok());
}

TEST_CASE("health is of the last five minutes and at least 20 requests") {
  SimPool pool("", 1);
  for (int i = 0; i < 19; ++i) {
    pool.script("primary", {answer_of(500), answer_of(500), answer_of(500)});
    pool.simulation().reset("");
    pool.call();
  }
  const Monitor& monitor = monitor_of(pool).monitor();
  CHECK(monitor.endpoints()[0]->failed() >= 20);
  CHECK(judge(monitor, pool.simulation().now()) == HealthGrade::critical);
  pool.pass(6 * kMinute);
  CHECK(judge(monitor, pool.simulation().now()) == HealthGrade::healthy);
}

TEST_CASE("absorbed 429s never make the client unhealthy, failing calls do") {
  SimPool pool(R"("retry": {"repeat_delay_ms": 0})", 2);
  pool.schedule("primary", during(answer_of(429, "Retry-After: 1\r\n"), 0, kHour));
  for (int i = 0; i < 40; ++i) {
    CHECK(pool.call().status == Status::ok);
    pool.pass(1100 * kMillisecond);
    CHECK(health_of(pool).ok());
  }
  CHECK(judge(monitor_of(pool).monitor(), pool.simulation().now()) == HealthGrade::critical);
  pool.schedule("primary", during(answer_of(500), 0, kHour));
  pool.schedule("backup-1", during(answer_of(500), 0, kHour));
  for (int i = 0; i < 40; ++i) {
    pool.simulation().reset("");
    pool.call();
  }
  CHECK(health_of(pool).calls_fail);
}

TEST_CASE("one alert for an episode of 429s; it is over when a minute has passed without one") {
  SimPool pool("", 2);
  pool.schedule("primary", during(answer_of(429, "Retry-After: 1\r\n"), 0, 20 * kSecond));
  for (int i = 0; i < 15; ++i) {
    pool.call();
    pool.pass(2 * kSecond);
  }
  REQUIRE(alerts_of(pool).size() == 1);
  CHECK(alerts_of(pool)[0].cause == AlertCause::rate_limit);
  CHECK(alerts_of(pool)[0].endpoint == "primary");
  CHECK(alerts_of(pool)[0].resolved_unix == 0);
  pool.pass(70 * kSecond);
  pool.call();
  REQUIRE(alerts_of(pool).size() == 1);
  CHECK(alerts_of(pool)[0].resolved_unix != 0);
  CHECK(alerts_of(pool)[0].recovery > 0);
}

TEST_CASE("everything limited for long: one alert, over when that has not been so for a minute") {
  SimPool pool("", 2);
  monitor_of(pool).watch();
  pool.schedule("primary", during(answer_of(429, "Retry-After: 30\r\n"), 0, kSecond));
  pool.schedule("backup-1", during(answer_of(429, "Retry-After: 40\r\n"), 0, kSecond));
  const std::size_t call = pool.submit();
  pool.pass(9 * kSecond);
  CHECK(alerts_of(pool).empty());
  pool.pass(2 * kSecond);
  REQUIRE(alerts_of(pool).size() == 1);
  CHECK(alerts_of(pool)[0].cause == AlertCause::all_limited);
  CHECK(alerts_of(pool)[0].message.find("no endpoint can take a call: primary rate_limited") == 0);
  CHECK(pool.finish(call).status == Status::ok);
  CHECK(alerts_of(pool)[0].resolved_unix == 0);
  pool.pass(70 * kSecond);
  CHECK(alerts_of(pool).size() == 1);
  CHECK(alerts_of(pool)[0].resolved_unix != 0);
}

TEST_CASE("limits that calls wait out are neither an alert nor a lack of health") {
  SimPool pool("", 1);
  for (int i = 0; i < 20; ++i) {
    pool.script("primary", {answer_of(429, "Retry-After: 1\r\n")});
    const std::size_t call = pool.submit();
    pool.pass(500 * kMillisecond);
    CHECK(pool.status("primary") == EndpointStatus::rate_limited);
    CHECK(health_of(pool).ok());
    CHECK(pool.finish(call).status == Status::ok);
  }
  CHECK(monitor_of(pool).monitor().alerts().raised(AlertCause::all_limited) == 0);
}

TEST_CASE("limits that no call waits out are an alert at once, and a lack of health") {
  SimPool pool("", 1);
  pool.script("primary", {answer_of(429, "Retry-After: 90\r\n")});
  CHECK(pool.call().status == Status::rate_limit);
  CHECK(monitor_of(pool).monitor().alerts().active(AlertCause::all_limited) == 1);
  CHECK(health_of(pool).nobody_can_take);
  pool.pass(91 * kSecond);
  CHECK(health_of(pool).ok());
  CHECK(pool.call().status == Status::ok);
  CHECK(monitor_of(pool).monitor().alerts().active(AlertCause::all_limited) == 0);
}

TEST_CASE("limits that come and go are one alert also where no call waits") {
  SimPool pool(R"("max_wait_ms": 0)", 1);
  monitor_of(pool).watch();
  for (int i = 0; i < 20; ++i) {
    pool.script("primary", {answer_of(429, "Retry-After: 1\r\n")});
    CHECK(pool.call().status == Status::rate_limit);
    pool.pass(2 * kSecond);
    CHECK(pool.call().status == Status::ok);
  }
  CHECK(monitor_of(pool).monitor().alerts().raised(AlertCause::all_limited) == 1);
}

TEST_CASE("a refused key is an alert, over with the endpoint's next success") {
  SimPool pool("", 1);
  pool.script("primary", {answer_of(401)});
  CHECK(pool.call().status == Status::authentication);
  const AlertBook& alerts = monitor_of(pool).monitor().alerts();
  CHECK(alerts.active(AlertCause::key_refused) == 1);
  CHECK(alerts.active(AlertCause::all_limited) == 1);
  CHECK(alerts_of(pool)[0].message == "primary does not accept its key");
  pool.simulation().set_key("primary", "sk-another");
  CHECK(pool.call().status == Status::ok);
  CHECK(alerts.active() == 0);
}

TEST_CASE("cost by model, endpoint and tag, in nano-dollars") {
  SimPool pool(kPrices, 2);
  const SimCall& call = pool.call(with_options(R"({"tag": "nightly"})"));
  REQUIRE(call.report->cost.has_value());
  const NanoUsd cost = *call.report->cost;
  CHECK(cost == call.report->usage.input * 2'000 + call.report->usage.output * 8'000);
  std::size_t lines = 0;
  monitor_of(pool).models().each([&](const LedgerLine& line) {
    ++lines;
    CHECK(line.name == "gpt-4.1");
    CHECK(line.cost.get() == cost);
    CHECK(line.output_tokens.get() == static_cast<std::uint64_t>(call.report->usage.output));
  });
  CHECK(lines == 1);
  monitor_of(pool).tags().each([&](const LedgerLine& line) {
    CHECK(line.name == "nightly");
    CHECK(line.cost.get() == cost);
  });
  CHECK(monitor_of(pool).endpoint_lines()[0]->cost.get() == cost);
  CHECK(monitor_of(pool).endpoint_lines()[1]->cost.get() == 0);
}

TEST_CASE("a model without a price costs null, never 0, and is counted") {
  SimPool pool("", 1);
  const SimCall& call = pool.call();
  CHECK_FALSE(call.report->cost.has_value());
  monitor_of(pool).models().each([](const LedgerLine& line) { CHECK(line.unpriced.get() == 1); });
  Engine& engine = pool.simulation().engine();
  const std::string metrics = client_metrics(engine.monitor(), *engine.snapshot(),
                                             ExpositionFormat::prometheus, pool.simulation().now());
  CHECK(metrics.find("holysheep_calls_cost_unknown_total{model=\"gpt-4.1\"} 1\n") !=
        std::string::npos);
  for (const char* series :
       {"\nholysheep_cost_usd_total{", "\nholysheep_endpoint_cost_usd_total{"}) {
    INFO(series);
    CHECK(metrics.find(series) == std::string::npos);
  }
  const std::string status =
      client_status_json(engine.monitor(), *engine.snapshot(), {}, pool.simulation().now());
  CHECK(status.find(R"("unpriced_calls":1,"cost_nano_usd":null,"estimated_nano_usd":null)") !=
        std::string::npos);
}

TEST_CASE("an attempt that was sent in full and not answered is counted by estimate") {
  SimPool pool(std::string(kPrices) + R"(, "time_limits": {"response_ms": 1000})", 2);
  pool.script("primary", {fault_of(SimFaultKind::stall)});
  const SimCallInput input;
  const SimCall& call = pool.call(input);
  CHECK(call.status == Status::ok);
  CHECK(call.report->maybe_billed);
  const auto tokens = static_cast<NanoUsd>((input.body.size() + 3) / 4);
  // The model's first: how long its answers are nobody knows.
  CHECK(monitor_of(pool).endpoint_lines()[0]->estimate.get() == tokens * 2'000 + 500 * 8'000);
  CHECK(monitor_of(pool).endpoint_lines()[1]->estimate.get() == 0);
}

TEST_CASE("an endpoint's own price comes before the client's") {
  SimPool pool(kPrices, 2,
               R"("share_key": true, "prices": {"gpt-4.1": {"input": "0.0375", "output": 1}})");
  const SimCall& call = pool.call();
  const Usage& usage = call.report->usage;
  CHECK(call.report->cost == (usage.input * 75 + 1) / 2 + usage.output * 1'000);
}

TEST_CASE("an answer that nobody saw is estimated to be as long as the model's others") {
  SimPool pool(std::string(kPrices) + R"(, "time_limits": {"response_ms": 1000})", 2);
  const SimCallInput input;
  const std::int64_t usual = pool.call(input).report->usage.output;
  REQUIRE(usual > 0);
  pool.script("primary", {fault_of(SimFaultKind::stall)});
  CHECK(pool.call(input).status == Status::ok);
  const auto tokens = static_cast<NanoUsd>((input.body.size() + 3) / 4);
  CHECK(monitor_of(pool).endpoint_lines()[0]->estimate.get() == tokens * 2'000 + usual * 8'000);
}

TEST_CASE("what a stream had brought when it broke, or its reader went, is estimated") {
  SimPool pool(kPrices, 1);
  const SimCallInput input = stream_call();
  const auto asked = static_cast<NanoUsd>((input.body.size() + 3) / 4) * 2'000;
  const std::vector<std::string> three{chunk("a"), chunk("b"), chunk("c")};
  pool.script("primary", {pieces_of(three, 0, SimEnd::cut)});
  CHECK(pool.call(input).status == Status::stream_interrupted);
  const LedgerLine& line = *monitor_of(pool).endpoint_lines()[0];
  CHECK(line.estimate.get() == asked + 3 * 8'000);
  pool.script("primary", {pieces_of(three, 100, SimEnd::silence)});
  const std::size_t call = pool.submit(input);
  pool.pass(kSecond);
  pool.simulation().cancel(call);
  pool.finish(call);
  CHECK(line.estimates.get() == 2);
  CHECK(line.estimate.get() == 2 * (asked + 3 * 8'000));
}

TEST_CASE("an answer that tells no usage is estimated by its length") {
  SimPool pool(kPrices, 1);
  const std::string text(4'000, 'x');
  const std::string body = R"({"choices":[{"index":0,"message":{"role":"assistant","content":")" +
                           text + R"("},"finish_reason":"stop"}]})";
  pool.script("primary", {answer_of(200, "content-type: application/json\r\n", body)});
  const SimCallInput input;
  CHECK(pool.call(input).status == Status::ok);
  const auto asked = static_cast<NanoUsd>((input.body.size() + 3) / 4) * 2'000;
  const LedgerLine& line = *monitor_of(pool).endpoint_lines()[0];
  CHECK(line.estimate.get() == asked + static_cast<NanoUsd>(body.size() / 4) * 8'000);
  // Of a stream, however many tokens its server puts into a chunk.
  pool.script("primary", {pieces_of({chunk(text), kFinish}, 0, SimEnd::complete)});
  const SimCallInput stream = stream_call();
  const NanoUsd before = line.estimate.get();
  CHECK(pool.call(stream).status == Status::ok);
  const auto stream_asked = static_cast<NanoUsd>((stream.body.size() + 3) / 4) * 2'000;
  CHECK(line.estimate.get() - before == stream_asked + 1'000 * 8'000);
}

TEST_CASE("calls that fail by their request's own fault are counted apart") {
  SimPool pool("", 1);
  pool.script("primary", {answer_of(400), answer_of(500), answer_of(500), answer_of(500)});
  CHECK(pool.call().status == Status::bad_request);
  pool.call();
  Engine& engine = pool.simulation().engine();
  const std::string metrics = client_metrics(engine.monitor(), *engine.snapshot(),
                                             ExpositionFormat::prometheus, pool.simulation().now());
  CHECK(metrics.find("holysheep_calls_total{result=\"rejected\"} 1\n") != std::string::npos);
}

TEST_CASE("an estimate without a price is counted as unknown") {
  SimPool pool(R"("time_limits": {"response_ms": 1000})", 2);
  pool.script("primary", {fault_of(SimFaultKind::stall)});
  CHECK(pool.call().status == Status::ok);
  const LedgerLine& line = *monitor_of(pool).endpoint_lines()[0];
  CHECK(line.unpriced_estimates.get() == 1);
  CHECK_FALSE(line.has_estimate());
}

TEST_CASE("what the providers' headers leave is kept for each endpoint, and only for a while") {
  SimPool pool("", 2);
  SimFault told = answer_of(429,
                            "Retry-After: 1\r\nx-ratelimit-limit-requests: 60\r\n"
                            "X-RateLimit-Remaining-Requests: 0\r\n"
                            "x-ratelimit-limit-tokens: -1\r\nx-ratelimit-remaining-tokens: -1\r\n");
  pool.script("primary", {told});
  pool.call();
  const HeadRoom& room = *monitor_of(pool).head_rooms()[0];
  REQUIRE(room.part(QuotaKind::requests).has_value());
  CHECK(room.part(QuotaKind::requests)->remaining == 0);
  CHECK(room.part(QuotaKind::requests)->limit == 60);
  CHECK_FALSE(room.part(QuotaKind::tokens).has_value());
  CHECK(monitor_of(pool).head_rooms()[1]->seen_unix() == 0);
  Engine& engine = pool.simulation().engine();
  const auto metrics = [&] {
    return client_metrics(engine.monitor(), *engine.snapshot(), ExpositionFormat::prometheus,
                          pool.simulation().now());
  };
  CHECK(metrics().find("holysheep_quota_remaining{endpoint=\"primary\",kind=\"requests\"} 0\n") !=
        std::string::npos);
  pool.pass(6 * kMinute);
  CHECK(metrics().find("holysheep_quota_remaining{") == std::string::npos);
}

TEST_CASE("a budget warns, then stops until midnight UTC") {
  SimPool pool(std::string(kPrices) + R"(, "budget": {"usd_per_day": "0.001", "action": "stop"})",
               1);
  Status status = Status::ok;
  for (int i = 0; i < 1000 && status == Status::ok; ++i)
    status = pool.call().status;
  CHECK(status == Status::budget);
  const auto alerts = alerts_of(pool);
  REQUIRE(alerts.size() == 2);
  CHECK(alerts[0].severity == AlertSeverity::warning);
  CHECK(alerts[1].severity == AlertSeverity::critical);
  CHECK(alerts[0].resolved_unix != 0);  // the second says all that the first did
  const std::size_t sent = pool.attempts().size();
  CHECK(pool.call().status == Status::budget);
  CHECK(pool.attempts().size() == sent);
  pool.pass(kDay);
  CHECK(pool.call().status == Status::ok);
  CHECK(monitor_of(pool).monitor().alerts().active() == 0);
}

TEST_CASE("a budget that stops warns at start of models without a price") {
  SimPool pool(R"("budget": {"usd_per_day": 1, "action": "stop"},
                  "prices": {"gpt-4.1": {"input": 1, "output": 1}},
                  "fallback_models": ["unheard-of"])",
               1);
  pool.call();
  REQUIRE(alerts_of(pool).size() == 1);
  CHECK(alerts_of(pool)[0].cause == AlertCause::price_unknown);
  CHECK(alerts_of(pool)[0].message ==
        "the budget cannot count unheard-of: it has no price; set prices.unheard-of");
}

TEST_CASE("a budget that stops says so of each model, and of a table without any price") {
  SimPool pool(R"("budget": {"usd_per_day": 1, "action": "stop"})", 1);
  for (const char* model : {"one", "two", "two"}) {
    SimCallInput input;
    input.body = std::string(R"({"model":")") + model + R"(","messages":[]})";
    CHECK(pool.call(input).status == Status::ok);
  }
  const auto alerts = alerts_of(pool);
  REQUIRE(alerts.size() == 3);
  CHECK(alerts[0].message == "the budget cannot count anything: no model has a price; set prices");
  CHECK(alerts[2].message == "the budget cannot count two: it has no price; set prices.two");
}

TEST_CASE("no two lines bear one name, and names are text") {
  Ledger ledger;
  ledger.line("other").calls.add(1);
  for (std::size_t i = 0; i < 2 * Ledger::kNamesMax; ++i)
    ledger.line("model " + std::to_string(i));
  CHECK(&ledger.line("other") == &ledger.line("yet another"));
  Ledger odd;
  CHECK(odd.line(std::string_view("a\0b", 3)).name == "a?b");
  CHECK(&odd.line("\xff") == &odd.line("\xfe"));
  CHECK(odd.line("모델").name == "모델");
}

TEST_CASE("models that users make up are capped") {
  Ledger ledger;
  for (std::size_t i = 0; i < 3 * Ledger::kNamesMax; ++i)
    ledger.line("model " + std::to_string(i)).calls.add(1);
  std::size_t lines = 0;
  std::uint64_t calls = 0;
  ledger.each([&](const LedgerLine& line) {
    ++lines;
    calls += line.calls.get();
  });
  CHECK(lines == Ledger::kNamesMax + 1);
  CHECK(calls == 3 * Ledger::kNamesMax);
}

TEST_CASE("the traces that are kept are the last 50, and plain successes do not wash them out") {
  SimPool pool("", 2);
  monitor_of(pool).watch();
  pool.script("primary", {answer_of(500), answer_of(500)});
  pool.call();
  for (int i = 0; i < 200; ++i)
    pool.call();
  const auto few = monitor_of(pool).traces();
  CHECK(few.size() <= 3);
  CHECK(few.back().report->attempts > 1);
  for (int i = 0; i < 80; ++i) {
    pool.pass(kSecond);
    pool.call();
  }
  CHECK(monitor_of(pool).traces().size() == ClientMonitor::kTracesMax);
}

}  // namespace holysheep
