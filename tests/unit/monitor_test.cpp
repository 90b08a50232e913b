// The document's RateLimitMonitor, its own example with its numbers, and what was mended: one alert
// for each episode, recovery from the first 429 to the next success.
#include "core/monitor.h"

#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>
#include <string>

#include "core/json.h"
#include "core/monitor_report.h"
#include "core/prometheus.h"

using namespace holysheep;
using Catch::Approx;

namespace {

// 2026-01-01T00:00:00Z and some time on the monotonic clock.
Now at(Nanos since) {
  return {1000 * kSecond + since, 1'767'225'600 * kSecond + since};
}

RequestRecord success(double ms = 150.5) {
  RequestRecord record;
  record.latency = static_cast<Nanos>(ms * 1e6);
  return record;
}

RequestRecord answered_429() {
  RequestRecord record;
  record.outcome = RequestOutcome::rate_limited;
  record.latency = 50'200'000;
  record.retries = 2;
  return record;
}

RequestRecord failure() {
  RequestRecord record;
  record.outcome = RequestOutcome::failed;
  return record;
}

struct Json {
  explicit Json(const std::string& text)
      : document(std::move(JsonDocument::parse(text, "text", Status::internal)).value()) {}
  JsonValue root() const { return document.root(); }
  JsonDocument document;
};

// The document's __main__: 100 successes on primary, 8 × 429 on backup-1.
void record_example(Monitor& monitor) {
  for (int i = 0; i < 100; ++i)
    monitor.record("primary", success(), at(i * kMillisecond));
  for (int i = 0; i < 8; ++i)
    monitor.record("backup-1", answered_429(), at(kSecond + i * kMillisecond));
}

}  // namespace

TEST_CASE("the document's example: the summary has its keys and numbers") {
  Monitor monitor{MonitorSettings()};
  record_example(monitor);
  CHECK(monitor_summary_json(monitor) ==
        R"({"holysheep_primary_total_requests":100,"holysheep_primary_successful_requests":100,)"
        R"("holysheep_primary_rate_limited_requests":0,"holysheep_primary_failed_requests":0,)"
        R"("holysheep_primary_avg_latency_ms":150.5,"holysheep_primary_total_retries":0,)"
        R"("holysheep_primary_rate_limit_rate":0,"holysheep_backup_1_total_requests":8,)"
        R"("holysheep_backup_1_successful_requests":0,)"
        R"("holysheep_backup_1_rate_limited_requests":8,"holysheep_backup_1_failed_requests":0,)"
        R"("holysheep_backup_1_avg_latency_ms":50.2,"holysheep_backup_1_total_retries":16,)"
        R"("holysheep_backup_1_rate_limit_rate":100})");
}

TEST_CASE("the document's example: its health report") {
  Monitor monitor{MonitorSettings()};
  record_example(monitor);
  const Json report(monitor_health_json(monitor, at(2 * kSecond)));
  CHECK(report.root().member("timestamp").string_or("") == "2026-01-01T00:00:02.000000+00:00");
  CHECK(report.root().member("overall_status").string_or("") == "critical");
  const auto endpoints = report.root().member("endpoints").elements();
  REQUIRE(endpoints.size() == 2);
  CHECK(endpoints[0].member("name").string_or("") == "primary");
  CHECK(endpoints[0].member("status").string_or("") == "healthy");
  CHECK(endpoints[0].member("success_rate").number_or(-1) == 100);
  CHECK(endpoints[0].member("avg_latency_ms").number_or(-1) == 150.5);
  CHECK(endpoints[0].member("last_rate_limited_at").kind() == JsonValue::Kind::null);
  CHECK(endpoints[1].member("status").string_or("") == "critical");
  CHECK(endpoints[1].member("total_requests").integer_or(-1) == 8);
  CHECK(endpoints[1].member("rate_limit_rate").number_or(-1) == 100);
  CHECK(endpoints[1].member("last_rate_limited_at").string_or("") ==
        "2026-01-01T00:00:01.007000+00:00");
}

TEST_CASE("the document's example: one alert instead of its four") {
  Monitor monitor{MonitorSettings()};
  record_example(monitor);
  const auto alerts = monitor.alerts().list();
  REQUIRE(alerts.size() == 1);
  CHECK(alerts[0].endpoint == "backup-1");
  CHECK(alerts[0].message == "backup-1 answered 5 requests with 429 (rate limit)");
  CHECK(alerts[0].recovery == -1);
  CHECK(alert_json(alerts[0]) ==
        R"({"id":1,"timestamp":"2026-01-01T00:00:01.004000+00:00","severity":"warning",)"
        R"("cause":"rate_limit","endpoint":"backup-1",)"
        R"x("message":"backup-1 answered 5 requests with 429 (rate limit)","active":true,)x"
        R"("resolved_at":null,"recovery_time_seconds":null})");
}

TEST_CASE("the document's example: metrics with the endpoint's whole name, in a label") {
  Monitor monitor{MonitorSettings()};
  record_example(monitor);
  const std::string text = monitor_metrics(monitor, ExpositionFormat::prometheus, at(2 * kSecond));
  const auto has = [&](const std::string& line) {
    INFO(line);
    CHECK(text.find("\n" + line + "\n") != std::string::npos);
  };
  has(R"(holysheep_api_requests_total{endpoint="primary",result="success"} 100)");
  has(R"(holysheep_api_requests_total{endpoint="backup-1",result="rate_limited"} 8)");
  has(R"(holysheep_rate_limit_rate{endpoint="backup-1"} 100)");
  has(R"(holysheep_rate_limit_rate{endpoint="primary"} 0)");
  has(R"(holysheep_request_duration_seconds_bucket{endpoint="primary",le="0.1"} 0)");
  has(R"(holysheep_request_duration_seconds_bucket{endpoint="primary",le="0.25"} 100)");
  has(R"(holysheep_request_duration_seconds_bucket{endpoint="primary",le="+Inf"} 100)");
  has(R"(holysheep_request_duration_seconds_sum{endpoint="primary"} 15.05)");
  has(R"(holysheep_request_duration_seconds_count{endpoint="primary"} 100)");
  has(R"(holysheep_alerts_total{cause="rate_limit"} 1)");
}

TEST_CASE("the recovery time is that from the first 429 to the next success") {
  Monitor monitor{MonitorSettings()};
  monitor.record("a", answered_429(), at(0));
  monitor.record("a", answered_429(), at(3 * kSecond));
  monitor.record("a", failure(), at(4 * kSecond));
  monitor.record("a", success(), at(7 * kSecond));
  monitor.record("a", success(), at(9 * kSecond));
  CHECK(monitor.endpoints()[0]->recoveries() == std::vector<Nanos>{7 * kSecond});
  CHECK(monitor.alerts().list().empty());
}

TEST_CASE("an alert's recovery time is that of the spell which ended, not of earlier ones") {
  Monitor monitor{MonitorSettings()};
  monitor.record("a", answered_429(), at(0));
  monitor.record("a", success(), at(kSecond));
  for (int i = 0; i < 4; ++i)
    monitor.record("a", answered_429(), at((100 + i) * kSecond));
  monitor.record("a", success(), at(110 * kSecond));
  REQUIRE(monitor.alerts().list().size() == 1);
  CHECK(monitor.alerts().list()[0].recovery == 10 * kSecond);
  CHECK(monitor.endpoints()[0]->recoveries() == std::vector<Nanos>{kSecond, 10 * kSecond});
}

TEST_CASE("an alert is over with the next success, and the next episode raises another") {
  Monitor monitor{MonitorSettings()};
  for (int i = 0; i < 6; ++i)
    monitor.record("a", answered_429(), at(i * kSecond));
  CHECK(monitor.alerts().active() == 1);
  monitor.record("a", success(), at(10 * kSecond));
  REQUIRE(monitor.alerts().list().size() == 1);
  CHECK(monitor.alerts().list()[0].recovery == 10 * kSecond);
  CHECK(monitor.alerts().list()[0].resolved_unix == at(10 * kSecond).unix);
  CHECK(monitor.alerts().active() == 0);
  for (int i = 0; i < 4; ++i)
    monitor.record("a", answered_429(), at((20 + i) * kSecond));
  CHECK(monitor.alerts().list().size() == 1);
  monitor.record("a", answered_429(), at(24 * kSecond));
  CHECK(monitor.alerts().list().size() == 2);
  CHECK(monitor.alerts().raised(AlertCause::rate_limit) == 2);
}

TEST_CASE("a threshold can be changed, and 0 means none") {
  Monitor monitor{MonitorSettings()};
  monitor.set_alert_threshold(2);
  monitor.record("a", answered_429(), at(0));
  CHECK(monitor.alerts().list().empty());
  monitor.record("a", answered_429(), at(1));
  CHECK(monitor.alerts().list().size() == 1);
  monitor.set_alert_threshold(0);
  for (int i = 0; i < 20; ++i)
    monitor.record("b", answered_429(), at(i));
  CHECK(monitor.alerts().list().size() == 1);
}

TEST_CASE("health: degraded above 10 percent, critical above 30, and the worst is overall") {
  struct Row {
    int limited;
    HealthGrade grade;
  };
  for (const Row row :
       {Row{0, HealthGrade::healthy}, Row{10, HealthGrade::healthy}, Row{11, HealthGrade::degraded},
        Row{30, HealthGrade::degraded}, Row{31, HealthGrade::critical}}) {
    Monitor monitor{MonitorSettings()};
    monitor.record("good", success(), at(0));
    for (int i = 0; i < 100; ++i)
      monitor.record("a", i < row.limited ? answered_429() : success(), at(i));
    INFO(row.limited);
    CHECK(judge(monitor, at(kSecond)) == row.grade);
  }
}

TEST_CASE("with a window, health forgets what is older; without, it never does") {
  MonitorSettings settings;
  settings.window = kMinute;
  Monitor monitor(settings);
  for (int i = 0; i < 100; ++i)
    monitor.record("a", answered_429(), at(0));
  CHECK(judge(monitor, at(30 * kSecond)) == HealthGrade::critical);
  CHECK(judge(monitor, at(61 * kSecond)) == HealthGrade::healthy);
  monitor.record("a", success(), at(61 * kSecond));
  CHECK(judge(monitor, at(61 * kSecond)) == HealthGrade::healthy);
  monitor.set_window(0);
  CHECK(judge(monitor, at(62 * kSecond)) == HealthGrade::critical);
}

TEST_CASE("failures judge only where they are told to, and above 30 percent they are an alert") {
  MonitorSettings settings;
  settings.window = kMinute;
  settings.judged_least = 20;
  settings.failures_count = true;
  Monitor monitor(settings, {"a"});
  for (int i = 0; i < 13; ++i)
    monitor.record(std::size_t{0}, success(), at(i));
  for (int i = 0; i < 6; ++i)
    monitor.record(std::size_t{0}, failure(), at(i));
  CHECK(judge(monitor, at(kSecond)) == HealthGrade::healthy);  // 19 requests are not judged
  monitor.record(std::size_t{0}, failure(), at(20));
  CHECK(judge(monitor, at(kSecond)) == HealthGrade::critical);
  REQUIRE(monitor.alerts().list().size() == 1);
  CHECK(monitor.alerts().list()[0].cause == AlertCause::error_ratio);
  CHECK(monitor.alerts().list()[0].message == "7 of the last 20 requests to a failed");
  monitor.tick(at(2 * kMinute));
  CHECK(monitor.alerts().active() == 0);
}

TEST_CASE("names that users make up do not grow without bound") {
  Monitor monitor{MonitorSettings()};
  for (std::size_t i = 0; i < Monitor::kEndpointsMax + 500; ++i)
    monitor.record("endpoint " + std::to_string(i), success(), at(0));
  const auto endpoints = monitor.endpoints();
  CHECK(endpoints.size() == Monitor::kEndpointsMax + 1);
  CHECK(endpoints.back()->name() == "other");
  CHECK(endpoints.back()->total() == 500);
}

TEST_CASE("alerts are a bounded list: those that are over go first") {
  Monitor monitor{MonitorSettings()};
  monitor.set_alert_threshold(1);
  monitor.record("stays", answered_429(), at(0));
  for (std::size_t i = 0; i < 2 * AlertBook::kAlertsMax; ++i) {
    monitor.record("a", answered_429(), at(0));
    monitor.record("a", success(), at(1));
  }
  const auto alerts = monitor.alerts().list();
  CHECK(alerts.size() == AlertBook::kAlertsMax);
  CHECK(alerts.front().endpoint == "stays");
  CHECK(monitor.alerts().active() == 1);
}

TEST_CASE("an active alert is never forgotten: its end is told, however many there are") {
  Monitor monitor{MonitorSettings()};
  monitor.set_alert_threshold(1);
  constexpr std::size_t kMany = AlertBook::kAlertsMax + 50;
  for (std::size_t i = 0; i < kMany; ++i)
    monitor.record("endpoint " + std::to_string(i), answered_429(), at(0));
  CHECK(monitor.alerts().active() == kMany);
  for (std::size_t i = 0; i < kMany; ++i)
    monitor.record("endpoint " + std::to_string(i), success(), at(1));
  CHECK(monitor.alerts().active() == 0);
  monitor.record("one more", answered_429(), at(2));
  CHECK(monitor.alerts().list().size() == kMany);
}

TEST_CASE("an endpoint takes at most 16 KiB, and nothing more after 10^8 records") {
  CHECK(sizeof(EndpointMetrics) <= std::size_t{16} * 1024);
  CHECK(sizeof(EndpointMetrics) >= sizeof(LatencyHistogram) * 2);
}

TEST_CASE("10^8 records: counts are exact, quantiles still right, nothing has grown", "[.][slow]") {
  EndpointMetrics endpoint("a", kWindowStandard);
  RequestRecord record;
  Now now = at(0);
  constexpr std::uint64_t kRecords = 100'000'000;
  for (std::uint64_t i = 0; i < kRecords; ++i) {
    now.mono += kMicrosecond;
    now.unix += kMicrosecond;
    record.latency = static_cast<Nanos>(i % 1000 + 1) * kMillisecond;
    record.outcome = i % 10 == 0 ? RequestOutcome::rate_limited : RequestOutcome::succeeded;
    endpoint.record(record, now);
  }
  CHECK(endpoint.total() == kRecords);
  CHECK(endpoint.rate_limited() == kRecords / 10);
  CHECK(endpoint.recoveries().size() == EndpointMetrics::kRecoveriesMax);
  CHECK(endpoint.latency().sum() == static_cast<Nanos>(kRecords) / 1000 * 500'500 * kMillisecond);
  CHECK(static_cast<double>(endpoint.latency().quantile(0.9)) == Approx(900e6).epsilon(0.02));
}
