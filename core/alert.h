// Alerts: something that a person should know, raised once when it begins and resolved when it is
// over. The list is bounded; each change goes to the queues that asked for it and to the sinks
// (log, webhook).
//
// Threads: any; one lock, taken only when an alert begins or ends, or somebody reads.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/duration.h"
#include "core/queue.h"
#include "core/tally.h"

namespace holysheep {

enum class AlertCause : std::uint8_t {
  rate_limit,     // an endpoint's 429s reached the threshold
  error_ratio,    // too large a share of an endpoint's requests fails
  all_limited,    // no endpoint can take a call now
  budget,         // the day's budget is spent, or nearly
  key_refused,    // an endpoint does not accept its key
  price_unknown,  // a budget that stops meets a model without a price
  delivery        // the webhook did not take an alert
};
constexpr std::size_t kAlertCauses = 7;
std::string_view name_of(AlertCause cause);

enum class AlertSeverity : std::uint8_t { warning, critical };
std::string_view name_of(AlertSeverity severity);

struct Alert {
  std::uint64_t id = 0;  // counted from 1
  AlertCause cause = AlertCause::rate_limit;
  AlertSeverity severity = AlertSeverity::warning;
  std::string endpoint;  // "": of the whole client
  std::string message;
  Nanos raised_unix = 0;
  Nanos resolved_unix = 0;  // 0: active
  Nanos recovery = -1;      // from the first 429 to the next success; -1: none yet, or no 429s
};

std::string alert_json(const Alert& alert);

class AlertBook {
 public:
  // More than a person reads; the oldest that is over goes first. One that is active never goes,
  // since its end must be told: there are at most three for each endpoint.
  static constexpr std::size_t kAlertsMax = 100;
  // Of alerts that wait in a queue that nobody drains.
  static constexpr std::size_t kQueuedMax = 1024;
  // Called without the lock, on the thread that raised or resolved.
  using Sink = std::function<void(const Alert& alert)>;

  // Before the first alert.
  void add_sink(Sink sink) { sinks_.push_back(std::move(sink)); }
  // One queue for each `listener`, which is the address of the handle that asks; null: nowhere.
  // Handles that share an engine hear its alerts each.
  void send_to(const void* listener, std::shared_ptr<Queue> queue);

  // Returns the alert's id.
  std::uint64_t raise(Alert alert, Nanos unix_now);
  void resolve(std::uint64_t id, Nanos unix_now, Nanos recovery = -1);

  std::vector<Alert> list() const;  // the oldest first
  std::uint64_t raised(AlertCause cause) const;
  std::uint64_t active(AlertCause cause) const;
  // Of all causes; without the lock.
  std::uint64_t active() const { return active_all_.get(); }

 private:
  struct Listener {
    const void* handle = nullptr;
    std::shared_ptr<Queue> queue;
  };

  void make_room_locked();
  void count_active_locked(AlertCause cause, int change);
  void deliver(const Alert& alert);

  mutable std::mutex mutex_;
  std::deque<Alert> alerts_;
  std::uint64_t last_id_ = 0;
  std::uint64_t raised_[kAlertCauses] = {};
  std::uint64_t active_[kAlertCauses] = {};
  Tally active_all_;                 // written under the lock
  std::vector<Listener> listeners_;  // under the lock; one for each handle at most
  std::vector<Sink> sinks_;
};

}  // namespace holysheep
