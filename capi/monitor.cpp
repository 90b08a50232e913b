// Monitors: the user's own and the client's.

#include "core/monitor.h"

#include <cmath>
#include <cstddef>
#include <memory>
#include <utility>

#include "capi/error.h"
#include "capi/objects.h"
#include "capi/text.h"
#include "core/config_endpoints.h"
#include "core/json.h"
#include "core/label.h"
#include "core/loop.h"
#include "core/monitor_report.h"
#include "core/monitor_settings.h"
#include "core/monitor_status.h"
#include "core/prometheus.h"
#include "core/service_check.h"

using holysheep::ExpositionFormat;
using holysheep::fail;
using holysheep::guarded;
using holysheep::Now;
using holysheep::read_view;
using holysheep::RequestOutcome;
using holysheep::Status;
using holysheep::usable;

// The layout that other languages' structs repeat by hand: it never changes, it only grows.
static_assert(sizeof(holysheep_record) == 32);
static_assert(offsetof(holysheep_record, struct_size) == 0);
static_assert(offsetof(holysheep_record, success) == 4);
static_assert(offsetof(holysheep_record, status_code) == 8);
static_assert(offsetof(holysheep_record, retry_count) == 12);
static_assert(offsetof(holysheep_record, latency_ms) == 16);
static_assert(offsetof(holysheep_record, first_token_ms) == 24);

namespace {

// 30 days: more is a mistake in the unit.
constexpr double kLatencyMsMax = 30.0 * 24 * 3600 * 1000;

// So that the memory of all names has a bound too.
constexpr std::size_t kNameBytesMax = 256;

Now now_of(const holysheep_monitor& monitor) {
  return monitor.host ? monitor.host->now() : holysheep::read_clocks();
}

// Whether `ms` is a duration; NaN is none.
bool is_duration(double ms) {
  return ms >= 0 && ms <= kLatencyMsMax;
}

holysheep::Nanos nanos_of(double ms) {
  return std::llround(ms * 1e6);
}

template <typename Make>
holysheep_status text_of(holysheep_monitor* monitor, holysheep_text** text, Make make) {
  return guarded(nullptr, [&]() -> holysheep_status {
    if (text == nullptr) return HOLYSHEEP_E_INVALID_ARGUMENT;
    *text = nullptr;
    if (const holysheep_status status = usable(monitor)) return status;
    return holysheep::make_text(make(*monitor), text);
  });
}

// What is wrong with a record, or "".
std::string_view fault_of(const holysheep_record& record) {
  if (record.success != 0 && record.success != 1) return "success: expected 0 or 1";
  if (record.status_code < 0 || record.status_code > 999) {
    return "status_code: expected an HTTP status, or 0";
  }
  if (record.retry_count < 0) return "retry_count: expected 0 or more";
  if (!is_duration(record.latency_ms)) return "latency_ms: expected milliseconds, not negative";
  if (!is_duration(record.first_token_ms)) {
    return "first_token_ms: expected milliseconds, not negative";
  }
  return {};
}

holysheep::RequestRecord read_record(const holysheep_record& given) {
  holysheep::RequestRecord record;
  if (given.success == 0) {
    record.outcome =
        given.status_code == 429 ? RequestOutcome::rate_limited : RequestOutcome::failed;
  }
  record.retries = static_cast<std::uint64_t>(given.retry_count);
  record.latency = nanos_of(given.latency_ms);
  if (given.first_token_ms > 0) record.first_token = nanos_of(given.first_token_ms);
  return record;
}

}  // namespace

holysheep_status holysheep_monitor_new(const char* settings, size_t settings_size,
                                       holysheep_monitor** monitor, holysheep_error* error) {
  return guarded(error, [&]() -> holysheep_status {
    if (monitor == nullptr) {
      return fail(error, Status::invalid_argument, "monitor: expected a place for it, not NULL");
    }
    *monitor = nullptr;
    std::string_view text;
    if (!read_view(settings, settings_size, &text)) {
      return fail(error, Status::invalid_argument, "settings: NULL with a size");
    }
    const auto change = holysheep::parse_monitor_settings(text);
    if (!change) return fail(error, change.error());
    holysheep::MonitorSettings wanted;
    wanted.alert_threshold = change.value().alert_threshold.value_or(wanted.alert_threshold);
    wanted.window = change.value().window.value_or(wanted.window);
    auto fresh = std::make_unique<holysheep_monitor>();
    fresh->own = std::make_unique<holysheep::Monitor>(wanted);
    fresh->pid = holysheep::process_id();
    *monitor = fresh.release();
    return HOLYSHEEP_OK;
  });
}

holysheep_status holysheep_client_monitor(holysheep_client* client, holysheep_monitor** monitor) {
  return guarded(nullptr, [&]() -> holysheep_status {
    if (monitor == nullptr) return HOLYSHEEP_E_INVALID_ARGUMENT;
    *monitor = nullptr;
    if (const holysheep_status status = usable(client)) return status;
    auto fresh = std::make_unique<holysheep_monitor>();
    fresh->host = client->host;
    fresh->pid = holysheep::process_id();
    *monitor = fresh.release();
    return HOLYSHEEP_OK;
  });
}

void holysheep_monitor_free(holysheep_monitor* monitor) {
  if (usable(monitor) != HOLYSHEEP_OK) return;
  monitor->monitor().alerts().send_to(monitor, nullptr);
  delete monitor;
}

holysheep_status holysheep_monitor_record(holysheep_monitor* monitor, const char* endpoint,
                                          size_t endpoint_size, const holysheep_record* record,
                                          holysheep_error* error) {
  return guarded(error, [&]() -> holysheep_status {
    if (const holysheep_status status = usable(monitor)) {
      return fail(error, static_cast<Status>(status), "monitor: not usable here");
    }
    if (!monitor->own) {
      return fail(error, Status::invalid_argument, "monitor: a client's monitor records by itself");
    }
    std::string_view name;
    if (!read_view(endpoint, endpoint_size, &name) || name.empty()) {
      return fail(error, Status::invalid_argument, "endpoint: expected a name");
    }
    if (name.size() > kNameBytesMax || !holysheep::is_label(name)) {
      return fail(error, Status::invalid_argument,
                  "endpoint: expected at most 256 bytes of UTF-8 without control characters");
    }
    if (record == nullptr || record->struct_size < sizeof(holysheep_record)) {
      return fail(error, Status::invalid_argument,
                  "record: expected a holysheep_record with its struct_size");
    }
    if (const std::string_view fault = fault_of(*record); !fault.empty()) {
      return fail(error, Status::invalid_argument, fault);
    }
    monitor->own->record(name, read_record(*record), now_of(*monitor));
    return HOLYSHEEP_OK;
  });
}

holysheep_status holysheep_monitor_set(holysheep_monitor* monitor, const char* settings,
                                       size_t settings_size, holysheep_error* error) {
  return guarded(error, [&]() -> holysheep_status {
    if (const holysheep_status status = usable(monitor)) {
      return fail(error, static_cast<Status>(status), "monitor: not usable here");
    }
    std::string_view text;
    if (!read_view(settings, settings_size, &text)) {
      return fail(error, Status::invalid_argument, "settings: NULL with a size");
    }
    const auto change = holysheep::parse_monitor_settings(text);
    if (!change) return fail(error, change.error());
    const auto& [threshold, window] = change.value();
    if (threshold) monitor->monitor().set_alert_threshold(*threshold);
    if (window) monitor->monitor().set_window(*window);
    return HOLYSHEEP_OK;
  });
}

holysheep_status holysheep_monitor_settings(holysheep_monitor* monitor, holysheep_text** text) {
  return text_of(monitor, text, [](holysheep_monitor& each) {
    const holysheep::MonitorSettings settings = each.monitor().settings();
    holysheep::JsonWriter json;
    json.begin_object();
    json.member("alert_threshold", settings.alert_threshold);
    json.member("window_ms", holysheep::to_ms(settings.window));
    json.end_object();
    return json.take();
  });
}

holysheep_status holysheep_monitor_summary(holysheep_monitor* monitor, holysheep_text** text) {
  return text_of(monitor, text, [](holysheep_monitor& each) {
    return holysheep::monitor_summary_json(each.monitor());
  });
}

holysheep_status holysheep_monitor_endpoints(holysheep_monitor* monitor, holysheep_text** text) {
  return text_of(monitor, text, [](holysheep_monitor& each) {
    return holysheep::monitor_endpoints_json(each.monitor(), now_of(each));
  });
}

holysheep_status holysheep_monitor_health(holysheep_monitor* monitor, holysheep_text** text) {
  return text_of(monitor, text, [](holysheep_monitor& each) {
    if (each.own) return holysheep::monitor_health_json(*each.own, now_of(each));
    holysheep::Engine& engine = each.host->engine();
    return holysheep::client_health_json(engine.monitor(), *engine.snapshot(), now_of(each));
  });
}

holysheep_status holysheep_monitor_alerts(holysheep_monitor* monitor, holysheep_text** text) {
  return text_of(monitor, text, [](holysheep_monitor& each) {
    return holysheep::monitor_alerts_json(each.monitor());
  });
}

holysheep_status holysheep_monitor_alerts_to(holysheep_monitor* monitor, holysheep_queue* queue) {
  return guarded(nullptr, [&]() -> holysheep_status {
    if (const holysheep_status status = usable(monitor)) return status;
    if (queue == nullptr) {
      monitor->monitor().alerts().send_to(monitor, nullptr);
      return HOLYSHEEP_OK;
    }
    if (const holysheep_status status = usable(queue)) return status;
    monitor->monitor().alerts().send_to(monitor, queue->queue);
    if (monitor->host) monitor->host->engine().monitor().watch();
    return HOLYSHEEP_OK;
  });
}

holysheep_status holysheep_monitor_metrics(holysheep_monitor* monitor,
                                           holysheep_metrics_format format, holysheep_text** text) {
  if (format != HOLYSHEEP_METRICS_PROMETHEUS && format != HOLYSHEEP_METRICS_OPENMETRICS) {
    return HOLYSHEEP_E_INVALID_ARGUMENT;
  }
  const ExpositionFormat wanted = format == HOLYSHEEP_METRICS_OPENMETRICS
                                      ? ExpositionFormat::openmetrics
                                      : ExpositionFormat::prometheus;
  return text_of(monitor, text, [wanted](holysheep_monitor& each) {
    if (each.own) return holysheep::monitor_metrics(*each.own, wanted, now_of(each));
    holysheep::Engine& engine = each.host->engine();
    return holysheep::client_metrics(engine.monitor(), *engine.snapshot(), wanted, now_of(each));
  });
}

holysheep_status holysheep_monitor_status(holysheep_monitor* monitor, holysheep_text** text) {
  return guarded(nullptr, [&]() -> holysheep_status {
    if (text == nullptr) return HOLYSHEEP_E_INVALID_ARGUMENT;
    *text = nullptr;
    if (const holysheep_status status = usable(monitor)) return status;
    if (!monitor->host) return HOLYSHEEP_E_INVALID_ARGUMENT;
    monitor->host->engine().monitor().watch();
    return holysheep::make_text(monitor->host->status_json(), text);
  });
}

holysheep_status holysheep_check_service(const char* url, size_t url_size, int64_t timeout_ms,
                                         holysheep_text** text, holysheep_error* error) {
  return guarded(error, [&]() -> holysheep_status {
    if (text == nullptr) {
      return fail(error, Status::invalid_argument, "text: expected a place for it, not NULL");
    }
    *text = nullptr;
    std::string_view given;
    if (!read_view(url, url_size, &given)) {
      return fail(error, Status::invalid_argument, "url: NULL with a size");
    }
    if (given.empty()) given = holysheep::kDocumentStatusPage;
    if (timeout_ms < 0) return fail(error, Status::invalid_argument, "timeout_ms: is negative");
    if (timeout_ms == 0) timeout_ms = holysheep::kServiceCheckMs;
    auto found = holysheep::check_service(given, timeout_ms, holysheep::read_environment());
    if (!found) return fail(error, found.error());
    return holysheep::make_text(std::move(found).value(), text);
  });
}
