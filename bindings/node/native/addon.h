// The native side of our JavaScript in one environment: the main thread, or one worker. Owns its
// clients, mocks and monitors, which JavaScript knows by number, and one queue for all of its
// calls, and the thread-safe function that wakes its loop.
//
// Threads: everything runs on the environment's own thread, but for wake(), which the engines'
// threads call, and background work. A queue's notify function is taken away, which waits for a
// running one, before the thread-safe function is let go.
//
// Life: test runners load our JavaScript anew for each file of tests, with the same addon; each
// copy has an Addon of its own, which ends when nobody can reach that copy any more. So
// JavaScript's onEvents is held while calls are in flight or work is in the background, and else
// weakly. The loop is held just as long, so that a process with idle clients exits. When the
// environment ends, by itself, by process.exit() or worker.terminate(), the cleanup hook lets go of
// everything that could call back; it runs before Node's own hook of the thread-safe function (last
// in, first out). What an engine still does then goes nowhere.
#pragma once

#include <atomic>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <thread>
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

// How work in the background ended: a failure, or a text if it gives one.
struct Ending {
  holysheep_status status = HOLYSHEEP_OK;
  holysheep_error error = HOLYSHEEP_ERROR_INIT;
  Text text;
};

// What blocks, on a thread of its own. Not on Node's pool: an environment that ends waits for that
// before it lets us end the wait.
struct Background {
  napi_deferred promise = nullptr;
  std::shared_ptr<holysheep_client> client;  // to be closed if the environment ends; or null
  Ending ending;                             // written before `done`
  std::atomic<bool> done{false};
  std::thread thread;
};

class Addon {
 public:
  static napi_value start(napi_env env, napi_callback_info info);
  napi_env env() const { return env_; }

  // Objects of the C ABI, with what they send to a queue. NULL stands for one that is no more,
  // which every function of the C ABI refuses.
  template <typename Object>
  std::shared_ptr<Object> object(double number) const {
    const auto found = objects_.find(number);
    return found == objects_.end() ? nullptr : std::static_pointer_cast<Object>(found->second);
  }
  napi_value adopt(std::shared_ptr<void> object);  // its number
  void release(double number);
  holysheep_queue* listen(double owner);  // NULL: no memory

  // The number of the call's slot is the request's user_data.
  holysheep_status submit(Slot slot, const holysheep_request& request, holysheep_error* error);
  const Slot* slot(double number) const;  // NULL: done

  // delivery.cpp
  void deliver();
  // A promise of what `work` gives, which ends soon once `client`, if there is one, is closed.
  napi_value in_background(std::function<Ending()> work, std::shared_ptr<holysheep_client> client);

 private:
  Addon(Napi::Env env, Queue queue, Napi::Function on_events, double* records);
  static void on_wake(Napi::Env env, Napi::Function callback, Addon* addon, void* unused);
  using WakeUp = Napi::TypedThreadSafeFunction<Addon, void, &Addon::on_wake>;
  static void wake(void* addon);
  static void end(void* addon);
  static void forget(Napi::Env env, Addon* addon);
  void hold(std::ptrdiff_t more);

  void deliver_from(holysheep_queue* queue, double owner);
  std::size_t fill(holysheep_batch* batch, double owner);
  std::size_t fill_joined(holysheep_batch* batch, std::size_t index, double* record);
  void fill_done(holysheep_batch* batch, std::size_t index, const holysheep_event& event);
  void push(std::string_view text) { values_.push_back(make_string(env_, text)); }
  void push_bytes(const holysheep_event& event);
  void settle_background();

  const napi_env env_;
  bool ended_ = false;
  Queue queue_;
  WakeUp wake_up_;
  std::size_t holders_ = 0;  // of the loop and of on_events_
  Napi::FunctionReference on_events_;
  double* const records_;           // memory of JavaScript, which lives as long as on_events_
  std::vector<napi_value> values_;  // the arguments of on_events_
  std::string joined_;              // scratch
  std::vector<Slot> slots_;
  std::list<Background> background_;
  double next_number_ = 1;  // of objects; never used again
  std::unordered_map<double, std::shared_ptr<void>> objects_;
  std::map<double, Queue> listeners_;  // log records of clients, alerts of monitors
};

// functions.cpp: adds what JavaScript calls.
void add_functions(Addon& addon, napi_value functions);

}  // namespace holysheep::node
