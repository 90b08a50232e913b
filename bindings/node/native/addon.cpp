#include "bindings/node/native/addon.h"

#include <utility>

#include "bindings/node/native/layout.h"

namespace holysheep::node {

// start(onEvents) → an object with the functions and `records`, the Float64Array through which
// numbers pass.
napi_value Addon::start(napi_env env, napi_callback_info info) {
  const In in(env, info);
  Queue queue = make_queue();
  if (!queue) {
    napi_throw_error(env, nullptr, "no memory for a queue");
    return nullptr;
  }
  const Napi::Function on_events(env, in[0]);
  Napi::Float64Array records = Napi::Float64Array::New(env, kEventsMax * kRecordFields);
  Napi::Object functions = Napi::Object::New(env);
  functions["onEvents"] = on_events;  // which lives as long as somebody has the functions
  functions["records"] = records;
  add_functions(*new Addon(env, std::move(queue), on_events, records.Data()), functions);
  return functions;
}

Addon::Addon(Napi::Env env, Queue queue, Napi::Function on_events, double* records)
    : env_(env),
      queue_(std::move(queue)),
      wake_up_(WakeUp::New(env, "holysheep", 0, 1, this)),
      on_events_(Napi::Weak(on_events)),
      records_(records) {
  wake_up_.Unref(env);
  napi_add_env_cleanup_hook(env, &Addon::end, this);
  on_events.AddFinalizer(&Addon::forget, this);
  holysheep_queue_set_notify(queue_.get(), &Addon::wake, this);
}

void Addon::wake(void* addon) {
  static_cast<Addon*>(addon)->wake_up_.NonBlockingCall();
}

void Addon::on_wake(Napi::Env env, Napi::Function, Addon* addon, void*) {
  if (env != nullptr) addon->deliver();  // null: wake-ups that an end overtook
}

void Addon::end(void* self) {
  Addon& addon = *static_cast<Addon*>(self);
  addon.ended_ = true;
  addon.listeners_.clear();
  for (Background& work : addon.background_) {
    holysheep_client_close(work.client.get());
    if (work.thread.joinable()) work.thread.join();
  }
  addon.background_.clear();
  addon.queue_.reset();
  addon.wake_up_.Abort();
  addon.on_events_.Reset();
  addon.slots_.clear();
  addon.objects_.clear();
}

// onEvents is garbage, or the environment has ended.
void Addon::forget(Napi::Env env, Addon* addon) {
  if (!addon->ended_) {
    napi_remove_env_cleanup_hook(env, &Addon::end, addon);
    end(addon);
  }
  delete addon;
}

void Addon::hold(std::ptrdiff_t more) {
  const bool held = holders_ > 0;
  holders_ += static_cast<std::size_t>(more);
  if (held == (holders_ > 0)) return;
  if (held) {
    wake_up_.Unref(env_);
    on_events_.Unref();
  } else {
    wake_up_.Ref(env_);
    on_events_.Ref();
  }
}

napi_value Addon::adopt(std::shared_ptr<void> object) {
  const double number = next_number_++;
  objects_.emplace(number, std::move(object));
  return make_number(env_, number);
}

void Addon::release(double number) {
  listeners_.erase(number);
  objects_.erase(number);
}

// A queue of events that belong to an object and to no call.
holysheep_queue* Addon::listen(double owner) {
  Queue& queue = listeners_[owner] = make_queue();
  holysheep_queue_set_notify(queue.get(), &Addon::wake, this);
  return queue.get();
}

holysheep_status Addon::submit(Slot slot, const holysheep_request& request,
                               holysheep_error* error) {
  const auto status =
      holysheep_submit(slot.client.get(), queue_.get(), &request, &slot.request, error);
  if (status != HOLYSHEEP_OK) return status;
  const auto number = static_cast<std::size_t>(request.user_data);
  if (number >= slots_.size()) slots_.resize(number + 1);
  slots_[number] = std::move(slot);
  hold(1);
  return status;
}

const Slot* Addon::slot(double number) const {
  const auto index = static_cast<std::size_t>(number);
  return index < slots_.size() && slots_[index].client ? &slots_[index] : nullptr;
}

}  // namespace holysheep::node

NAPI_MODULE_INIT() {
  napi_value start = nullptr;
  napi_create_function(env, "start", NAPI_AUTO_LENGTH, holysheep::node::Addon::start, nullptr,
                       &start);
  napi_set_named_property(env, exports, "start", start);
  return exports;
}
