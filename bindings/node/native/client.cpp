// Clients and their calls. The first argument of each function is the client's number, that of
// cancel() and credit() the call's.
#include <tuple>
#include <utility>

#include "bindings/node/native/addon.h"

namespace holysheep::node {
namespace {

// What the client's own monitor says.
template <auto text>
holysheep_status of_monitor(holysheep_client* client, holysheep_text** made) {
  holysheep_monitor* monitor = nullptr;
  holysheep_client_monitor(client, &monitor);
  const auto status = text(monitor, made);
  holysheep_monitor_free(monitor);
  return status;
}

}  // namespace

std::shared_ptr<Client> Addon::client(const In& in) const {
  const auto found = clients_.find(in.number(0));
  return found == clients_.end() ? nullptr : found->second;
}

holysheep_client* Addon::handle(const In& in) const {
  const auto found = clients_.find(in.number(0));
  return found == clients_.end() ? nullptr : found->second->handle;
}

// open(configuration) → the client's number, or a failure.
napi_value Addon::open(const In& in) {
  const TextIn config = in.text(0);
  holysheep_client* opened = nullptr;
  holysheep_error error = HOLYSHEEP_ERROR_INIT;
  const auto status = holysheep_client_open(config.data(), config.size(), &opened, &error);
  if (status != HOLYSHEEP_OK) return make_failure(env_, status, error);
  const double number = next_number_++;
  clients_.emplace(number, std::make_shared<Client>(opened));
  return make_number(env_, number);
}

// close(client): cancels its calls, whose DONEs still come; the number is dead.
napi_value Addon::close(const In& in) {
  if (const auto found = client(in)) {
    found->log.reset();
    holysheep_client_close(found->handle);
    clients_.erase(in.number(0));
  }
  return nullptr;
}

// drain(client, timeoutMs) → a promise of whether all calls ended by themselves.
napi_value Addon::drain(const In& in) {
  return in_background([found = client(in), timeout_ms = in.integer(1)] {
    return found && holysheep_client_drain(found->handle, timeout_ms) == HOLYSHEEP_OK;
  });
}

// setKey(client, key)
napi_value Addon::set_key(const In& in) {
  const TextIn key = in.text(1);
  return attempt([&](holysheep_error* error) {
    return holysheep_client_set_key(handle(in), "", 0, key.data(), key.size(), error);
  });
}

// reset(client, endpoint | undefined)
napi_value Addon::reset(const In& in) {
  const TextIn endpoint = in.text(1);
  return attempt([&](holysheep_error* error) {
    return holysheep_client_reset(handle(in), endpoint.data(), endpoint.size(), error);
  });
}

// text(client, which): 0 status, 1 metrics, 2 configuration, 3 health, 4 alerts.
napi_value Addon::text(const In& in) {
  constexpr decltype(&holysheep_client_status) kTexts[] = {
      holysheep_client_status, holysheep_client_metrics, holysheep_client_config,
      of_monitor<holysheep_monitor_health>, of_monitor<holysheep_monitor_alerts>};
  holysheep_text* made = nullptr;
  kTexts[static_cast<std::size_t>(in.number(1))](handle(in), &made);
  return make_string(env_, Text(made));
}

// log(client, level): records from this level up.
napi_value Addon::log(const In& in) {
  const auto found = client(in);
  holysheep_queue* made = nullptr;
  if (!found || holysheep_queue_new(&made) != HOLYSHEEP_OK) return nullptr;
  found->log.reset(made);
  holysheep_queue_set_notify(made, &Addon::wake, this);
  holysheep_client_log(found->handle, made, static_cast<std::int32_t>(in.number(1)));
  return nullptr;
}

// submit(client, slot, mode, path, body, method, headers, options, timeoutMs, contentType) →
// undefined, or a failure: then no event will come.
napi_value Addon::submit(const In& in) {
  const auto number = static_cast<std::size_t>(in.number(1));
  Slot slot;
  slot.client = client(in);
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
  request.user_data = number;
  holysheep_error error = HOLYSHEEP_ERROR_INIT;
  const auto status = holysheep_submit(slot.client ? slot.client->handle : nullptr, queue_.get(),
                                       &request, &slot.request, &error);
  if (status != HOLYSHEEP_OK) return make_failure(env_, status, error);
  if (number >= slots_.size()) slots_.resize(number + 1);
  slots_[number] = std::move(slot);
  hold_loop(1);
  return nullptr;
}

// cancel(slot)
napi_value Addon::cancel(const In& in) {
  if (const Slot* slot = slot_of(in)) holysheep_cancel(slot->client->handle, slot->request);
  return nullptr;
}

// credit(slot, bytes)
napi_value Addon::credit(const In& in) {
  const auto bytes = static_cast<std::size_t>(in.number(1));
  if (const Slot* slot = slot_of(in)) holysheep_credit(slot->client->handle, slot->request, bytes);
  return nullptr;
}

const Slot* Addon::slot_of(const In& in) const {
  const auto number = static_cast<std::size_t>(in.number(0));
  return number < slots_.size() && slots_[number].client ? &slots_[number] : nullptr;
}

}  // namespace holysheep::node
