#include "bindings/python/native/event.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <utility>

namespace py = pybind11;

extern "C" void holysheep_take_gil(PyThreadState* state);  // take_gil.c

namespace holysheep::python {
namespace {

// How often the main thread looks for signals while it waits: Ctrl-C must raise within 200 ms.
constexpr std::int64_t kSliceMs = 50;

// Python runs signal handlers on this thread alone.
bool is_main_thread() {
#if defined(__linux__)
  return syscall(SYS_gettid) == getpid();
#else
  return true;
#endif
}

#if PY_VERSION_HEX < 0x030D0000
constexpr auto Py_IsFinalizing = &_Py_IsFinalizing;
#endif

Batch drain(holysheep_queue* queue, std::int64_t timeout_ms, holysheep_status* status) {
  holysheep_batch* batch = nullptr;
  *status = holysheep_queue_drain(queue, 0, timeout_ms, &batch);
  return Batch(batch);
}

}  // namespace

void restore_thread(PyThreadState* state) {
  // The interpreter is gone: taking the GIL would end this thread in the middle of C++ frames.
  while (!is_main_thread() && Py_IsFinalizing() != 0) {
    pause();
  }
  holysheep_take_gil(state);
}

py::str Outcome::meta() const {
  const char* data = nullptr;
  std::size_t size = 0;
  std::unique_lock alone(making);
  const holysheep_status status = holysheep_batch_meta(batch.get(), 0, &data, &size);
  alone.unlock();
  check(status, "this event has no meta data");
  return {data, size};
}

std::unique_ptr<Outcome> take_outcome(holysheep_batch* batch, std::size_t index) {
  holysheep_batch* taken = nullptr;
  check(holysheep_batch_take(batch, index, &taken), "out of memory");
  auto outcome = std::make_unique<Outcome>();
  outcome->batch.reset(taken);
  holysheep_batch_event(taken, 0, &outcome->event);
  return outcome;
}

Batch wait_for_events(holysheep_queue* queue, std::int64_t timeout_ms) {
  const bool main = timeout_ms != 0 && is_main_thread();
  for (std::int64_t left = timeout_ms;;) {
    const bool sliced = main && (left < 0 || left > kSliceMs);
    holysheep_status status = HOLYSHEEP_OK;
    const auto drained = [&] { return drain(queue, sliced ? kSliceMs : left, &status); };
    Batch batch = timeout_ms == 0 ? drained() : released(drained);
    if (status == HOLYSHEEP_OK) return batch;
    if (status != HOLYSHEEP_E_WAIT) fail(status, "this call was begun before fork()");
    if (main && PyErr_CheckSignals() != 0) throw py::error_already_set();
    if (!sliced) return nullptr;
    if (left > 0) left -= kSliceMs;
  }
}

py::list list_of(holysheep_batch* batch) {
  py::list events;
  py::list pieces;
  std::size_t pieces_bytes = 0;
  const std::size_t count = holysheep_batch_count(batch);
  for (std::size_t i = 0; i < count; ++i) {
    holysheep_event event = HOLYSHEEP_EVENT_INIT;
    holysheep_batch_event(batch, i, &event);
    py::object payload = py::none();
    if (event.kind == HOLYSHEEP_EVENT_HEADERS || event.kind == HOLYSHEEP_EVENT_DONE) {
      payload = py::cast(take_outcome(batch, i));
    } else if (event.kind != HOLYSHEEP_EVENT_RESTARTED) {
      payload = text_of(event.data, event.data_size);
    }
    if (event.kind != HOLYSHEEP_EVENT_DATA) {
      events.append(py::make_tuple(event.user_data, event.kind, std::move(payload)));
      continue;
    }
    if (event.name_size > 0) {
      payload = py::make_tuple(text_of(event.name, event.name_size), std::move(payload));
    }
    pieces.append(std::move(payload));
    pieces_bytes += event.data_size;
    holysheep_event next = HOLYSHEEP_EVENT_INIT;
    if (i + 1 < count) holysheep_batch_event(batch, i + 1, &next);
    if (next.kind == event.kind && next.request == event.request) continue;
    events.append(py::make_tuple(event.user_data, event.kind, std::move(pieces), pieces_bytes));
    pieces = py::list();
    pieces_bytes = 0;
  }
  return events;
}

}  // namespace holysheep::python
