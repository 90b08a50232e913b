// holysheep._native: the C ABI for the Python package, and nothing of its own. Its Python side is
// private; `_native.pyi` says what is here.

#include <pybind11/pybind11.h>

#include <cstring>
#include <string>
#include <tuple>
#include <utility>

#include "bindings/python/native/event.h"
#include "bindings/python/native/handle.h"
#include "bindings/python/native/json_body.h"

namespace py = pybind11;

namespace holysheep::python {
namespace {

// A body above this is checked with the GIL released: other threads go on meanwhile.
constexpr std::size_t kLargeBodyBytes = 32 * 1024;

// Owned, for as long as the process lives.
PyObject* failure_type = nullptr;
PyObject* not_plain_type = nullptr;

struct Queue : Handle<holysheep_queue, holysheep_queue_free> {
  using Handle::Handle;
  // The call that was submitted last. Who is interrupted, by a signal's handler say, before
  // submit() has told it, finds it here.
  mutable holysheep_request_id latest = 0;
};
using Client = Handle<holysheep_client, holysheep_client_free>;
using Monitor = Handle<holysheep_monitor, holysheep_monitor_free>;
using Mock = Handle<holysheep_mock, holysheep_mock_free>;

// Makes what `open(settings, …, &error)` opens.
template <typename Object, auto Open>
std::unique_ptr<Object> opened(py::handle settings) {
  const View text(settings);
  typename Object::pointer made = nullptr;
  holysheep_error error = HOLYSHEEP_ERROR_INIT;
  check(Open(text.data, text.size, &made, &error), error);
  return std::make_unique<Object>(made);
}

std::unique_ptr<Queue> new_queue() {
  holysheep_queue* queue = nullptr;
  check(holysheep_queue_new(&queue), "out of memory");
  return std::make_unique<Queue>(queue);
}

std::string json_of(py::handle value, const std::string& name, holysheep_status status) {
  std::string text;
  BodyError error;
  if (write_json(value.ptr(), not_plain_type, text, error)) return text;
  if (error.complaint.empty()) throw py::error_already_set();
  fail(status, name + error.path + ": " + error.complaint);
}

// `arguments`: (path, headers, body, timeout_ms, options); texts are str or None, the body is None,
// bytes (sent as they are) or a plain value (json_body.h) that becomes JSON.
holysheep_request_id submit(const Client& client, const Queue& queue, std::uint64_t user_data,
                            holysheep_stream stream, py::handle method,
                            const py::tuple& arguments) {
  holysheep_request request = HOLYSHEEP_REQUEST_INIT;
  std::tie(request.method, request.method_size) = View(method).parts();
  std::tie(request.path, request.path_size) = View(arguments[0]).parts();
  std::tie(request.headers, request.headers_size) = View(arguments[1]).parts();
  std::tie(request.options, request.options_size) = View(arguments[4]).parts();
  std::string made;
  PyObject* body = PyTuple_GET_ITEM(arguments.ptr(), 2);
  if (PyBytes_Check(body) != 0) {
    request.body = PyBytes_AS_STRING(body);
    request.body_size = static_cast<std::size_t>(PyBytes_GET_SIZE(body));
  } else if (body != Py_None) {
    made = json_of(body, "body", HOLYSHEEP_E_REQUEST);
    request.body = made.data();
    request.body_size = made.size();
  }
  request.stream = stream;
  request.timeout_ms = arguments[3].cast<std::int64_t>();
  request.user_data = user_data;
  holysheep_error error = HOLYSHEEP_ERROR_INIT;
  const auto hand_over = [&] {
    return holysheep_submit(client.get(), queue.get(), &request, &queue.latest, &error);
  };
  check(made.size() > kLargeBodyBytes ? released(hand_over) : hand_over(), error);
  return queue.latest;
}

// Submits and waits for the one event of a call that is no stream, DONE.
std::unique_ptr<Outcome> call(const Client& client, py::handle method, const py::tuple& arguments) {
  const std::unique_ptr<Queue> queue = new_queue();
  const holysheep_request_id id =
      submit(client, *queue, 0, HOLYSHEEP_STREAM_NONE, method, arguments);
  try {
    const Batch batch = wait_for_events(queue->get(), -1);
    return take_outcome(batch.get(), 0);
  } catch (const py::error_already_set&) {
    holysheep_cancel(client.get(), id);
    throw;
  }
}

void translate(std::exception_ptr thrown) {
  try {
    if (thrown) std::rethrow_exception(thrown);
  } catch (const Failure& failure) {
    const holysheep_error& error = failure.error;
    const py::tuple arguments =
        py::make_tuple(error.status, text_of(error.message, std::strlen(error.message)),
                       error.http_status, error.flags, error.retry_after_ms);
    PyErr_SetObject(failure_type, arguments.ptr());
  }
}

// What acts on an object: `act(object, texts…, &error)`.
template <auto Act, typename Object, typename... Texts>
void act(const Object& object, const Texts&... texts) {
  holysheep_error error = HOLYSHEEP_ERROR_INIT;
  const auto call = [&](auto... parts) { return Act(object.get(), parts..., &error); };
  check(std::apply(call, std::tuple_cat(View(texts).parts()...)), error);
}

// What an object sends to a queue from now on: `send(object, queue, …)`.
template <auto Send, typename Object, typename... More>
void send_to(const Object& object, const Queue& queue, More... more) {
  check(Send(object.get(), queue.get(), more...), "closed");
}

py::str check_service(py::handle url) {
  const View page(url);
  holysheep_text* made = nullptr;
  holysheep_error error = HOLYSHEEP_ERROR_INIT;
  const auto ask = [&] { return holysheep_check_service(page.data, page.size, 0, &made, &error); };
  check(released(ask), error);
  return text_of(made);
}

template <auto Make, typename Class>
void define_text(Class& type, const char* name) {
  type.def(name, [](const typename Class::type& self) { return text_from<Make>(self.get()); });
}

template <auto Field>
auto field(const Outcome& outcome) {
  return outcome.event.*Field;
}

void define_queue(py::module_& module) {
  py::class_<Outcome>(module, "Outcome")
      .def_property_readonly("status", &field<&holysheep_event::status>)
      .def_property_readonly("http_status", &field<&holysheep_event::http_status>)
      .def_property_readonly("flags", &field<&holysheep_event::flags>)
      .def_property_readonly("attempts", &field<&holysheep_event::attempts>)
      .def_property_readonly("retry_after_ms", &field<&holysheep_event::retry_after_ms>)
      .def_property_readonly(
          "message",
          [](const Outcome& self) { return text_of(self.event.name, self.event.name_size); })
      .def("body",
           [](const Outcome& self) { return py::bytes(self.event.data, self.event.data_size); })
      .def("text",
           [](const Outcome& self) { return text_of(self.event.data, self.event.data_size); })
      .def("meta", &Outcome::meta);
  py::class_<Queue>(module, "Queue")
      .def(py::init(&new_queue))
      .def_readonly("latest", &Queue::latest)
      .def("descriptor",
           [](const Queue& self) {
             int descriptor = -1;
             check(holysheep_queue_fd(self.get(), &descriptor), "no descriptor is to be had");
             return descriptor;
           })
      .def("drain", [](const Queue& self, std::int64_t timeout_ms) {
        const Batch batch = wait_for_events(self.get(), timeout_ms);
        return list_of(batch.get());
      });
}

void define_client(py::module_& module) {
  py::class_<Client> type(module, "Client");
  type.def(py::init(&opened<Client, holysheep_client_open>))
      .def("call", &call)
      .def("submit", &submit)
      .def("cancel",
           [](const Client& self, holysheep_request_id id) { holysheep_cancel(self.get(), id); })
      .def("credit", [](const Client& self, holysheep_request_id id,
                        std::size_t bytes) { holysheep_credit(self.get(), id, bytes); })
      .def("drain",
           [](const Client& self, std::int64_t timeout_ms) {
             return released([&] { return holysheep_client_drain(self.get(), timeout_ms); }) ==
                    HOLYSHEEP_OK;
           })
      .def("set_key", &act<holysheep_client_set_key, Client, py::handle, py::handle>)
      .def("reset", &act<holysheep_client_reset, Client, py::handle>)
      .def("log", &send_to<holysheep_client_log, Client, int>)
      .def("monitor", [](const Client& self) {
        holysheep_monitor* monitor = nullptr;
        check(holysheep_client_monitor(self.get(), &monitor), "closed");
        return std::make_unique<Monitor>(monitor);
      });
  define_text<holysheep_client_status>(type, "status");
  define_text<holysheep_client_metrics>(type, "metrics");
  define_text<holysheep_client_config>(type, "config");
  define_text<holysheep_client_checks>(type, "checks");
}

void define_monitor(py::module_& module) {
  py::class_<Monitor> type(module, "Monitor");
  type.def(py::init(&opened<Monitor, holysheep_monitor_new>))
      .def("record",
           [](const Monitor& self, py::handle endpoint, bool success, std::int32_t status_code,
              double latency_ms, std::int32_t retry_count) {
             const View name(endpoint);
             holysheep_record record = HOLYSHEEP_RECORD_INIT;
             record.success = success ? 1 : 0;
             record.status_code = status_code;
             record.latency_ms = latency_ms;
             record.retry_count = retry_count;
             holysheep_error error = HOLYSHEEP_ERROR_INIT;
             check(holysheep_monitor_record(self.get(), name.data, name.size, &record, &error),
                   error);
           })
      .def("set", &act<holysheep_monitor_set, Monitor, py::handle>)
      .def("alerts_to", &send_to<holysheep_monitor_alerts_to, Monitor>)
      .def("metrics", [](const Monitor& self, holysheep_metrics_format format) {
        return text_from<holysheep_monitor_metrics>(self.get(), format);
      });
  define_text<holysheep_monitor_settings>(type, "settings");
  define_text<holysheep_monitor_summary>(type, "summary");
  define_text<holysheep_monitor_endpoints>(type, "endpoints");
  define_text<holysheep_monitor_health>(type, "health");
  define_text<holysheep_monitor_alerts>(type, "alerts");
  define_text<holysheep_monitor_status>(type, "status");
}

void define_mock(py::module_& module) {
  py::class_<Mock> type(module, "Mock");
  type.def(py::init(&opened<Mock, holysheep_mock_open>))
      .def("close", [](Mock& self) { self.reset(); })
      .def("count",
           [](const Mock& self, py::handle endpoint) {
             const View name(endpoint);
             return holysheep_mock_count(self.get(), name.data, name.size);
           })
      .def("wait",
           [](const Mock& self, py::handle endpoint, std::int64_t count, std::int64_t timeout_ms) {
             const View name(endpoint);
             return released([&] {
                      return holysheep_mock_await(self.get(), name.data, name.size, count,
                                                  timeout_ms);
                    }) == HOLYSHEEP_OK;
           })
      .def("set", &act<holysheep_mock_set, Mock, py::handle, py::handle>);
  define_text<holysheep_mock_config>(type, "config");
  define_text<holysheep_mock_requests>(type, "requests");
  module.def("mock_clock_advance", [](const Client& client, std::int64_t ms) {
    released([&] { return holysheep_mock_clock_advance(client.get(), ms); });
  });
}

}  // namespace

PYBIND11_MODULE(_native, module, py::mod_gil_not_used()) {
  failure_type = PyErr_NewException("holysheep._native.Failure", nullptr, nullptr);
  module.attr("Failure") = py::handle(failure_type);
  not_plain_type = PyErr_NewException("holysheep._native.NotPlain", nullptr, nullptr);
  module.attr("NotPlain") = py::handle(not_plain_type);
  py::register_exception_translator(&translate);
  define_queue(module);
  define_client(module);
  define_monitor(module);
  define_mock(module);
  module.def("dump_json", [](py::handle value, const std::string& name) {
    return json_of(value, name, HOLYSHEEP_E_CONFIG);
  });
  module.def("check_service", &check_service);
  module.def("fork_prepare", &holysheep_fork_prepare);
  module.def("fork_parent", &holysheep_fork_parent);
  module.def("version", &holysheep_version);
}

}  // namespace holysheep::python
