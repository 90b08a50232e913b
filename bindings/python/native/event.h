// Events: waiting for them, and what becomes of them in Python. Threads: as handle.h; the GIL
// is released while something is waited for.
#pragma once

#include <pybind11/pybind11.h>

#include <cstdint>
#include <memory>
#include <mutex>

#include "bindings/python/native/handle.h"

namespace holysheep::python {

// A HEADERS or DONE event with a batch of its own: body and meta are read when asked for.
struct Outcome {
  Batch batch;
  holysheep_event event = HOLYSHEEP_EVENT_INIT;
  mutable std::mutex making;  // of the meta data, which the batch makes for one thread at a time

  pybind11::str meta() const;
};
std::unique_ptr<Outcome> take_outcome(holysheep_batch* batch, std::size_t index);

// What `work()` returns, made without the GIL, which restore_thread() takes back.
void restore_thread(PyThreadState* state);
template <typename Work>
auto released(Work work) {
  PyThreadState* state = PyEval_SaveThread();
  auto result = work();
  restore_thread(state);
  return result;
}

// Waits for events. Signal handlers run while the main thread waits, and what they raise is thrown;
// other threads wait without waking. Null if the time was up.
Batch wait_for_events(holysheep_queue* queue, std::int64_t timeout_ms);

// Events in order as tuples (user_data, kind, payload): an Outcome for HEADERS and DONE, JSON for
// LOG and ALERT; for DATA the list of the texts of consecutive events (a pair (name, text) where
// the event has a name), and their size in bytes as a fourth member.
pybind11::list list_of(holysheep_batch* batch);

}  // namespace holysheep::python
