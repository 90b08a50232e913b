#include "bindings/node/native/addon.h"

#include "bindings/node/native/layout.h"

namespace holysheep::node {

Addon::Addon(napi_env env, napi_value exports) : env_(env) {
  const auto add = [&](const char* name, napi_callback function) {
    napi_value made = nullptr;
    napi_create_function(env, name, NAPI_AUTO_LENGTH, function, this, &made);
    napi_set_named_property(env, exports, name, made);
  };
  add("start", call<&Addon::start>);
  add("version", call<&Addon::version>);
  add("statusName", call<&Addon::status_name>);
  add("open", call<&Addon::open>);
  add("close", call<&Addon::close>);
  add("drain", call<&Addon::drain>);
  add("setKey", call<&Addon::set_key>);
  add("reset", call<&Addon::reset>);
  add("text", call<&Addon::text>);
  add("log", call<&Addon::log>);
  add("submit", call<&Addon::submit>);
  add("cancel", call<&Addon::cancel>);
  add("credit", call<&Addon::credit>);
  add("deliver", call<&Addon::deliver>);
  add("mockOpen", call<&Addon::mock_open>);
  add("mockClose", call<&Addon::mock_close>);
  add("mockText", call<&Addon::mock_text>);
  add("mockCount", call<&Addon::mock_count>);
  add("mockAwait", call<&Addon::mock_await>);
  add("mockSet", call<&Addon::mock_set>);
  add("mockAdvance", call<&Addon::mock_advance>);
}

// start(onEvents) → the Float64Array through which records pass. Once, before everything else.
napi_value Addon::start(const In& in) {
  holysheep_queue* made = nullptr;
  if (holysheep_queue_new(&made) != HOLYSHEEP_OK) {
    napi_throw_error(env_, nullptr, "no memory for a queue");
    return nullptr;
  }
  queue_.reset(made);
  on_events_ = Napi::Persistent(Napi::Function(env_, in[0]));
  Napi::Float64Array records = Napi::Float64Array::New(env_, kEventsMax * kRecordFields);
  record_ = records.Data();
  records_ = Napi::Persistent(records);
  wake_up_ = WakeUp::New(env_, "holysheep", 0, 1, this);
  wake_up_.Unref(env_);
  napi_add_env_cleanup_hook(env_, &Addon::end, this);
  holysheep_queue_set_notify(made, &Addon::wake, this);
  return records;
}

void Addon::wake(void* addon) {
  static_cast<Addon*>(addon)->wake_up_.NonBlockingCall();
}

void Addon::on_wake(Napi::Env env, Napi::Function, Addon* addon, void*) {
  if (env != nullptr) addon->deliver_all();  // null: wake-ups that a teardown overtook
}

void Addon::end(void* self) {
  Addon& addon = *static_cast<Addon*>(self);
  addon.ending_ = true;
  holysheep_queue_set_notify(addon.queue_.get(), nullptr, nullptr);
  for (auto& [number, client] : addon.clients_) {
    holysheep_client_close(client->handle);
    client->log.reset();
  }
  for (Background& work : addon.background_)
    work.thread.join();  // soon: its client is closed, or it looks at ending_
  addon.background_.clear();
  addon.wake_up_.Abort();
  addon.queue_.reset();
  addon.slots_.clear();
  addon.clients_.clear();
  addon.mocks_.clear();
}

void Addon::hold_loop(std::ptrdiff_t more) {
  const bool held = holders_ > 0;
  holders_ += static_cast<std::size_t>(more);
  if (held == (holders_ > 0)) return;
  if (held) {
    wake_up_.Unref(env_);
  } else {
    wake_up_.Ref(env_);
  }
}

napi_value Addon::version(const In&) {
  return make_string(env_, std::string_view(holysheep_version()));
}

// statusName(status)
napi_value Addon::status_name(const In& in) {
  const auto status = static_cast<holysheep_status>(in.number(0));
  return make_string(env_, std::string_view(holysheep_status_name(status)));
}

}  // namespace holysheep::node

// The environment's own object, freed when it has ended.
static Napi::Object initialise(Napi::Env env, Napi::Object exports) {
  env.SetInstanceData(new holysheep::node::Addon(env, exports));
  return exports;
}

NODE_API_MODULE(holysheep, initialise)
