// Writes a Python value as JSON, straight into the bytes that the engine takes: no text object in
// between, `omit` members left out, and an error that names the path of the value that cannot be
// written ("body.messages[0].content").
//
// Plain types are written here. Everything else (results of ours, pydantic models, mappings,
// iterables, dates, dicts whose keys are not all texts) must be made plain in Python before: that
// runs foreign code, which may switch to another greenlet, and pybind11 ends the process when a
// function of its own returns to another one than it was called by.
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

// Appends `value` to `text`. False: `error` says why, or, if its complaint is empty, a Python
// exception is set: for a value that is not plain, the one whose class `not_plain` is.
bool write_json(PyObject* value, PyObject* not_plain, std::string& text, BodyError& error);

}  // namespace holysheep::python
