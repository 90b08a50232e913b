// Writes a Python value as JSON, straight into the bytes that the engine takes: no text object in
// between, `omit` members left out, and an error that names the path of the value that cannot be
// written ("body.messages[0].content").
//
// Plain types are written here. Everything else (results of ours, pydantic models, mappings,
// iterables, dates, dicts whose keys are not all texts) goes through one Python function, the
// converter, which returns a plain value.
// Threads: as handle.h. Lists and dicts may change meanwhile.
#pragma once

#include <pybind11/pybind11.h>

#include <string>

namespace holysheep::python {

// What cannot be written, and where.
struct BodyError {
  std::string path;
  std::string complaint;
};

// Appends `value` to `text`. `converter`: called with a value that is not plain; may raise
// TypeError. False: `error` says why, or, if its complaint is empty, a Python exception is set.
bool write_json(PyObject* value, PyObject* converter, std::string& text, BodyError& error);

}  // namespace holysheep::python
