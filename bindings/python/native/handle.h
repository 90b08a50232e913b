// What the binding holds of the C ABI's objects, and the two ways in which its functions fail.
// Threads: whoever holds the GIL; where there is none, any. The C ABI's objects serve several
// threads at once, and Python sees to it that a mock pool is closed when no other thread asks it.
#pragma once

#include <pybind11/pybind11.h>

#include <memory>
#include <string_view>
#include <tuple>

#include "holysheep.h"
#include "holysheep_mock.h"

namespace holysheep::python {

template <auto Free>
struct Freed {
  template <typename Object>
  void operator()(Object* object) const {
    Free(object);
  }
};
// A class of its own: pybind11 takes a bare unique_ptr for the holder of something else.
template <typename Object, auto Free>
struct Handle : std::unique_ptr<Object, Freed<Free>> {
  using std::unique_ptr<Object, Freed<Free>>::unique_ptr;
};
using Batch = Handle<holysheep_batch, holysheep_batch_free>;

// Becomes the Python exception `_native.Failure(status, message, http_status, flags,
// retry_after_ms)`.
struct Failure {
  holysheep_error error;
};

[[noreturn]] inline void fail(holysheep_status status, std::string_view message) {
  holysheep_error error = HOLYSHEEP_ERROR_INIT;
  error.status = status;
  message.copy(error.message, sizeof error.message - 1);
  throw Failure{error};
}

inline void check(holysheep_status status, std::string_view message) {
  if (status != HOLYSHEEP_OK) fail(status, message);
}
inline void check(holysheep_status status, const holysheep_error& error) {
  if (status != HOLYSHEEP_OK) throw Failure{error};
}

// Bytes of a Python string, as long as it lives; NULL for None.
struct View {
  const char* data = nullptr;
  std::size_t size = 0;

  auto parts() const { return std::make_tuple(data, size); }
  explicit View(pybind11::handle text) {
    if (text.is_none()) return;
    Py_ssize_t count = 0;
    data = PyUnicode_AsUTF8AndSize(text.ptr(), &count);
    if (data == nullptr) throw pybind11::error_already_set();
    size = static_cast<std::size_t>(count);
  }
};

// Bytes as a Python string; what is no UTF-8 is replaced.
inline pybind11::str text_of(const char* data, std::size_t size) {
  PyObject* text = PyUnicode_DecodeUTF8(data, static_cast<Py_ssize_t>(size), "replace");
  if (text == nullptr) throw pybind11::error_already_set();
  return pybind11::reinterpret_steal<pybind11::str>(text);
}

inline pybind11::str text_of(holysheep_text* made) {
  const Handle<holysheep_text, holysheep_text_free> owned(made);
  return text_of(holysheep_text_data(made), holysheep_text_size(made));
}

// What `make(object, …, &text)` of the C ABI says.
template <auto Make, typename... Arguments>
pybind11::str text_from(Arguments... arguments) {
  holysheep_text* text = nullptr;
  const holysheep_status status = Make(arguments..., &text);
  check(status, status == HOLYSHEEP_E_FORKED ? "this object was made before fork()" : "closed");
  return text_of(text);
}

}  // namespace holysheep::python
