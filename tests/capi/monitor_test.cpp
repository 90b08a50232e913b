// Monitors through the C ABI: one of one's own, a client's, alerts as events, and what is refused.

#include "fixture.h"

using namespace capi_test;

namespace {

class OwnMonitor {
 public:
  explicit OwnMonitor(std::string_view settings = {}) {
    holysheep_error error = HOLYSHEEP_ERROR_INIT;
    const auto status = holysheep_monitor_new(settings.data(), settings.size(), &monitor_, &error);
    INFO(error.message);
    REQUIRE(status == HOLYSHEEP_OK);
  }
  explicit OwnMonitor(const Client& client) {
    REQUIRE(holysheep_client_monitor(client.get(), &monitor_) == HOLYSHEEP_OK);
  }
  ~OwnMonitor() { holysheep_monitor_free(monitor_); }
  OwnMonitor(const OwnMonitor&) = delete;
  OwnMonitor& operator=(const OwnMonitor&) = delete;

  holysheep_monitor* get() const { return monitor_; }
  void record(std::string_view endpoint, int success, int status_code, double latency_ms = 1,
              int retry_count = 0) {
    holysheep_record record = HOLYSHEEP_RECORD_INIT;
    record.success = success;
    record.status_code = status_code;
    record.latency_ms = latency_ms;
    record.retry_count = retry_count;
    REQUIRE(holysheep_monitor_record(monitor_, endpoint.data(), endpoint.size(), &record,
                                     nullptr) == HOLYSHEEP_OK);
  }
  template <typename Function>
  std::string text(Function function) const {
    holysheep_text* text = nullptr;
    REQUIRE(function(monitor_, &text) == HOLYSHEEP_OK);
    return take(text);
  }
  std::string metrics(holysheep_metrics_format format) const {
    holysheep_text* text = nullptr;
    REQUIRE(holysheep_monitor_metrics(monitor_, format, &text) == HOLYSHEEP_OK);
    return take(text);
  }

 private:
  holysheep_monitor* monitor_ = nullptr;
};

// The next alert of a queue, as JSON.
Json next_alert(holysheep_queue* queue) {
  holysheep_batch* batch = nullptr;
  REQUIRE(holysheep_queue_drain(queue, 1, kPatienceMs, &batch) == HOLYSHEEP_OK);
  holysheep_event event = HOLYSHEEP_EVENT_INIT;
  REQUIRE(holysheep_batch_event(batch, 0, &event) == HOLYSHEEP_OK);
  REQUIRE(event.kind == HOLYSHEEP_EVENT_ALERT);
  REQUIRE(event.request == 0);
  Json alert(std::string(event.data, event.data_size));
  REQUIRE(alert.text("/cause") == std::string(event.name, event.name_size));
  holysheep_batch_free(batch);
  return alert;
}

}  // namespace

TEST_CASE("monitor: the document's example through the C ABI") {
  OwnMonitor monitor;
  for (int i = 0; i < 100; ++i)
    monitor.record("primary", 1, 200, 150.5);
  for (int i = 0; i < 8; ++i)
    monitor.record("backup-1", 0, 429, 50.2, 2);
  const Json summary(monitor.text(holysheep_monitor_summary));
  REQUIRE(summary.number("/holysheep_primary_total_requests") == 100);
  REQUIRE(summary.number("/holysheep_backup_1_total_retries") == 16);
  REQUIRE(Json(monitor.text(holysheep_monitor_alerts)).size("") == 1);
  const Json health(monitor.text(holysheep_monitor_health));
  REQUIRE(health.text("/overall_status") == "critical");
  const Json endpoints(monitor.text(holysheep_monitor_endpoints));
  REQUIRE(endpoints.text("/1/endpoint_name") == "backup-1");
  REQUIRE(endpoints.number("/1/rate_limited_requests") == 8);
  const std::string metrics = monitor.metrics(HOLYSHEEP_METRICS_PROMETHEUS);
  REQUIRE(metrics.find(R"(holysheep_rate_limit_rate{endpoint="backup-1"} 100)") !=
          std::string::npos);
  const std::string open = monitor.metrics(HOLYSHEEP_METRICS_OPENMETRICS);
  REQUIRE(open.find("# TYPE holysheep_api_requests counter\n") != std::string::npos);
  REQUIRE(open.substr(open.size() - 6) == "# EOF\n");
}

TEST_CASE("monitor: an alert comes as an event when it begins and when it is over") {
  OwnMonitor monitor(R"({"alert_threshold": 2})");
  holysheep_queue* queue = nullptr;
  REQUIRE(holysheep_queue_new(&queue) == HOLYSHEEP_OK);
  REQUIRE(holysheep_monitor_alerts_to(monitor.get(), queue) == HOLYSHEEP_OK);
  monitor.record("a", 0, 429);
  monitor.record("a", 0, 429);
  monitor.record("a", 0, 429);
  monitor.record("a", 1, 200);
  const Json begun = next_alert(queue);
  REQUIRE(begun.text("/endpoint") == "a");
  REQUIRE(begun.at("/active").get_bool().value_unsafe());
  const Json over = next_alert(queue);
  REQUIRE(over.number("/id") == begun.number("/id"));
  REQUIRE_FALSE(over.at("/active").get_bool().value_unsafe());
  holysheep_batch* batch = nullptr;
  REQUIRE(holysheep_queue_drain(queue, 0, 0, &batch) == HOLYSHEEP_E_WAIT);
  holysheep_queue_free(queue);
  monitor.record("b", 0, 429);  // its queue has gone
  monitor.record("b", 0, 429);
}

TEST_CASE("monitor: each handle of a shared engine has a queue of its own for alerts") {
  Mock mock(three(R"({"replies":[{"status":429,"headers":{"Retry-After":"1"}}]})"));
  const std::string config = mock.config(R"(,"monitor":{"alert_threshold":1})");
  Client first(config);
  Client second(config);
  Client third(config);
  OwnMonitor of_first(first);
  OwnMonitor of_second(second);
  OwnMonitor once_more(first);  // with the queue of another handle: one event for both
  REQUIRE(holysheep_monitor_alerts_to(of_first.get(), first.queue()) == HOLYSHEEP_OK);
  REQUIRE(holysheep_monitor_alerts_to(of_second.get(), second.queue()) == HOLYSHEEP_OK);
  REQUIRE(holysheep_monitor_alerts_to(once_more.get(), first.queue()) == HOLYSHEEP_OK);
  {
    OwnMonitor freed(third);  // which ends it
    REQUIRE(holysheep_monitor_alerts_to(freed.get(), third.queue()) == HOLYSHEEP_OK);
  }
  const std::string body = chat();
  const holysheep_request request = Client::request(body);
  holysheep_batch* batch = nullptr;
  REQUIRE(holysheep_call(first.get(), &request, &batch, nullptr) == HOLYSHEEP_OK);
  holysheep_batch_free(batch);
  REQUIRE(next_alert(first.queue()).text("/endpoint") == "primary");
  REQUIRE(next_alert(second.queue()).text("/endpoint") == "primary");
  REQUIRE(holysheep_queue_drain(first.queue(), 0, 0, &batch) == HOLYSHEEP_E_WAIT);
  REQUIRE(holysheep_queue_drain(third.queue(), 0, 0, &batch) == HOLYSHEEP_E_WAIT);
}

TEST_CASE("monitor: settings are strict, and one that is wrong changes nothing") {
  OwnMonitor monitor;
  const auto refused = [&](std::string_view settings) {
    holysheep_error error = HOLYSHEEP_ERROR_INIT;
    REQUIRE(holysheep_monitor_set(monitor.get(), settings.data(), settings.size(), &error) ==
            HOLYSHEEP_E_INVALID_ARGUMENT);
    return std::string(error.message);
  };
  REQUIRE(refused(R"({"alert_treshold": 3})") ==
          "monitor settings: unknown key \"alert_treshold\"; did you mean \"alert_threshold\"?");
  REQUIRE(refused(R"({"window_ms": -1})").find("window_ms: expected an integer") !=
          std::string::npos);
  REQUIRE(refused("[]").find("expected an object") != std::string::npos);
  REQUIRE(monitor.text(holysheep_monitor_settings) == R"({"alert_threshold":5,"window_ms":0})");
  const std::string_view good = R"({"alert_threshold": 3, "window_ms": 60000})";
  REQUIRE(holysheep_monitor_set(monitor.get(), good.data(), good.size(), nullptr) == HOLYSHEEP_OK);
  REQUIRE(monitor.text(holysheep_monitor_settings) == R"({"alert_threshold":3,"window_ms":60000})");
}

TEST_CASE("monitor: a record that cannot be is refused and named") {
  OwnMonitor monitor;
  const auto refused = [&](const holysheep_record& record, std::string_view name = "a") {
    holysheep_error error = HOLYSHEEP_ERROR_INIT;
    REQUIRE(holysheep_monitor_record(monitor.get(), name.data(), name.size(), &record, &error) ==
            HOLYSHEEP_E_INVALID_ARGUMENT);
    return std::string(error.message);
  };
  holysheep_record record = HOLYSHEEP_RECORD_INIT;
  REQUIRE(refused(record, "") == "endpoint: expected a name");
  record.latency_ms = -1;
  REQUIRE(refused(record) == "latency_ms: expected milliseconds, not negative");
  record.latency_ms = 0.0 / static_cast<double>(record.retry_count);
  REQUIRE(refused(record) == "latency_ms: expected milliseconds, not negative");
  record.latency_ms = 1;
  record.retry_count = -1;
  REQUIRE(refused(record) == "retry_count: expected 0 or more");
  record.retry_count = 0;
  record.success = 2;
  REQUIRE(refused(record) == "success: expected 0 or 1");
  record.success = 1;
  record.struct_size = 8;
  REQUIRE(refused(record).find("struct_size") != std::string::npos);
  REQUIRE(monitor.text(holysheep_monitor_summary) == "{}");
}

TEST_CASE("monitor: a client's own counts its requests, tells alerts, and outlives it") {
  Mock mock(three(R"({"replies":[{"status":429,"headers":{"Retry-After":"1"}}]})"));
  auto client = std::make_unique<Client>(mock.config(R"(,"monitor":{"alert_threshold":1})"));
  OwnMonitor monitor(*client);
  REQUIRE(holysheep_monitor_alerts_to(monitor.get(), client->queue()) == HOLYSHEEP_OK);
  const std::string body = chat();
  const holysheep_request request = Client::request(body);
  holysheep_batch* batch = nullptr;
  REQUIRE(holysheep_call(client->get(), &request, &batch, nullptr) == HOLYSHEEP_OK);
  holysheep_batch_free(batch);
  REQUIRE(next_alert(client->queue()).text("/endpoint") == "primary");
  const Json summary(monitor.text(holysheep_monitor_summary));
  REQUIRE(summary.number("/holysheep_primary_rate_limited_requests") == 1);
  REQUIRE(summary.number("/holysheep_backup_1_successful_requests") == 1);
  REQUIRE(summary.number("/holysheep_backup_1_total_retries") == 1);
  REQUIRE(summary.number("/holysheep_backup_2_total_requests") == 0);
  const Json health(monitor.text(holysheep_monitor_health));
  REQUIRE(health.at("/ok").get_bool().value_unsafe());
  holysheep_record record = HOLYSHEEP_RECORD_INIT;
  REQUIRE(holysheep_monitor_record(monitor.get(), "primary", HOLYSHEEP_SIZE_NUL, &record,
                                   nullptr) == HOLYSHEEP_E_INVALID_ARGUMENT);
  client.reset();
  REQUIRE(monitor.text(holysheep_monitor_summary) == summary.source());
  REQUIRE(monitor.metrics(HOLYSHEEP_METRICS_PROMETHEUS)
              .find(R"(holysheep_calls_total{result="succeeded"} 1)") != std::string::npos);
}

TEST_CASE("monitor: a status holds traces and no key, no prompt, no answer") {
  Mock mock(three(R"({"replies":[{"status":500}]})"));
  const std::string key = Json(mock.config()).text("/api_key");
  REQUIRE(key.size() > 3);
  Client client(mock.config());
  OwnMonitor monitor(client);
  monitor.text(holysheep_monitor_status);  // from here on traces are kept
  REQUIRE(client.call(chat(), R"({"tag":"nightly"})").status == HOLYSHEEP_OK);
  // Traces are published with the turn that ends the call.
  const Json status(monitor.text(holysheep_monitor_status));
  REQUIRE(status.text("/traces/0/attempts/0/outcome") == "500 server_error");
  REQUIRE(status.text("/traces/0/tag") == "nightly");
  REQUIRE(status.text("/traces/0/attempts/1/endpoint") == "backup-1");
  REQUIRE(status.text("/pool/endpoints/0/status") == "degraded");
  REQUIRE(status.text("/costs/models/0/name") == "gpt-4.1");
  REQUIRE(status.source().find(key) == std::string::npos);
  REQUIRE(status.source().find("nobody may log") == std::string::npos);
  OwnMonitor own;
  holysheep_text* text = nullptr;
  REQUIRE(holysheep_monitor_status(own.get(), &text) == HOLYSHEEP_E_INVALID_ARGUMENT);
}

TEST_CASE("monitor: a budget that stops refuses the next call and says why") {
  Mock mock(three("{}"));
  Client client(mock.config(R"(,"prices":{"gpt-4.1":{"input":"1000","output":"1000"}},)"
                            R"("budget":{"usd_per_day":"0.000001","action":"stop"})"));
  REQUIRE(client.call().status == HOLYSHEEP_OK);
  const Outcome refused = client.call();
  REQUIRE(refused.status == HOLYSHEEP_E_BUDGET);
  REQUIRE(refused.message.find("budget.usd_per_day: the day's budget of $0.000001 is spent") == 0);
  REQUIRE((refused.flags & HOLYSHEEP_FLAG_NOTHING_SENT) != 0);
  REQUIRE(refused.retry_after_ms > 0);
  REQUIRE(refused.retry_after_ms <= 24 * 3600 * 1000);
  REQUIRE(mock.count() == 1);
  REQUIRE(std::string(holysheep_status_name(HOLYSHEEP_E_BUDGET)) == "budget");
}
