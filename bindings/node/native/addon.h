// The native side of one JavaScript environment: the main thread, or one worker. Owns its clients,
// its mocks, one queue for all of its calls, and the thread-safe function that wakes its loop.
//
// Threads: everything runs on the environment's own thread, but for wake(), which the engines'
// threads call, and background work. The queue's notify function is taken away, which waits for a
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

struct Client {
  explicit Client(holysheep_client* opened) : handle(opened) {}
  ~Client() { holysheep_client_free(handle); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  holysheep_client* const handle;
  Queue log;  // of those who asked for log records
};

// A call in flight. JavaScript chose its number, and may use it again once DONE was delivered.
struct Slot {
  std::shared_ptr<Client> client;  // null: free
  holysheep_request_id request = 0;
  Mode mode = Mode::whole;
  Shape shape;  // of json_events
};

// What blocks, on a thread of its own. Not on Node's pool: an environment that ends waits for that
// before it lets us end the wait.
struct Background {
  explicit Background(Napi::Env env) : deferred(env) {}
  Napi::Promise::Deferred deferred;
  bool result = false;  // written before `done`
  std::atomic<bool> done{false};
  std::thread thread;
};

class Addon {
 public:
  Addon(napi_env env, napi_value exports);

 private:
  using Method = napi_value (Addon::*)(const In& in);
  template <auto method>
  static napi_value call(napi_env env, napi_callback_info info) {
    const In in(env, info);
    return (static_cast<Addon*>(in.data)->*method)(in);
  }

  static void on_wake(Napi::Env env, Napi::Function callback, Addon* addon, void* unused);
  using WakeUp = Napi::TypedThreadSafeFunction<Addon, void, &Addon::on_wake>;
  static void wake(void* addon);
  static void end(void* addon);
  void hold_loop(std::ptrdiff_t more);

  napi_value start(const In& in);
  napi_value version(const In& in);
  napi_value status_name(const In& in);

  // client.cpp
  napi_value open(const In& in);
  napi_value close(const In& in);
  napi_value drain(const In& in);
  napi_value set_key(const In& in);
  napi_value reset(const In& in);
  napi_value text(const In& in);
  napi_value log(const In& in);
  napi_value submit(const In& in);
  napi_value cancel(const In& in);
  napi_value credit(const In& in);
  std::shared_ptr<Client> client(const In& in) const;
  const Slot* slot_of(const In& in) const;       // NULL: done
  holysheep_client* handle(const In& in) const;  // NULL: no such client
  template <typename Act>
  napi_value attempt(Act act) const {
    holysheep_error error = HOLYSHEEP_ERROR_INIT;
    return make_failure(env_, act(&error), error);
  }

  // mock.cpp
  napi_value mock_open(const In& in);
  napi_value mock_close(const In& in);
  napi_value mock_text(const In& in);
  napi_value mock_count(const In& in);
  napi_value mock_await(const In& in);
  napi_value mock_set(const In& in);
  napi_value mock_advance(const In& in);
  std::shared_ptr<holysheep_mock> mock(const In& in) const;

  // delivery.cpp
  napi_value deliver(const In& in);
  void deliver_all();
  void deliver_from(holysheep_queue* queue, double owner);
  std::size_t fill(holysheep_batch* batch, double owner);
  std::size_t fill_joined(holysheep_batch* batch, std::size_t index, double* record);
  void fill_done(holysheep_batch* batch, std::size_t index, const holysheep_event& event);
  void push(std::string_view text) { values_.push_back(make_string(env_, text)); }
  void push_bytes(const holysheep_event& event);
  napi_value in_background(std::function<bool()> work);
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
  double next_number_ = 1;  // of clients and mocks; never used again
  std::unordered_map<double, std::shared_ptr<Client>> clients_;
  std::unordered_map<double, std::shared_ptr<holysheep_mock>> mocks_;
};

}  // namespace holysheep::node
