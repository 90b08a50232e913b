// Scenarios: what they may say, what they find out, and that a seed replays.
#include <catch2/catch_test_macros.hpp>
#include <fstream>
#include <sstream>
#include <string>

#include "core/json.h"
#include "core/sim/sim_scenario.h"
#include "core/sim/simulate.h"

namespace holysheep {
namespace {

std::string read_scenario(const std::string& name) {
  std::ifstream file(std::string(HOLYSHEEP_VECTORS) + "/../sim/scenarios/" + name + ".json");
  REQUIRE(file.good());
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

JsonDocument report_of(std::string_view scenario, std::uint64_t seed = 0) {
  Result<std::string> report = simulate(scenario, seed);
  if (!report.ok()) FAIL(report.error().message);
  Result<JsonDocument> document = JsonDocument::parse(report.value(), "report", Status::internal);
  REQUIRE(document.ok());
  return std::move(document).value();
}

std::string complaint_of(std::string_view scenario) {
  Result<std::string> report = simulate(scenario, 0);
  REQUIRE_FALSE(report.ok());
  CHECK(report.error().status == Status::config);
  return report.error().message;
}

std::string hash_of_report(const JsonDocument& document) {
  return std::string(document.root().member("trace_hash").string_or(""));
}

}  // namespace

TEST_CASE("a scenario without anything runs the document's pool for a minute") {
  const JsonDocument report = report_of(R"({"version": 1})");
  const JsonValue root = report.root();
  CHECK(root.member("calls").integer_or(0) == 60);
  CHECK(root.member("ok").integer_or(0) == 60);
  CHECK(root.member("endpoints").elements().size() == 3);
  CHECK(root.member("failed").integer_or(-1) == 0);
}

TEST_CASE("the same scenario and seed give the same report, byte for byte") {
  const std::string scenario = R"({"version": 1, "duration_ms": 5000})";
  const Result<std::string> first = simulate(scenario, 7);
  const Result<std::string> second = simulate(scenario, 7);
  REQUIRE(first.ok());
  REQUIRE(second.ok());
  CHECK(first.value() == second.value());
  CHECK(simulate(scenario, 8).value() != first.value());
}

TEST_CASE("a limited primary: every call is served and few attempts are refused") {
  const JsonDocument report = report_of(read_scenario("three_endpoints_one_limited"));
  const JsonValue root = report.root();
  CHECK(root.member("failed").integer_or(-1) == 0);
  CHECK(root.member("calls").integer_or(0) > 1500);
  CHECK(root.member("rate_limited").integer_or(0) > 0);
  CHECK(root.member("waited_ms").member("p99").number_or(-1) == 0);
}

TEST_CASE("a primary that fails 30 %: every call is served") {
  const JsonDocument report = report_of(read_scenario("primary_fails_thirty_percent"));
  CHECK(report.root().member("failed").integer_or(-1) == 0);
}

TEST_CASE("more load than all limits: what fits is served, the rest is told when to come back") {
  const JsonDocument report = report_of(read_scenario("all_limited"));
  const JsonValue root = report.root();
  // 120 a minute and the buckets' first fill are 1350 in ten minutes, of about 1500.
  CHECK(root.member("ok").integer_or(0) > 1150);
  CHECK(root.member("failed_by_status").size() <= 2);
}

TEST_CASE("an outage of five minutes: no call fails and the primary serves again after it") {
  const JsonDocument report = report_of(read_scenario("outage_of_five_minutes"));
  const JsonValue root = report.root();
  CHECK(root.member("failed").integer_or(-1) == 0);
  const JsonValue primary = root.member("endpoints").elements()[0];
  CHECK(primary.member("served").integer_or(0) > 1200);
  CHECK(primary.member("failed").integer_or(0) < 60);
}

TEST_CASE("the same seed gives the same trace, another seed another") {
  const std::string scenario = read_scenario("three_endpoints_one_limited");
  const std::string first = hash_of_report(report_of(scenario, 7));
  CHECK(first.size() == 16);
  CHECK(hash_of_report(report_of(scenario, 7)) == first);
  CHECK(hash_of_report(report_of(scenario, 8)) != first);
}

TEST_CASE("a scenario's own seed is used unless another is given") {
  const std::string scenario = read_scenario("all_limited");
  CHECK(hash_of_report(report_of(scenario)) == hash_of_report(report_of(scenario, 1)));
}

TEST_CASE("what is wrong with a scenario is said with its path") {
  CHECK(complaint_of("{") != "");
  CHECK(complaint_of(R"({})") == "scenario: version: expected 1");
  CHECK(complaint_of(R"({"version": 1, "sed": 3})") ==
        "scenario: sed: unknown key; did you mean \"seed\"?");
  CHECK(complaint_of(R"({"version": 1, "providers": {"primary": {"limits": {"rpm": -1}}}})") ==
        "scenario: providers.primary.limits.rpm: expected a whole number from 0 to 1000000000");
  CHECK(complaint_of(R"({"version": 1, "providers": {"primry": {}}})") ==
        "scenario: providers.primry: no endpoint of \"config\" has this name; did you mean "
        "\"primary\"?");
  CHECK(complaint_of(R"({"version": 1, "providers": {"primary": {"family": "openia"}}})")
            .find("providers.primary.family: expected one of") != std::string::npos);
  CHECK(
      complaint_of(R"({"version": 1, "providers": {"primary": {"faults": [{"fault": "status"}]}}})")
          .find("providers.primary.faults[0]") != std::string::npos);
  CHECK(complaint_of(R"({"version": 1, "providers": {"primary": {"answers": [{"rate": 0.5}]}}})")
            .find("providers.primary.answers[0].rate") != std::string::npos);
  CHECK(complaint_of(R"({"version": 1, "load": {"arrivals": {"poisson_per_s": 0}}})")
            .find("load.arrivals.poisson_per_s") != std::string::npos);
  CHECK(complaint_of(R"({"version": 1, "load": {"input_tokens": {"uniform": [5, 1]}}})")
            .find("load.input_tokens") != std::string::npos);
  CHECK(complaint_of(R"({"version": 1, "config": {"version": 1, "routting": "x"}})")
            .find("routting") != std::string::npos);
}

TEST_CASE("keys that begin with x- are for remarks") {
  CHECK(simulate(R"({"version": 1, "x-why": "because", "load": {"x-a": 1}})", 0).ok());
}

TEST_CASE("calls arrive at the instants that are listed") {
  const JsonDocument report =
      report_of(R"({"version": 1, "load": {"arrivals": {"at_ms": [0, 10, 10, 500]}}})");
  CHECK(report.root().member("calls").integer_or(0) == 4);
}

}  // namespace holysheep
