// What JavaScript calls: functions of the C ABI, most of them one to one. The first argument is the
// number of a client, a monitor or a mock, or of a call.
#include <tuple>

#include "bindings/node/native/addon.h"

namespace holysheep::node {
namespace {

// The object that a function of the C ABI takes first.
template <typename Result, typename Object, typename... Rest>
Object object_of(Result (*)(Object*, Rest...));
template <auto function>
using ObjectOf = decltype(object_of(function));

template <typename Object>
std::shared_ptr<Object> object(Addon& addon, const In& in) {
  return addon.object<Object>(in.number(0));
}

// (text) → the new object's number, or a failure.
template <auto make, auto free>
napi_value open(Addon& addon, const In& in) {
  const TextIn text = in.text(0);
  ObjectOf<free>* opened = nullptr;
  holysheep_error error = HOLYSHEEP_ERROR_INIT;
  const auto status = make(text.data(), text.size(), &opened, &error);
  if (status != HOLYSHEEP_OK) return make_failure(in.env, status, error);
  return addon.adopt({opened, free});
}

// (object, texts…) → undefined, or a failure. `text`: which arguments they are.
template <auto function, std::size_t... text>
napi_value act(Addon& addon, const In& in) {
  const auto self = object<ObjectOf<function>>(addon, in);
  holysheep_error error = HOLYSHEEP_ERROR_INIT;
  const auto call = [&](auto... parts) { return function(self.get(), parts..., &error); };
  const auto status = std::apply(call, std::tuple_cat(in.text(text).pair()...));
  return make_failure(in.env, status, error);
}

// (object[, number]) → text
template <auto function>
napi_value text(Addon& addon, const In& in) {
  const auto self = object<ObjectOf<function>>(addon, in);
  holysheep_text* made = nullptr;
  if constexpr (requires { function(self.get(), &made); }) {
    function(self.get(), &made);
  } else {
    function(self.get(), in.integer32(1), &made);
  }
  return make_string(in.env, Text(made));
}

napi_value version(Addon&, const In& in) {
  return make_string(in.env, holysheep_version());
}

// statusName(status)
napi_value status_name(Addon&, const In& in) {
  const auto status = static_cast<holysheep_status>(in.number(0));
  return make_string(in.env, holysheep_status_name(status));
}

// checkService(url) → a promise of the text, or of a failure. An environment that ends waits for
// it: 5 seconds at most.
napi_value check_service(Addon& addon, const In& in) {
  const auto check = [url = std::string(in.text(0).view())] {
    Ending ending;
    holysheep_text* made = nullptr;
    ending.status = holysheep_check_service(url.data(), url.size(), 0, &made, &ending.error);
    ending.text.reset(made);
    return ending;
  };
  return addon.in_background(check, nullptr);
}

napi_value deliver(Addon& addon, const In&) {
  addon.deliver();
  return nullptr;
}

// release(object): the number is dead. A client's calls that are still under way go on.
napi_value release(Addon& addon, const In& in) {
  addon.release(in.number(0));
  return nullptr;
}

// ---- calls --------------------------------------------------------------------------------------

// submit(client, slot, mode, path, body, method, headers, options, timeoutMs, contentType) →
// undefined, or a failure: then no event will come.
napi_value submit(Addon& addon, const In& in) {
  Slot slot;
  slot.client = object<holysheep_client>(addon, in);
  slot.mode = static_cast<Mode>(in.number(2));
  const bool is_events = slot.mode == Mode::events || slot.mode == Mode::json_events;
  const TextIn path = in.text(3), body = in.text(4), method = in.text(5), headers = in.text(6),
               options = in.text(7), type = in.text(9);
  holysheep_request request = HOLYSHEEP_REQUEST_INIT;
  request.stream = is_events                  ? HOLYSHEEP_STREAM_EVENTS
                   : slot.mode == Mode::bytes ? HOLYSHEEP_STREAM_BYTES
                                              : HOLYSHEEP_STREAM_NONE;
  std::tie(request.path, request.path_size) = path.pair();
  std::tie(request.body, request.body_size) = body.pair();
  std::tie(request.method, request.method_size) = method.pair();
  std::tie(request.headers, request.headers_size) = headers.pair();
  std::tie(request.options, request.options_size) = options.pair();
  std::tie(request.content_type, request.content_type_size) = type.pair();
  request.timeout_ms = in.integer(8);
  request.user_data = static_cast<std::uint64_t>(in.number(1));
  holysheep_error error = HOLYSHEEP_ERROR_INIT;
  return make_failure(in.env, addon.submit(std::move(slot), request, &error), error);
}

// cancel(slot)
napi_value cancel(Addon& addon, const In& in) {
  const Slot* slot = addon.slot(in.number(0));
  if (slot != nullptr) holysheep_cancel(slot->client.get(), slot->request);
  return nullptr;
}

// credit(slot, bytes)
napi_value credit(Addon& addon, const In& in) {
  const auto bytes = static_cast<std::size_t>(in.number(1));
  const Slot* slot = addon.slot(in.number(0));
  if (slot != nullptr) holysheep_credit(slot->client.get(), slot->request, bytes);
  return nullptr;
}

// ---- clients ------------------------------------------------------------------------------------

// clientClose(client): cancels its calls, whose DONEs still come; the number is dead.
napi_value client_close(Addon& addon, const In& in) {
  holysheep_client_close(object<holysheep_client>(addon, in).get());
  return release(addon, in);
}

// clientDrain(client, timeoutMs) → a promise of undefined, or of a failure: not all calls ended by
// themselves.
napi_value client_drain(Addon& addon, const In& in) {
  const auto client = object<holysheep_client>(addon, in);
  const auto drain = [client, timeout_ms = in.integer(1)] {
    Ending ending;
    ending.status = holysheep_client_drain(client.get(), timeout_ms);
    return ending;
  };
  return addon.in_background(drain, client);
}

// clientMonitor(client) → the number of its own monitor, which outlives it.
napi_value client_monitor(Addon& addon, const In& in) {
  holysheep_monitor* monitor = nullptr;
  holysheep_client_monitor(object<holysheep_client>(addon, in).get(), &monitor);
  return addon.adopt({monitor, holysheep_monitor_free});
}

// clientLog(client, level): records from this level up.
napi_value client_log(Addon& addon, const In& in) {
  const auto client = object<holysheep_client>(addon, in);
  holysheep_client_log(client.get(), addon.listen(in.number(0)), in.integer32(1));
  return nullptr;
}

// ---- monitors -----------------------------------------------------------------------------------

// monitorListen(monitor): its alerts, from now on.
napi_value monitor_listen(Addon& addon, const In& in) {
  const auto monitor = object<holysheep_monitor>(addon, in);
  holysheep_monitor_alerts_to(monitor.get(), addon.listen(in.number(0)));
  return nullptr;
}

// monitorRecord(monitor, endpoint, success, statusCode, latencyMs, retryCount)
napi_value monitor_record(Addon& addon, const In& in) {
  const TextIn endpoint = in.text(1);
  holysheep_record record = HOLYSHEEP_RECORD_INIT;
  record.success = in.integer32(2);
  record.status_code = in.integer32(3);
  record.latency_ms = in.number(4);
  record.retry_count = in.integer32(5);
  holysheep_error error = HOLYSHEEP_ERROR_INIT;
  const auto monitor = object<holysheep_monitor>(addon, in);
  const auto status =
      holysheep_monitor_record(monitor.get(), endpoint.data(), endpoint.size(), &record, &error);
  return make_failure(in.env, status, error);
}

// ---- mocks --------------------------------------------------------------------------------------

// mockCount(mock, endpoint | undefined)
napi_value mock_count(Addon& addon, const In& in) {
  const TextIn endpoint = in.text(1);
  const auto mock = object<holysheep_mock>(addon, in);
  const auto count = holysheep_mock_count(mock.get(), endpoint.data(), endpoint.size());
  return make_number(in.env, static_cast<double>(count));
}

// mockAdvance(client, milliseconds)
napi_value mock_advance(Addon& addon, const In& in) {
  holysheep_mock_clock_advance(object<holysheep_client>(addon, in).get(), in.integer(1));
  return nullptr;
}

template <napi_value (*function)(Addon&, const In&)>
napi_value call(napi_env env, napi_callback_info info) {
  const In in(env, info);
  return function(*static_cast<Addon*>(in.data), in);
}

struct Entry {
  const char* name;
  napi_callback function;
};

constexpr Entry kFunctions[] = {
    {"version", call<version>},
    {"statusName", call<status_name>},
    {"checkService", call<check_service>},
    {"deliver", call<deliver>},
    {"release", call<release>},
    {"submit", call<submit>},
    {"cancel", call<cancel>},
    {"credit", call<credit>},
    {"clientOpen", call<open<holysheep_client_open, holysheep_client_free>>},
    {"clientSetKey", call<act<holysheep_client_set_key, 1, 2>>},
    {"clientReset", call<act<holysheep_client_reset, 1>>},
    {"clientStatus", call<text<holysheep_client_status>>},
    {"clientMetrics", call<text<holysheep_client_metrics>>},
    {"clientConfig", call<text<holysheep_client_config>>},
    {"clientChecks", call<text<holysheep_client_checks>>},
    {"clientMonitor", call<client_monitor>},
    {"clientLog", call<client_log>},
    {"clientDrain", call<client_drain>},
    {"clientClose", call<client_close>},
    {"monitorNew", call<open<holysheep_monitor_new, holysheep_monitor_free>>},
    {"monitorSet", call<act<holysheep_monitor_set, 1>>},
    {"monitorRecord", call<monitor_record>},
    {"monitorListen", call<monitor_listen>},
    {"monitorSettings", call<text<holysheep_monitor_settings>>},
    {"monitorSummary", call<text<holysheep_monitor_summary>>},
    {"monitorEndpoints", call<text<holysheep_monitor_endpoints>>},
    {"monitorHealth", call<text<holysheep_monitor_health>>},
    {"monitorAlerts", call<text<holysheep_monitor_alerts>>},
    {"monitorMetrics", call<text<holysheep_monitor_metrics>>},
    {"mockOpen", call<open<holysheep_mock_open, holysheep_mock_free>>},
    {"mockSet", call<act<holysheep_mock_set, 1, 2>>},
    {"mockConfig", call<text<holysheep_mock_config>>},
    {"mockRequests", call<text<holysheep_mock_requests>>},
    {"mockCount", call<mock_count>},
    {"mockAdvance", call<mock_advance>},
};

}  // namespace

void add_functions(Addon& addon, napi_value functions) {
  for (const auto& [name, function] : kFunctions) {
    napi_value made = nullptr;
    napi_create_function(addon.env(), name, NAPI_AUTO_LENGTH, function, &addon, &made);
    napi_set_named_property(addon.env(), functions, name, made);
    napi_set_named_property(addon.env(), made, "addon", functions);  // which it shall not outlive
  }
}

}  // namespace holysheep::node
