// Clients, monitors and mocks: what JavaScript does with them, but for their calls.
#include <algorithm>
#include <limits>

#include "bindings/node/native/addon.h"

namespace holysheep::node {
namespace {

// A wait is cut into slices, so that an environment that ends need not wait long.
constexpr std::int64_t kSliceMs = 50;

template <holysheep_metrics_format format>
holysheep_status metrics_as(holysheep_monitor* monitor, holysheep_text** text) {
  return holysheep_monitor_metrics(monitor, format, text);
}

std::int32_t clamped(std::int64_t number) {
  return static_cast<std::int32_t>(
      std::clamp<std::int64_t>(number, -1, std::numeric_limits<std::int32_t>::max()));
}

}  // namespace

// (text) → the new object's number, or a failure.
template <auto make, auto free>
napi_value Addon::open(const In& in) {
  const TextIn text = in.text(0);
  ObjectOf<free>* opened = nullptr;
  holysheep_error error = HOLYSHEEP_ERROR_INIT;
  const auto status = make(text.data(), text.size(), &opened, &error);
  if (status != HOLYSHEEP_OK) return make_failure(env_, status, error);
  return adopt({opened, free});
}

// (object, text[, text]) → undefined, or a failure.
template <auto function>
napi_value Addon::act(const In& in) {
  const auto self = object<ObjectOf<function>>(in);
  const TextIn first = in.text(1), second = in.text(2);
  holysheep_error error = HOLYSHEEP_ERROR_INIT;
  const auto on = [&](auto... texts) -> decltype(function(self.get(), texts..., &error)) {
    return function(self.get(), texts..., &error);
  };
  if constexpr (requires { on(first.data(), first.size()); }) {
    return make_failure(env_, on(first.data(), first.size()), error);
  } else {
    const auto status = on(first.data(), first.size(), second.data(), second.size());
    return make_failure(env_, status, error);
  }
}

// (object) → text
template <auto function>
napi_value Addon::text(const In& in) {
  holysheep_text* made = nullptr;
  function(object<ObjectOf<function>>(in).get(), &made);
  return make_string(env_, Text(made));
}

void Addon::add_client_functions(napi_value functions) {
  add(functions, "clientOpen", call<&Addon::open<holysheep_client_open, holysheep_client_free>>);
  add(functions, "clientSetKey", call<&Addon::act<holysheep_client_set_key>>);
  add(functions, "clientReset", call<&Addon::act<holysheep_client_reset>>);
  add(functions, "clientStatus", call<&Addon::text<holysheep_client_status>>);
  add(functions, "clientMetrics", call<&Addon::text<holysheep_client_metrics>>);
  add(functions, "clientConfig", call<&Addon::text<holysheep_client_config>>);
  add(functions, "clientMonitor", call<&Addon::client_monitor>);
  add(functions, "clientLog", call<&Addon::client_log>);
  add(functions, "clientDrain", call<&Addon::client_drain>);
  add(functions, "clientClose", call<&Addon::client_close>);
  add(functions, "release", call<&Addon::release>);
}

void Addon::add_monitor_functions(napi_value functions) {
  add(functions, "monitorNew", call<&Addon::open<holysheep_monitor_new, holysheep_monitor_free>>);
  add(functions, "monitorSet", call<&Addon::act<holysheep_monitor_set>>);
  add(functions, "monitorRecord", call<&Addon::monitor_record>);
  add(functions, "monitorListen", call<&Addon::monitor_listen>);
  add(functions, "monitorSettings", call<&Addon::text<holysheep_monitor_settings>>);
  add(functions, "monitorSummary", call<&Addon::text<holysheep_monitor_summary>>);
  add(functions, "monitorEndpoints", call<&Addon::text<holysheep_monitor_endpoints>>);
  add(functions, "monitorHealth", call<&Addon::text<holysheep_monitor_health>>);
  add(functions, "monitorAlerts", call<&Addon::text<holysheep_monitor_alerts>>);
  add(functions, "monitorPrometheus", call<&Addon::text<metrics_as<HOLYSHEEP_METRICS_PROMETHEUS>>>);
  add(functions, "monitorOpenMetrics",
      call<&Addon::text<metrics_as<HOLYSHEEP_METRICS_OPENMETRICS>>>);
}

void Addon::add_mock_functions(napi_value functions) {
  add(functions, "mockOpen", call<&Addon::open<holysheep_mock_open, holysheep_mock_free>>);
  add(functions, "mockSet", call<&Addon::act<holysheep_mock_set>>);
  add(functions, "mockConfig", call<&Addon::text<holysheep_mock_config>>);
  add(functions, "mockRequests", call<&Addon::text<holysheep_mock_requests>>);
  add(functions, "mockCount", call<&Addon::mock_count>);
  add(functions, "mockAwait", call<&Addon::mock_await>);
  add(functions, "mockAdvance", call<&Addon::mock_advance>);
}

napi_value Addon::adopt(std::shared_ptr<void> object) {
  const double number = next_number_++;
  objects_.emplace(number, std::move(object));
  return make_number(env_, number);
}

// release(object): the number is dead. A client's calls that are still under way go on.
napi_value Addon::release(const In& in) {
  listeners_.erase(in.number(0));
  objects_.erase(in.number(0));
  return nullptr;
}

// clientClose(client): cancels its calls, whose DONEs still come; the number is dead.
napi_value Addon::client_close(const In& in) {
  if (const auto client = object<holysheep_client>(in)) holysheep_client_close(client.get());
  return release(in);
}

// clientDrain(client, timeoutMs) → a promise of whether all calls ended by themselves.
napi_value Addon::client_drain(const In& in) {
  const auto client = object<holysheep_client>(in);
  const auto drain = [client, timeout_ms = in.integer(1)] {
    return make_flag(holysheep_client_drain(client.get(), timeout_ms) == HOLYSHEEP_OK);
  };
  return in_background(drain, client);
}

// clientMonitor(client) → the number of its own monitor, which outlives it.
napi_value Addon::client_monitor(const In& in) {
  holysheep_monitor* monitor = nullptr;
  holysheep_client_monitor(object<holysheep_client>(in).get(), &monitor);
  return adopt({monitor, holysheep_monitor_free});
}

// clientLog(client, level): records from this level up.
napi_value Addon::client_log(const In& in) {
  const auto level = static_cast<std::int32_t>(in.integer(1));
  holysheep_client_log(object<holysheep_client>(in).get(), listen(in.number(0)), level);
  return nullptr;
}

// monitorListen(monitor): its alerts, from now on.
napi_value Addon::monitor_listen(const In& in) {
  holysheep_monitor_alerts_to(object<holysheep_monitor>(in).get(), listen(in.number(0)));
  return nullptr;
}

// A queue of events that belong to an object and to no call; NULL: no memory.
holysheep_queue* Addon::listen(double owner) {
  holysheep_queue* made = nullptr;
  if (holysheep_queue_new(&made) != HOLYSHEEP_OK) return nullptr;
  listeners_[owner].reset(made);
  holysheep_queue_set_notify(made, &Addon::wake, this);
  return made;
}

// monitorRecord(monitor, endpoint, success, statusCode, latencyMs, retryCount)
napi_value Addon::monitor_record(const In& in) {
  const TextIn endpoint = in.text(1);
  holysheep_record record = HOLYSHEEP_RECORD_INIT;
  record.success = clamped(in.integer(2));
  record.status_code = clamped(in.integer(3));
  record.latency_ms = in.number(4);
  record.retry_count = clamped(in.integer(5));
  holysheep_error error = HOLYSHEEP_ERROR_INIT;
  const auto status = holysheep_monitor_record(object<holysheep_monitor>(in).get(), endpoint.data(),
                                               endpoint.size(), &record, &error);
  return make_failure(env_, status, error);
}

// mockCount(mock, endpoint | undefined)
napi_value Addon::mock_count(const In& in) {
  const TextIn endpoint = in.text(1);
  const auto mock = object<holysheep_mock>(in);
  const auto count = holysheep_mock_count(mock.get(), endpoint.data(), endpoint.size());
  return make_number(env_, static_cast<double>(count));
}

// mockAwait(mock, endpoint | undefined, count, timeoutMs) → a promise of whether they came.
napi_value Addon::mock_await(const In& in) {
  return in_background([this, endpoint = std::string(in.text(1).view()),
                        mock = object<holysheep_mock>(in), count = in.integer(2),
                        left = in.integer(3)]() mutable {
    for (; left > 0 && !ending_; left -= kSliceMs) {
      const auto status = holysheep_mock_await(mock.get(), endpoint.data(), endpoint.size(), count,
                                               std::min(left, kSliceMs));
      if (status != HOLYSHEEP_E_WAIT) return make_flag(status == HOLYSHEEP_OK);
    }
    return make_flag(false);
  });
}

// mockAdvance(client, milliseconds)
napi_value Addon::mock_advance(const In& in) {
  const auto client = object<holysheep_client>(in);
  return make_number(env_, holysheep_mock_clock_advance(client.get(), in.integer(1)));
}

}  // namespace holysheep::node
