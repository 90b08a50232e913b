// Writes a Python value as JSON, straight into the bytes that the engine takes: no text object in
// between, `omit` members left out, and an error that names the path of the value that cannot be
// written ("body.messages[0].content").
//
// Plain types are written here. Everything else (results of ours, pydantic models, mappings,
// iterables, dates) goes through one Python function, the converter, which returns a plain value.
// Threads: whoever holds the GIL.
#pragma once

#include <pybind11/pybind11.h>

#include <string>
#include <string_view>

namespace holysheep::python {

// What cannot be written, and where.
struct BodyError {
  std::string path;
  std::string complaint;
};

class JsonBody {
 public:
  // `converter`: called with a value that is not plain; may raise TypeError.
  explicit JsonBody(PyObject* converter) : converter_(converter) {}

  // Appends `value`, called `name` in errors. False: `error` says why, or, if it is empty, a Python
  // exception is set.
  bool write(PyObject* value, std::string_view name, BodyError& error);
  const std::string& text() const { return text_; }

 private:
  bool write_value(PyObject* value, int depth, BodyError& error);
  bool write_object(PyObject* dict, int depth, BodyError& error);
  bool write_array(PyObject* sequence, int depth, BodyError& error);
  bool write_text(PyObject* text, BodyError& error);
  bool write_integer(PyObject* number);
  bool write_real(PyObject* number, BodyError& error);
  bool write_converted(PyObject* value, int depth, BodyError& error);
  void append_escaped(std::string_view text);

  PyObject* converter_;
  std::string text_;
};

}  // namespace holysheep::python
