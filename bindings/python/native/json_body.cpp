#include "bindings/python/native/json_body.h"

#include <pybind11/critical_section.h>

#include <array>
#include <cmath>

namespace py = pybind11;

namespace holysheep::python {
namespace {

// Deeper than any request; a value that holds itself ends here.
constexpr int kDepthMax = 200;

// The letter after the backslash; 'u' for control characters without one of their own.
constexpr std::array<char, 256> kEscapes = [] {
  std::array<char, 256> escapes{};
  for (std::size_t byte = 0; byte < 0x20; ++byte) {
    escapes.at(byte) = "uuuuuuuubtnufruuuuuuuuuuuuuuuuuu"[byte];
  }
  escapes['"'] = '"';
  escapes['\\'] = '\\';
  return escapes;
}();

// The OpenAI package's markers for "not given" are recognised by name, since it is never imported.
bool is_omitted(PyObject* value) {
  const std::string_view name = Py_TYPE(value)->tp_name;
  const std::string_view last = name.substr(name.rfind('.') + 1);
  return last == "Omit" || last == "NotGiven";
}

// Writes one value; a false return leaves the reason in `error_`, or a Python exception set.
class Writer {
 public:
  Writer(PyObject* not_plain, std::string& text, BodyError& error)
      : not_plain_(not_plain), text_(text), error_(error) {}

  bool write_value(PyObject* value, int depth) {
    if (depth > kDepthMax) return refuse("is nested too deeply, or holds itself");
    if (PyUnicode_Check(value)) return write_text(value);
    if (value == Py_None || PyBool_Check(value) != 0) {
      text_ += value == Py_None ? "null" : value == Py_True ? "true" : "false";
      return true;
    }
    if (PyLong_Check(value)) return write_integer(value);
    if (PyFloat_Check(value)) return write_real(value);
    if (PyDict_Check(value)) return write_object(value, depth);
    if (PyList_Check(value) || PyTuple_Check(value)) return write_array(value, depth);
    return leave();
  }

  bool write_object(PyObject* dict, int depth) {
    Py_ssize_t position = 0;
    text_ += '{';
    for (py::object key, value; next_member(dict, position, key, value);) {
      if (!PyUnicode_Check(key.ptr())) return leave();  // the number of a token, say
      if (is_omitted(value.ptr())) continue;
      if (text_.back() != '{') text_ += ',';
      if (!write_text(key.ptr())) return false;
      text_ += ':';
      if (write_value(value.ptr(), depth + 1)) continue;
      const char* text = PyUnicode_AsUTF8(key.ptr());
      if (text != nullptr) error_.path.insert(0, "." + std::string(text));
      return false;
    }
    text_ += '}';
    return true;
  }

  bool write_array(PyObject* sequence, int depth) {
    text_ += '[';
    Py_ssize_t i = 0;
    for (py::object value; next_item(sequence, i, value); ++i) {
      if (i > 0) text_ += ',';
      if (write_value(value.ptr(), depth + 1)) continue;
      error_.path.insert(0, "[" + std::to_string(i) + "]");
      return false;
    }
    text_ += ']';
    return true;
  }

  bool write_text(PyObject* text) {
    Py_ssize_t size = 0;
    const char* data = PyUnicode_AsUTF8AndSize(text, &size);
    if (data == nullptr) {
      PyErr_Clear();
      return refuse("holds half of a surrogate pair, which is no Unicode text");
    }
    append_escaped({data, static_cast<std::size_t>(size)});
    return true;
  }

  void append_escaped(std::string_view text) {
    constexpr std::string_view kHex = "0123456789abcdef";
    text_ += '"';
    std::size_t begin = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
      const auto byte = static_cast<unsigned char>(text[i]);
      const char escape = kEscapes.at(byte);
      if (escape == 0) continue;
      text_.append(text, begin, i - begin);
      begin = i + 1;
      text_ += '\\';
      text_ += escape;
      if (escape == 'u') text_.append("00").append({kHex[byte >> 4], kHex[byte & 15]});
    }
    text_.append(text, begin, text.size() - begin);
    text_ += '"';
  }

  bool write_integer(PyObject* number) {
    int overflow = 0;
    const long long value = PyLong_AsLongLongAndOverflow(number, &overflow);
    if (overflow == 0) {
      text_ += std::to_string(value);
      return true;
    }
    const auto digits = py::reinterpret_steal<py::object>(PyLong_Type.tp_repr(number));
    const char* text = digits ? PyUnicode_AsUTF8(digits.ptr()) : nullptr;
    if (text == nullptr) return false;
    text_ += text;
    return true;
  }

  bool write_real(PyObject* number) {
    const double value = PyFloat_AS_DOUBLE(number);
    if (!std::isfinite(value)) return refuse("is not finite, which JSON cannot say");
    char* text = PyOS_double_to_string(value, 'r', 0, Py_DTSF_ADD_DOT_0, nullptr);
    if (text == nullptr) return false;
    text_ += text;
    PyMem_Free(text);
    return true;
  }

 private:
  // The next member, owned: other threads may take it out of its container meanwhile, even between
  // two steps of this where there is no GIL.
  static bool next_member(PyObject* dict, Py_ssize_t& position, py::object& name,
                          py::object& value) {
    name = value = py::object();  // without the lock: ends objects
    const py::scoped_critical_section locked{py::handle(dict)};
    std::array<PyObject*, 2> found{};
    if (PyDict_Next(dict, &position, &found[0], &found[1]) == 0) return false;
    name = py::reinterpret_borrow<py::object>(found[0]);
    value = py::reinterpret_borrow<py::object>(found[1]);
    return true;
  }

  static bool next_item(PyObject* sequence, Py_ssize_t index, py::object& value) {
    value = py::object();
    const py::scoped_critical_section locked{py::handle(sequence)};
    if (index >= PySequence_Fast_GET_SIZE(sequence)) return false;
    value = py::reinterpret_borrow<py::object>(PySequence_Fast_GET_ITEM(sequence, index));
    return true;
  }

  bool leave() {
    PyErr_SetNone(not_plain_);
    return false;
  }

  bool refuse(std::string complaint) {
    error_.complaint = std::move(complaint);
    return false;
  }

  PyObject* not_plain_;
  std::string& text_;
  BodyError& error_;
};

}  // namespace

bool write_json(PyObject* value, PyObject* not_plain, std::string& text, BodyError& error) {
  return Writer(not_plain, text, error).write_value(value, 0);
}

}  // namespace holysheep::python
