#include "bindings/python/native/outcome.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

namespace py = pybind11;

namespace holysheep::python {
namespace {

// How often the main thread looks for signals while it waits: Ctrl-C must raise within 200 ms.
constexpr std::int64_t kSliceMs = 50;

constexpr std::string_view kForked = "this call was begun in the parent process, before fork()";

// Python runs signal handlers on this thread alone.
bool is_main_thread() {
#if defined(__linux__)
  return syscall(SYS_gettid) == getpid();
#else
  return true;
#endif
}

bool is_finalizing() {
#if PY_VERSION_HEX >= 0x030D0000
  return Py_IsFinalizing() != 0;
#else
  return _Py_IsFinalizing() != 0;
#endif
}

}  // namespace

void fail(holysheep_status status, std::string_view message) {
  holysheep_error error = HOLYSHEEP_ERROR_INIT;
  error.status = status;
  message.copy(error.message, sizeof error.message - 1);
  throw Failure{error};
}

void check(holysheep_status status, std::string_view message) {
  if (status != HOLYSHEEP_OK) fail(status, message);
}

py::str text_of(holysheep_text* text) {
  const TextHandle owned(text);
  return {holysheep_text_data(text), holysheep_text_size(text)};
}

TextView view_of(py::handle text) {
  if (text.is_none()) return {};
  Py_ssize_t size = 0;
  const char* data = PyUnicode_AsUTF8AndSize(text.ptr(), &size);
  if (data == nullptr) throw py::error_already_set();
  return {data, static_cast<std::size_t>(size)};
}

py::str Outcome::text() const {
  PyObject* text =
      PyUnicode_DecodeUTF8(event_.data, static_cast<Py_ssize_t>(event_.data_size), "replace");
  if (text == nullptr) throw py::error_already_set();
  return py::reinterpret_steal<py::str>(text);
}

py::str Outcome::meta() const {
  const char* data = nullptr;
  std::size_t size = 0;
  check(holysheep_batch_meta(batch_.get(), 0, &data, &size), "this event has no meta data");
  return {data, size};
}

BatchHandle wait_for_events(holysheep_queue* queue, std::int64_t timeout_ms) {
  if (timeout_ms == 0) {
    holysheep_batch* batch = nullptr;
    const holysheep_status status = holysheep_queue_drain(queue, 0, 0, &batch);
    if (status != HOLYSHEEP_E_WAIT) check(status, kForked);
    return BatchHandle(batch);
  }
  const bool main = is_main_thread();
  for (std::int64_t left = timeout_ms;;) {
    const bool sliced = main && (left < 0 || left > kSliceMs);
    holysheep_batch* batch = nullptr;
    PyThreadState* state = PyEval_SaveThread();
    const holysheep_status status =
        holysheep_queue_drain(queue, 0, sliced ? kSliceMs : left, &batch);
    // The interpreter is gone: taking the GIL would end this thread in the middle of C++ frames.
    while (!main && is_finalizing()) {
      pause();
    }
    PyEval_RestoreThread(state);
    BatchHandle owned(batch);
    if (status != HOLYSHEEP_E_WAIT) {
      check(status, status == HOLYSHEEP_E_FORKED ? kForked : "the wait was interrupted");
      return owned;
    }
    if (PyErr_CheckSignals() != 0) throw py::error_already_set();
    if (!sliced) return nullptr;
    if (left > 0) left -= kSliceMs;
  }
}

std::unique_ptr<Outcome> take_outcome(holysheep_batch* batch, std::size_t index) {
  holysheep_batch* taken = nullptr;
  check(holysheep_batch_take(batch, index, &taken), "out of memory");
  BatchHandle owned(taken);
  holysheep_event event = HOLYSHEEP_EVENT_INIT;
  holysheep_batch_event(taken, 0, &event);
  return std::make_unique<Outcome>(std::move(owned), event);
}

}  // namespace holysheep::python
