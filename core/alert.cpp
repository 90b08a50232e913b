#include "core/alert.h"

#include <algorithm>
#include <array>
#include <utility>

#include "core/json.h"
#include "core/time_text.h"

namespace holysheep {
namespace {

double seconds(Nanos duration) {
  return static_cast<double>(duration) / 1e9;
}

}  // namespace

std::string_view name_of(AlertCause cause) {
  constexpr std::array<std::string_view, kAlertCauses> kNames{
      "rate_limit",  "error_ratio",   "all_limited", "budget",
      "key_refused", "price_unknown", "delivery"};
  return kNames[static_cast<std::size_t>(cause)];
}

std::string_view name_of(AlertSeverity severity) {
  return severity == AlertSeverity::critical ? "critical" : "warning";
}

std::string alert_json(const Alert& alert) {
  JsonWriter json;
  json.begin_object();
  json.member("id", alert.id);
  json.member("timestamp", iso_8601(alert.raised_unix));
  json.member("severity", name_of(alert.severity));
  json.member("cause", name_of(alert.cause));
  json.key("endpoint");
  if (alert.endpoint.empty()) {
    json.null();
  } else {
    json.value(alert.endpoint);
  }
  json.member("message", alert.message);
  json.member("active", alert.resolved_unix == 0);
  json.key("resolved_at");
  if (alert.resolved_unix == 0) {
    json.null();
  } else {
    json.value(iso_8601(alert.resolved_unix));
  }
  json.key("recovery_time_seconds");
  if (alert.recovery < 0) {
    json.null();
  } else {
    json.value(seconds(alert.recovery));
  }
  json.end_object();
  return json.take();
}

void AlertBook::send_to(const void* listener, std::shared_ptr<Queue> queue) {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::erase_if(listeners_, [listener](const Listener& each) { return each.handle == listener; });
  if (queue != nullptr) listeners_.push_back({listener, std::move(queue)});
}

void AlertBook::count_active_locked(AlertCause cause, int change) {
  const auto more = static_cast<std::uint64_t>(static_cast<std::int64_t>(change));
  active_[static_cast<std::size_t>(cause)] += more;
  active_all_.add(more);
}

void AlertBook::make_room_locked() {
  if (alerts_.size() < kAlertsMax) return;
  const auto over = std::find_if(alerts_.begin(), alerts_.end(),
                                 [](const Alert& each) { return each.resolved_unix != 0; });
  if (over != alerts_.end()) alerts_.erase(over);
}

std::uint64_t AlertBook::raise(Alert alert, Nanos unix_now) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    make_room_locked();
    alert.id = ++last_id_;
    alert.raised_unix = unix_now;
    ++raised_[static_cast<std::size_t>(alert.cause)];
    count_active_locked(alert.cause, 1);
    alerts_.push_back(alert);
  }
  deliver(alert);
  return alert.id;
}

void AlertBook::resolve(std::uint64_t id, Nanos unix_now, Nanos recovery) {
  Alert resolved;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto found = std::find_if(alerts_.begin(), alerts_.end(),
                                    [id](const Alert& each) { return each.id == id; });
    if (found == alerts_.end() || found->resolved_unix != 0) return;
    // Never 0, which means that it is active.
    found->resolved_unix = std::max<Nanos>(unix_now, 1);
    found->recovery = recovery;
    count_active_locked(found->cause, -1);
    resolved = *found;
  }
  deliver(resolved);
}

void AlertBook::deliver(const Alert& alert) {
  for (const Sink& sink : sinks_)
    sink(alert);
  std::vector<std::shared_ptr<Queue>> queues;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    std::erase_if(listeners_, [](const Listener& each) { return each.queue->abandoned(); });
    for (const Listener& each : listeners_) {
      // A queue that two handles share gets it once.
      if (std::find(queues.begin(), queues.end(), each.queue) == queues.end()) {
        queues.push_back(each.queue);
      }
    }
  }
  for (const std::shared_ptr<Queue>& queue : queues) {
    std::vector<Completion> one(1);
    one[0].kind = Completion::Kind::alert;
    one[0].data = alert_json(alert);
    one[0].name = name_of(alert.cause);
    queue->push(one, kQueuedMax);
  }
}

std::vector<Alert> AlertBook::list() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return {alerts_.begin(), alerts_.end()};
}

std::uint64_t AlertBook::raised(AlertCause cause) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return raised_[static_cast<std::size_t>(cause)];
}

std::uint64_t AlertBook::active(AlertCause cause) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return active_[static_cast<std::size_t>(cause)];
}

}  // namespace holysheep
