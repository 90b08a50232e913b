// holysheep._native: the C ABI for the Python package, and nothing of its own. Its Python side is
// private; `_native.pyi` says what is here.

#include <pybind11/pybind11.h>

#include "bindings/python/native/client.h"

namespace py = pybind11;
using holysheep::python::Client;
using holysheep::python::Failure;
using holysheep::python::Mock;
using holysheep::python::Outcome;
using holysheep::python::Queue;

namespace {

PyObject* failure_type = nullptr;  // owned, for as long as the process lives

void translate(std::exception_ptr thrown) {
  try {
    if (thrown) std::rethrow_exception(thrown);
  } catch (const Failure& failure) {
    const holysheep_error& error = failure.error;
    const py::object text = py::reinterpret_steal<py::object>(PyUnicode_DecodeUTF8(
        error.message, static_cast<Py_ssize_t>(std::strlen(error.message)), "replace"));
    const py::tuple arguments =
        py::make_tuple(error.status, text, error.http_status, error.flags, error.retry_after_ms);
    PyErr_SetObject(failure_type, arguments.ptr());
  }
}

void define_outcome(py::module_& module) {
  py::class_<Outcome>(module, "Outcome")
      .def_property_readonly("kind", &Outcome::kind)
      .def_property_readonly("status", &Outcome::status)
      .def_property_readonly("http_status", &Outcome::http_status)
      .def_property_readonly("flags", &Outcome::flags)
      .def_property_readonly("attempts", &Outcome::attempts)
      .def_property_readonly("retry_after_ms", &Outcome::retry_after_ms)
      .def_property_readonly("message", &Outcome::message)
      .def("body", &Outcome::body)
      .def("text", &Outcome::text)
      .def("meta", &Outcome::meta);
}

void define_client(py::module_& module) {
  py::class_<Queue>(module, "Queue")
      .def(py::init<>())
      .def("descriptor", &Queue::descriptor)
      .def("interrupt", &Queue::interrupt)
      .def("drain", &Queue::drain);
  py::class_<Client>(module, "Client")
      .def(py::init<py::handle>())
      .def("call",
           [](Client& self, py::handle method, py::handle path, py::handle headers, py::handle body,
              std::int64_t timeout_ms, py::handle options) {
             return self.call({method, path, headers, body, timeout_ms, options});
           })
      .def("submit",
           [](Client& self, const Queue& queue, std::uint64_t user_data, holysheep_stream stream,
              py::handle method, py::handle path, py::handle headers, py::handle body,
              std::int64_t timeout_ms, py::handle options) {
             return self.submit(queue, user_data,
                                {method, path, headers, body, timeout_ms, options, stream});
           })
      .def("cancel", &Client::cancel)
      .def("credit", &Client::credit)
      .def("close", &Client::close)
      .def("drain", &Client::drain)
      .def("set_key", &Client::set_key)
      .def("reset", &Client::reset)
      .def("log", &Client::log)
      .def("status", &Client::status)
      .def("metrics", &Client::metrics)
      .def("config", &Client::config);
}

void define_mock(py::module_& module) {
  py::class_<Mock>(module, "Mock")
      .def(py::init<py::handle>())
      .def("close", &Mock::close)
      .def("config", &Mock::config)
      .def("requests", &Mock::requests)
      .def("count", &Mock::count)
      .def("wait", &Mock::wait)
      .def("set", &Mock::set);
  module.def("mock_clock_advance", [](const Client& client, std::int64_t ms) {
    const py::gil_scoped_release released;
    holysheep_mock_clock_advance(client.get(), ms);
  });
}

}  // namespace

PYBIND11_MODULE(_native, module) {
  const py::object failure = py::reinterpret_steal<py::object>(
      PyErr_NewException("holysheep._native.Failure", nullptr, nullptr));
  failure_type = failure.inc_ref().ptr();
  module.attr("Failure") = failure;
  py::register_exception_translator(&translate);
  define_outcome(module);
  define_client(module);
  define_mock(module);
  module.def("set_converter", &holysheep::python::set_converter);
  module.def("dump_json", &holysheep::python::dump_json);
  module.def("fork_prepare", &holysheep_fork_prepare);
  module.def("fork_parent", &holysheep_fork_parent);
  module.def("status_name", &holysheep_status_name);
  module.def("version", &holysheep_version);
  module.def("config_check", [](py::handle config) {
    const auto view = holysheep::python::view_of(config);
    holysheep_text* text = nullptr;
    holysheep_error error = HOLYSHEEP_ERROR_INIT;
    holysheep::python::check(holysheep_config_check(view.data, view.size, &text, &error), error);
    return holysheep::python::text_of(text);
  });
}
