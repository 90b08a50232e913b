// The text formats: escaping, exact decimals, negotiation, and METRICS.md out of the same table.
#include "core/exposition.h"

#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

#include "core/metric_table.h"

using namespace holysheep;

TEST_CASE("a label's value is escaped, and bytes that are no UTF-8 do not spoil the scrape") {
  Exposition out(ExpositionFormat::prometheus);
  out.family(Metric::tag_cost);
  out.sample_nano({{"tag", "a\"b\\c\nd \xec\x96\x91 \xff"}}, 1);
  CHECK(out.take() ==
        "# HELP holysheep_tag_cost_usd_total Cost in US dollars of answered calls with a tag.\n"
        "# TYPE holysheep_tag_cost_usd_total counter\n"
        "holysheep_tag_cost_usd_total{tag=\"a\\\"b\\\\c\\nd \xec\x96\x91 ?\"} 0.000000001\n");
}

TEST_CASE("billionths are exact decimals") {
  const auto written = [](std::int64_t billionths) {
    Exposition out(ExpositionFormat::prometheus);
    out.family(Metric::budget);
    out.sample_nano({}, billionths);
    const std::string text = out.take();
    const std::size_t at = text.find("\nholysheep_budget_usd ") + 22;
    return text.substr(at, text.size() - at - 1);
  };
  CHECK(written(0) == "0");
  CHECK(written(1'500'000'000) == "1.5");
  CHECK(written(123) == "0.000000123");
  CHECK(written(-2'000'000'000) == "-2");
  CHECK(written(9'223'372'036'854'775'807) == "9223372036.854775807");
}

TEST_CASE("OpenMetrics: families without _total, bounds with a fraction, an end") {
  LatencyHistogram histogram;
  histogram.record(2 * kSecond);
  Exposition out(ExpositionFormat::openmetrics);
  out.family(Metric::attempts);
  out.sample({{"endpoint", "a"}}, std::uint64_t{3});
  out.family(Metric::request_duration);
  out.histogram({{"endpoint", "a"}}, histogram);
  const std::string text = out.take();
  CHECK(text.find(
            "# TYPE holysheep_attempts counter\nholysheep_attempts_total{endpoint=\"a\"} 3\n") !=
        std::string::npos);
  CHECK(text.find("_bucket{endpoint=\"a\",le=\"1.0\"} 0\n") != std::string::npos);
  CHECK(text.find("_bucket{endpoint=\"a\",le=\"2.5\"} 1\n") != std::string::npos);
  CHECK(text.substr(text.size() - 6) == "# EOF\n");
}

TEST_CASE("who asks for OpenMetrics gets it, and nobody else") {
  constexpr auto kOpen = ExpositionFormat::openmetrics;
  constexpr auto kPlain = ExpositionFormat::prometheus;
  CHECK(exposition_format("") == kPlain);
  CHECK(exposition_format("*/*") == kPlain);
  CHECK(exposition_format("text/html,application/xhtml+xml") == kPlain);
  CHECK(exposition_format("application/openmetrics-text; version=1.0.0") == kOpen);
  // Prometheus 2.42 and 3.
  CHECK(exposition_format("application/openmetrics-text;version=1.0.0,application/openmetrics-text;"
                          "version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1") ==
        kOpen);
  CHECK(exposition_format("text/plain;version=0.0.4;q=0.6, application/openmetrics-text;q=0.5") ==
        kPlain);
  CHECK(exposition_format("application/openmetrics-text;q=0") == kPlain);
}

TEST_CASE("the table keeps the conventions") {
  std::set<std::string_view> names;
  for (const MetricRow& row : metric_rows()) {
    INFO(row.name);
    CHECK(names.insert(row.name).second);
    CHECK(row.name.substr(0, 10) == "holysheep_");
    const bool total = row.name.size() > 6 && row.name.substr(row.name.size() - 6) == "_total";
    CHECK(total == (row.type == MetricType::counter));
    CHECK(row.help.back() == '.');
  }
}

TEST_CASE("METRICS.md is what the table says", "[describe]") {
  const std::string path = std::string(HOLYSHEEP_VECTORS) + "/../../METRICS.md";
  if (std::getenv("HOLYSHEEP_REGENERATE") != nullptr) {  // NOLINT(concurrency-mt-unsafe)
    std::ofstream(path, std::ios::binary) << metrics_markdown();
  }
  std::ostringstream found;
  found << std::ifstream(path, std::ios::binary).rdbuf();
  INFO("stale: run HOLYSHEEP_REGENERATE=1 build/release/bin/test_unit \"[describe]\"");
  CHECK(found.str() == metrics_markdown());
}
