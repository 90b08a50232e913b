#include "core/monitor.h"

#include <algorithm>

namespace holysheep {
namespace {

constexpr std::string_view kOther = "other";

Nanos window_or_standard(Nanos window) {
  return window > 0 ? window : kWindowStandard;
}

// Whether `part` of `total` is more than so many percent.
bool above(std::uint64_t part, std::uint64_t total, double percent) {
  return static_cast<double>(part) * 100 > percent * static_cast<double>(total);
}

}  // namespace

Monitor::Monitor(const MonitorSettings& settings, const std::vector<std::string>& endpoints)
    : settings_(settings) {
  alert_threshold_.set(settings.alert_threshold);
  window_.set(settings.window);
  for (const std::string& name : endpoints) {
    places_.emplace(name, endpoints_.size());
    endpoints_.push_back(
        std::make_unique<EndpointMetrics>(name, window_or_standard(settings.window)));
  }
}

MonitorSettings Monitor::settings() const {
  MonitorSettings now = settings_;
  now.alert_threshold = alert_threshold_.get();
  now.window = window_.get();
  return now;
}

void Monitor::set_window(Nanos window) {
  const std::lock_guard<std::mutex> lock(list_mutex_);
  window_.set(window);
  for (const auto& endpoint : endpoints_)
    endpoint->window().set_length(window_or_standard(window));
}

std::vector<const EndpointMetrics*> Monitor::endpoints() const {
  const std::lock_guard<std::mutex> lock(list_mutex_);
  std::vector<const EndpointMetrics*> found;
  found.reserve(endpoints_.size());
  for (const auto& endpoint : endpoints_)
    found.push_back(endpoint.get());
  return found;
}

EndpointMetrics& Monitor::find_locked(std::string_view name) {
  const std::lock_guard<std::mutex> lock(list_mutex_);
  const auto found = places_.find(std::string(name));
  if (found != places_.end()) return *endpoints_[found->second];
  if (endpoints_.size() >= kEndpointsMax) {
    const auto other = places_.find(std::string(kOther));
    if (other != places_.end()) return *endpoints_[other->second];
    name = kOther;
  }
  endpoints_.push_back(
      std::make_unique<EndpointMetrics>(std::string(name), window_or_standard(window_.get())));
  places_.emplace(std::string(name), endpoints_.size() - 1);
  return *endpoints_.back();
}

void Monitor::record(std::string_view endpoint, const RequestRecord& record, Now now) {
  const std::lock_guard<std::mutex> lock(writer_mutex_);
  record_in(find_locked(endpoint), record, now);
}

void Monitor::record(std::size_t endpoint, const RequestRecord& record, Now now) {
  record_in(*endpoints_[endpoint], record, now);
}

void Monitor::record_in(EndpointMetrics& endpoint, const RequestRecord& record, Now now) {
  endpoint.record(record, now);
  if (record.outcome == RequestOutcome::rate_limited) on_rate_limited(endpoint, now);
  if (record.outcome == RequestOutcome::succeeded) on_success(endpoint, now);
  if (settings_.failures_count) judge_errors(endpoint, now);
}

// ---- too many 429s -----------------------------------------------------------------------------

void Monitor::on_rate_limited(EndpointMetrics& endpoint, Now now) {
  EndpointMetrics::Spell& spell = endpoint.spell;
  const Nanos window = window_.get();
  const bool long_ago = window > 0 && now.mono - spell.last > window;
  if (spell.alert_id == 0 && (spell.count == 0 || long_ago)) {
    spell.count = 0;
  }
  if (spell.count == 0 || spell.recovered >= 0) spell.first = now.mono;
  ++spell.count;
  spell.last = now.mono;
  spell.recovered = -1;
  const std::int64_t threshold = alert_threshold_.get();
  if (spell.alert_id != 0 || threshold <= 0) return;
  if (spell.count < static_cast<std::uint64_t>(threshold)) return;
  Alert alert;
  alert.cause = AlertCause::rate_limit;
  alert.endpoint = endpoint.name();
  alert.message = endpoint.name() + " answered " + std::to_string(spell.count) +
                  (spell.count == 1 ? " request" : " requests") + " with 429 (rate limit)";
  spell.alert_id = alerts_.raise(std::move(alert), now.unix);
}

void Monitor::on_success(EndpointMetrics& endpoint, Now now) {
  EndpointMetrics::Spell& spell = endpoint.spell;
  if (spell.count > 0) {
    if (spell.recovered < 0) spell.recovered = now.mono;
    if (spell.alert_id != 0 && now.mono - spell.last >= settings_.alert_quiet) {
      end_spell(endpoint, now);
    }
  }
  if (endpoint.key_alert_id != 0) {
    alerts_.resolve(endpoint.key_alert_id, now.unix);
    endpoint.key_alert_id = 0;
  }
}

void Monitor::end_spell(EndpointMetrics& endpoint, Now now) {
  EndpointMetrics::Spell& spell = endpoint.spell;
  const Nanos recovery = spell.recovered < 0 ? -1 : spell.recovered - spell.first;
  alerts_.resolve(spell.alert_id, now.unix, recovery);
  spell = {};
}

// ---- failures ----------------------------------------------------------------------------------

void Monitor::judge_errors(EndpointMetrics& endpoint, Now now) {
  const WindowCounts counts = endpoint.window().counts(now.mono);
  std::uint64_t& id = endpoint.error_alert_id;
  if (id == 0) {
    if (counts.total < std::max<std::uint64_t>(settings_.judged_least, 1)) return;
    if (!above(counts.failed, counts.total, kCriticalPercent)) return;
    Alert alert;
    alert.cause = AlertCause::error_ratio;
    alert.severity = AlertSeverity::critical;
    alert.endpoint = endpoint.name();
    alert.message = std::to_string(counts.failed) + " of the last " + std::to_string(counts.total) +
                    " requests to " + endpoint.name() + " failed";
    id = alerts_.raise(std::move(alert), now.unix);
  } else if (!above(counts.failed, counts.total, kDegradedPercent)) {
    alerts_.resolve(id, now.unix);
    id = 0;
  }
}

void Monitor::key_refused(std::size_t place, Now now) {
  EndpointMetrics& endpoint = *endpoints_[place];
  if (endpoint.key_alert_id != 0) return;
  Alert alert;
  alert.cause = AlertCause::key_refused;
  alert.severity = AlertSeverity::critical;
  alert.endpoint = endpoint.name();
  alert.message = endpoint.name() + " does not accept its key";
  endpoint.key_alert_id = alerts_.raise(std::move(alert), now.unix);
}

void Monitor::tick(Now now) {
  for (const auto& endpoint : endpoints_) {
    const EndpointMetrics::Spell& spell = endpoint->spell;
    if (spell.alert_id != 0) {
      const Nanos since = now.mono - spell.last;
      const bool recovered = spell.recovered >= 0 && since >= settings_.alert_quiet;
      // Nobody has asked it any more: nothing is known against it.
      const bool forgotten = window_.get() > 0 && since > window_.get();
      if (recovered || forgotten) end_spell(*endpoint, now);
    }
    if (endpoint->error_alert_id != 0) judge_errors(*endpoint, now);
  }
}

}  // namespace holysheep
