// The breaker under load: it stops sending to what is broken, and never to what mostly works.
#include <simdjson.h>

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "core/sim/simulate.h"

namespace holysheep {
namespace {

// `count` endpoints that fail a fifth of their requests at once and answer the others after some
// 600 ms; returns {calls, failed}.
std::pair<std::int64_t, std::int64_t> run(int count, int calls_per_s) {
  std::string endpoints;
  std::string providers;
  for (int i = 0; i < count; ++i) {
    const std::string name(1, static_cast<char>('a' + i));
    const std::string comma = i > 0 ? "," : "";
    endpoints += comma + R"({"name":")" + name + R"(","url":"https://)" + name +
                 R"(.example/v1","share_key":true})";
    providers += comma + "\"" + name +
                 R"(":{"latency":{"first_token_ms":{"lognormal":[600,0.4]}},)"
                 R"("faults":[{"fault":"status","status":500,"rate":0.2}]})";
  }
  const std::string scenario = R"({"version":1,"seed":7,"duration_ms":60000,"config":{"version":1,)"
                               R"("endpoints":[)" +
                               endpoints + R"(]},"providers":{)" + providers +
                               R"(},"load":{"arrivals":{"poisson_per_s":)" +
                               std::to_string(calls_per_s) + "}}}";
  const auto report = simulate(scenario, 0);
  INFO((report.ok() ? std::string() : report.error().message));
  REQUIRE(report.ok());
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  REQUIRE(parser.parse(report.value()).get(root) == simdjson::SUCCESS);
  std::int64_t calls = 0;
  std::int64_t failed = 0;
  INFO(report.value());
  REQUIRE(root.at_pointer("/calls").get(calls) == simdjson::SUCCESS);
  REQUIRE(root.at_pointer("/failed").get(failed) == simdjson::SUCCESS);
  return {calls, failed};
}

}  // namespace

TEST_CASE("breaker: one endpoint that fails a fifth of its requests goes on serving") {
  for (const int calls_per_s : {2, 20, 40, 200}) {
    INFO(calls_per_s << " calls a second");
    const auto [calls, failed] = run(1, calls_per_s);
    CHECK(calls > calls_per_s * 50);
    // 0.2 × 0.2 of the calls meet two failures: that is what the retries of one route leave.
    CHECK(static_cast<double>(failed) <= 0.06 * static_cast<double>(calls));
  }
}

TEST_CASE("breaker: three endpoints that fail a fifth of their requests lose next to nothing") {
  for (const int calls_per_s : {20, 100}) {
    INFO(calls_per_s << " calls a second");
    const auto [calls, failed] = run(3, calls_per_s);
    CHECK(calls > calls_per_s * 50);
    CHECK(static_cast<double>(failed) <= 0.02 * static_cast<double>(calls));
  }
}

}  // namespace holysheep
