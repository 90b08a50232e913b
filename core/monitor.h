// The document's RateLimitMonitor: counts requests by endpoint, raises alerts, judges health. Used
// alone (endpoints appear when they are first recorded, anybody records) or by a client (its
// endpoints are fixed, the engine's thread records). What it says is made by monitor_report.h and
// prometheus.h.
//
// Threads: record() by name from any; record() by place and tick() from one thread, and never
// together with record() by name. All readers from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/alert.h"
#include "core/endpoint_metrics.h"

namespace holysheep {

struct MonitorSettings {
  std::int64_t alert_threshold = 5;  // 429s of an endpoint that raise an alert; 0: none is raised
  Nanos window = 0;                  // what health is judged by; 0: the whole life
  Nanos alert_quiet = 0;             // without a 429 before an alert ends
  std::uint64_t judged_least = 0;    // requests in the window, else it is not judged
  bool failures_count = false;       // health: failures weigh as much as 429s
};

// Health: above these shares of bad requests an endpoint is degraded or critical, in percent. The
// document's.
constexpr double kDegradedPercent = 10;
constexpr double kCriticalPercent = 30;
// Of the window, when health is judged by the whole life: what rates are shown for.
constexpr Nanos kWindowStandard = 5 * kMinute;

class Monitor {
 public:
  // Of a monitor used alone: names may come from users. Beyond that they are counted as "other".
  static constexpr std::size_t kEndpointsMax = 1000;

  explicit Monitor(const MonitorSettings& settings, const std::vector<std::string>& endpoints = {});

  void record(std::string_view endpoint, const RequestRecord& record, Now now);
  void record(std::size_t endpoint, const RequestRecord& record, Now now);
  // The endpoint refused its key; over with its next success.
  void key_refused(std::size_t endpoint, Now now);
  // Ends alerts that only time ends.
  void tick(Now now);

  MonitorSettings settings() const;
  void set_alert_threshold(std::int64_t count) { alert_threshold_.set(count); }
  void set_window(Nanos window);

  AlertBook& alerts() { return alerts_; }
  const AlertBook& alerts() const { return alerts_; }
  // They live as long as the monitor.
  std::vector<const EndpointMetrics*> endpoints() const;

 private:
  EndpointMetrics& find_locked(std::string_view name);
  void record_in(EndpointMetrics& endpoint, const RequestRecord& record, Now now);
  void on_rate_limited(EndpointMetrics& endpoint, Now now);
  void on_success(EndpointMetrics& endpoint, Now now);
  void end_spell(EndpointMetrics& endpoint, Now now);
  void judge_errors(EndpointMetrics& endpoint, Now now);

  MonitorSettings settings_;  // those that never change
  Single<std::int64_t> alert_threshold_;
  Single<Nanos> window_;
  AlertBook alerts_;
  mutable std::mutex list_mutex_;  // of endpoints_ and places_
  std::mutex writer_mutex_;        // makes those who record by name one after another
  std::vector<std::unique_ptr<EndpointMetrics>> endpoints_;
  std::unordered_map<std::string, std::size_t> places_;  // looked up, never iterated
};

}  // namespace holysheep
