// The client, the queue and the mock pool of the C ABI as Python objects. Threads: whoever holds
// the GIL, which is released around everything that waits.
#pragma once

#include <pybind11/pybind11.h>

#include <cstdint>
#include <memory>

#include "bindings/python/native/outcome.h"

namespace holysheep::python {

// What a request is made of. Texts are str or None; the body is None, bytes (sent as they are) or a
// value that becomes JSON.
struct RequestArguments {
  pybind11::handle method;
  pybind11::handle path;
  pybind11::handle headers;
  pybind11::handle body;
  std::int64_t timeout_ms = 0;
  pybind11::handle options;
  holysheep_stream stream = HOLYSHEEP_STREAM_NONE;
};

class Queue {
 public:
  Queue();
  int descriptor() const;
  void interrupt() const { holysheep_queue_interrupt(handle_.get()); }
  // Events in order as tuples (user_data, kind, payload): an Outcome for HEADERS and DONE; for DATA
  // a list of the data of consecutive events (a pair (name, data) where the event has a name) and
  // their size in bytes as a fourth member; for LOG the record's JSON.
  pybind11::list drain(std::int64_t timeout_ms);
  holysheep_queue* get() const { return handle_.get(); }

 private:
  QueueHandle handle_;
};

class Client {
 public:
  explicit Client(pybind11::handle config);
  // Submits and waits for DONE.
  std::unique_ptr<Outcome> call(const RequestArguments& arguments);
  holysheep_request_id submit(const Queue& queue, std::uint64_t user_data,
                              const RequestArguments& arguments);
  void cancel(holysheep_request_id id) { holysheep_cancel(get(), id); }
  void credit(holysheep_request_id id, std::size_t bytes) { holysheep_credit(get(), id, bytes); }
  void close() { holysheep_client_close(get()); }
  bool drain(std::int64_t timeout_ms);
  void set_key(pybind11::handle endpoint, pybind11::handle key);
  void reset(pybind11::handle endpoint);
  void log(const Queue& queue, int level);
  pybind11::str status() const;
  pybind11::str metrics() const;
  pybind11::str config() const;
  holysheep_client* get() const { return handle_.get(); }

 private:
  holysheep_request_id submit_to(holysheep_queue* queue, std::uint64_t user_data,
                                 const RequestArguments& arguments);

  ClientHandle handle_;
};

class Mock {
 public:
  explicit Mock(pybind11::handle script);
  void close() { handle_.reset(); }
  pybind11::str config() const;
  pybind11::str requests() const;
  std::int64_t count(pybind11::handle endpoint) const;
  bool wait(pybind11::handle endpoint, std::int64_t count, std::int64_t timeout_ms) const;
  void set(pybind11::handle endpoint, pybind11::handle script);

 private:
  MockHandle handle_;
};

// The function that turns foreign values into plain ones (json_body.h). Kept for good.
void set_converter(pybind11::object converter);
// `value` as JSON; an error (of a configuration, a script, options) calls it `name`.
pybind11::str dump_json(pybind11::handle value, const std::string& name);

}  // namespace holysheep::python
