#include "bindings/node/native/addon.h"

#include "bindings/node/native/layout.h"

namespace holysheep::node {

// start(onEvents) → an object with the functions and `records`, the Float64Array through which
// numbers pass.
napi_value Addon::start(Napi::Env env, Napi::Function on_events) {
  holysheep_queue* made = nullptr;
  if (holysheep_queue_new(&made) != HOLYSHEEP_OK) {
    napi_throw_error(env, nullptr, "no memory for a queue");
    return nullptr;
  }
  queue_.reset(made);
  on_events_ = Napi::Persistent(on_events);
  Napi::Float64Array records = Napi::Float64Array::New(env, kEventsMax * kRecordFields);
  record_ = records.Data();
  records_ = Napi::Persistent(records);
  wake_up_ = WakeUp::New(env, "holysheep", 0, 1, this);
  wake_up_.Unref(env);
  napi_add_env_cleanup_hook(env, &Addon::end, this);
  holysheep_queue_set_notify(made, &Addon::wake, this);
  Napi::Object functions = Napi::Object::New(env);
  functions["records"] = records;
  add_functions(functions);
  return functions;
}

void Addon::add_functions(napi_value functions) {
  add(functions, "version", call<&Addon::version>);
  add(functions, "statusName", call<&Addon::status_name>);
  add(functions, "checkService", call<&Addon::check_service>);
  add(functions, "submit", call<&Addon::submit>);
  add(functions, "cancel", call<&Addon::cancel>);
  add(functions, "credit", call<&Addon::credit>);
  add(functions, "deliver", call<&Addon::deliver>);
  add_client_functions(functions);
  add_monitor_functions(functions);
  add_mock_functions(functions);
}

void Addon::add(napi_value functions, const char* name, napi_callback function) {
  napi_value made = nullptr;
  napi_create_function(env_, name, NAPI_AUTO_LENGTH, function, this, &made);
  napi_set_named_property(env_, functions, name, made);
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
  addon.listeners_.clear();
  for (Background& work : addon.background_) {
    holysheep_client_close(work.client.get());  // and mock_await() looks at ending_
    work.thread.join();
  }
  addon.background_.clear();
  holysheep_queue_set_notify(addon.queue_.get(), nullptr, nullptr);
  addon.wake_up_.Abort();
  addon.queue_.reset();
  addon.slots_.clear();
  addon.objects_.clear();
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

// checkService(url) → a promise of the text, or of a failure. An environment that ends waits for
// it: 5 seconds at most.
napi_value Addon::check_service(const In& in) {
  return in_background([url = std::string(in.text(0).view())]() -> Made {
    holysheep_text* made = nullptr;
    holysheep_error error = HOLYSHEEP_ERROR_INIT;
    const auto status = holysheep_check_service(url.data(), url.size(), 0, &made, &error);
    return [status, error,
            text = std::shared_ptr<holysheep_text>(made, holysheep_text_free)](napi_env env) {
      if (status != HOLYSHEEP_OK) return make_failure(env, status, error);
      const std::string_view found(holysheep_text_data(text.get()),
                                   holysheep_text_size(text.get()));
      return make_string(env, found);
    };
  });
}

}  // namespace holysheep::node

// The environment's own object, freed when it has ended. Test runners load our JavaScript anew for
// each file of tests, with the same addon: each copy gets an Addon of its own.
using Addons = std::list<holysheep::node::Addon>;

static Napi::Value start(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  holysheep::node::Addon& made = env.GetInstanceData<Addons>()->emplace_back(env);
  return {env, made.start(env, info[0].As<Napi::Function>())};
}

static Napi::Object initialise(Napi::Env env, Napi::Object exports) {
  env.SetInstanceData(new Addons);
  exports["start"] = Napi::Function::New(env, start, "start");
  return exports;
}

NODE_API_MODULE(holysheep, initialise)
