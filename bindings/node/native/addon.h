// The native side of our JavaScript in one environment: the main thread, or one worker. Owns its
// clients, mocks and monitors, which JavaScript knows by number, and one queue for all of its
// calls, and the thread-safe function that wakes its loop.
//
// Threads: everything runs on the environment's own thread, but for wake(), which the engines'
// threads call, and background work. A queue's notify function is taken away, which waits for a
// running one, before the thread-safe function is let go.
//
// Life: the loop is held by calls in flight and background work alone, so that a process with idle
// clients exits. When the environment ends, by itself, by process.exit() or worker.terminate(), the
// cleanup hook lets go of everything that could call back; it runs before Node's own hook of the
// thread-safe function (last in, first out). What an engine still does then goes nowhere.
#pragma once

#include <atomic>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <thread>
#include <type_traits>
#include <unordered_map>
#include <vector>

#include "bindings/node/native/shape.h"
#include "bindings/node/native/value.h"

namespace holysheep::node {

// How the events of a call reach JavaScript: MODE_… in lib/native.js.
enum class Mode : int {
  whole = 0,        // one DONE with the body as a string
  whole_bytes = 1,  // the same as a Buffer
  json_events = 2,  // events that came together, as one JSON array (shape.h)
  events = 3,       // each event's name and data
  bytes = 4,        // Buffers
};

// A call in flight. JavaScript chose its number, and may use it again once DONE was delivered.
struct Slot {
  std::shared_ptr<holysheep_client> client;  // null: free
  holysheep_request_id request = 0;
  Mode mode = Mode::whole;
  Shape shape;  // of json_events
};

// Makes a value on the environment's own thread, of what another thread has found.
using Made = std::function<napi_value(napi_env)>;
Made make_flag(bool value);

// What blocks, on a thread of its own. Not on Node's pool: an environment that ends waits for that
// before it lets us end the wait.
struct Background {
  explicit Background(Napi::Env env) : deferred(env) {}
  Napi::Promise::Deferred deferred;
  std::shared_ptr<holysheep_client> client;  // to be closed if the environment ends; or null
  Made result;                               // written before `done`
  std::atomic<bool> done{false};
  std::thread thread;
};

// The object that a function of the C ABI takes first.
template <typename Result, typename Object, typename... Rest>
Object object_of(Result (*)(Object*, Rest...));
template <auto function>
using ObjectOf = decltype(object_of(function));

class Addon {
 public:
  explicit Addon(napi_env env) : env_(env) {}
  napi_value start(Napi::Env env, Napi::Function on_events);  // once, before everything else

 private:
  template <auto method>
  static napi_value call(napi_env env, napi_callback_info info) {
    const In in(env, info);
    return (static_cast<Addon*>(in.data)->*method)(in);
  }
  void add_functions(napi_value functions);
  void add_client_functions(napi_value functions);
  void add_monitor_functions(napi_value functions);
  void add_mock_functions(napi_value functions);
  void add(napi_value functions, const char* name, napi_callback function);

  static void on_wake(Napi::Env env, Napi::Function callback, Addon* addon, void* unused);
  using WakeUp = Napi::TypedThreadSafeFunction<Addon, void, &Addon::on_wake>;
  static void wake(void* addon);
  static void end(void* addon);
  void hold_loop(std::ptrdiff_t more);

  napi_value version(const In& in);
  napi_value status_name(const In& in);
  napi_value check_service(const In& in);

  // objects.cpp: functions of the C ABI, one to one. The first argument is the object's
  // number; NULL stands for one that is no more, which every function of the C ABI refuses.
  template <typename Object>
  std::shared_ptr<Object> object(const In& in) const {
    const auto found = objects_.find(in.number(0));
    return found == objects_.end() ? nullptr : std::static_pointer_cast<Object>(found->second);
  }
  template <auto make, auto release>
  napi_value open(const In& in);
  template <auto function>
  napi_value act(const In& in);
  template <auto function>
  napi_value text(const In& in);
  napi_value adopt(std::shared_ptr<void> object);
  napi_value release(const In& in);
  napi_value client_close(const In& in);
  napi_value client_drain(const In& in);
  napi_value client_monitor(const In& in);
  napi_value client_log(const In& in);
  napi_value monitor_record(const In& in);
  napi_value monitor_listen(const In& in);
  napi_value mock_count(const In& in);
  napi_value mock_await(const In& in);
  napi_value mock_advance(const In& in);
  holysheep_queue* listen(double owner);

  // call.cpp
  napi_value submit(const In& in);
  napi_value cancel(const In& in);
  napi_value credit(const In& in);
  const Slot* slot_of(const In& in) const;  // NULL: done

  // delivery.cpp
  napi_value deliver(const In& in);
  void deliver_all();
  void deliver_from(holysheep_queue* queue, double owner);
  std::size_t fill(holysheep_batch* batch, double owner);
  std::size_t fill_joined(holysheep_batch* batch, std::size_t index, double* record);
  void fill_done(holysheep_batch* batch, std::size_t index, const holysheep_event& event);
  void push(std::string_view text) { values_.push_back(make_string(env_, text)); }
  void push_bytes(const holysheep_event& event);
  napi_value in_background(std::function<Made()> work,
                           std::shared_ptr<holysheep_client> client = nullptr);
  void settle_background();

  const napi_env env_;
  std::atomic<bool> ending_{false};
  Queue queue_;
  WakeUp wake_up_;
  std::size_t holders_ = 0;  // of the loop
  Napi::FunctionReference on_events_;
  Napi::Reference<Napi::Float64Array> records_;
  double* record_ = nullptr;        // the memory of records_
  std::vector<napi_value> values_;  // the arguments of on_events_
  std::string joined_;              // scratch
  std::vector<Slot> slots_;
  std::list<Background> background_;
  double next_number_ = 1;  // of objects; never used again
  std::unordered_map<double, std::shared_ptr<void>> objects_;
  std::unordered_map<double, Queue> listeners_;  // log records of clients, alerts of monitors
};

}  // namespace holysheep::node
