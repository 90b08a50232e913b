// Clients and their calls. The first argument of each function is the client's number, that of
// cancel() and credit() the call's.
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
  const auto found = client(in);
  holysheep_error error = HOLYSHEEP_ERROR_INIT;
  const auto status = holysheep_client_set_key(found ? found->handle : nullptr, "", 0, key.data(),
                                               key.size(), &error);
  return make_failure(env_, status, error);
}

// reset(client, endpoint | undefined)
napi_value Addon::reset(const In& in) {
  const TextIn endpoint = in.text(1);
  const auto found = client(in);
  holysheep_error error = HOLYSHEEP_ERROR_INIT;
  const auto status = holysheep_client_reset(found ? found->handle : nullptr, endpoint.data(),
                                             endpoint.size(), &error);
  return make_failure(env_, status, error);
}

// text(client, which): 0 status, 1 metrics, 2 configuration, 3 health, 4 alerts.
napi_value Addon::text(const In& in) {
  constexpr decltype(&holysheep_client_status) kTexts[] = {
      holysheep_client_status, holysheep_client_metrics, holysheep_client_config,
      of_monitor<holysheep_monitor_health>, of_monitor<holysheep_monitor_alerts>};
  const auto found = client(in);
  holysheep_text* made = nullptr;
  kTexts[static_cast<std::size_t>(in.number(1))](found ? found->handle : nullptr, &made);
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
  const TextIn texts[] = {in.text(3), in.text(4), in.text(5), in.text(6), in.text(7), in.text(9)};
  Slot slot;
  slot.client = client(in);
  slot.mode = static_cast<Mode>(in.number(2));
  holysheep_request request = HOLYSHEEP_REQUEST_INIT;
  request.stream = slot.mode == Mode::bytes ? HOLYSHEEP_STREAM_BYTES
                   : slot.mode == Mode::events || slot.mode == Mode::json_events
                       ? HOLYSHEEP_STREAM_EVENTS
                       : HOLYSHEEP_STREAM_NONE;
  request.path = texts[0].data();
  request.path_size = texts[0].size();
  request.body = texts[1].data();
  request.body_size = texts[1].size();
  request.method = texts[2].data();
  request.method_size = texts[2].size();
  request.headers = texts[3].data();
  request.headers_size = texts[3].size();
  request.options = texts[4].data();
  request.options_size = texts[4].size();
  request.content_type = texts[5].data();
  request.content_type_size = texts[5].size();
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
  const auto number = static_cast<std::size_t>(in.number(0));
  if (number < slots_.size() && slots_[number].client) {
    holysheep_cancel(slots_[number].client->handle, slots_[number].request);
  }
  return nullptr;
}

// credit(slot, bytes)
napi_value Addon::credit(const In& in) {
  const auto number = static_cast<std::size_t>(in.number(0));
  if (number < slots_.size() && slots_[number].client) {
    holysheep_credit(slots_[number].client->handle, slots_[number].request,
                     static_cast<std::size_t>(in.number(1)));
  }
  return nullptr;
}

}  // namespace holysheep::node
