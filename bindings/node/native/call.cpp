// The calls of clients. The first argument of cancel() and credit() is the call's number.
#include <tuple>
#include <utility>

#include "bindings/node/native/addon.h"

namespace holysheep::node {

// submit(client, slot, mode, path, body, method, headers, options, timeoutMs, contentType) →
// undefined, or a failure: then no event will come.
napi_value Addon::submit(const In& in) {
  const auto number = static_cast<std::size_t>(in.number(1));
  Slot slot;
  slot.client = object<holysheep_client>(in);
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
  const auto status =
      holysheep_submit(slot.client.get(), queue_.get(), &request, &slot.request, &error);
  if (status != HOLYSHEEP_OK) return make_failure(env_, status, error);
  if (number >= slots_.size()) slots_.resize(number + 1);
  slots_[number] = std::move(slot);
  hold_loop(1);
  return nullptr;
}

// cancel(slot)
napi_value Addon::cancel(const In& in) {
  if (const Slot* slot = slot_of(in)) holysheep_cancel(slot->client.get(), slot->request);
  return nullptr;
}

// credit(slot, bytes)
napi_value Addon::credit(const In& in) {
  const auto bytes = static_cast<std::size_t>(in.number(1));
  if (const Slot* slot = slot_of(in)) holysheep_credit(slot->client.get(), slot->request, bytes);
  return nullptr;
}

const Slot* Addon::slot_of(const In& in) const {
  const auto number = static_cast<std::size_t>(in.number(0));
  return number < slots_.size() && slots_[number].client ? &slots_[number] : nullptr;
}

}  // namespace holysheep::node
