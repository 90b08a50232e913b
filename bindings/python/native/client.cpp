#include "bindings/python/native/client.h"

#include <algorithm>
#include <string>

#include "bindings/python/native/json_body.h"

namespace py = pybind11;

namespace holysheep::python {
namespace {

// A body above this is checked with the GIL released: other threads go on meanwhile.
constexpr std::size_t kLargeBodyBytes = 32 * 1024;

PyObject* the_converter = nullptr;  // owned, for as long as the process lives

void write_json(py::handle value, std::string_view name, holysheep_status status, JsonBody& made) {
  BodyError error;
  if (made.write(value.ptr(), name, error)) return;
  if (error.complaint.empty()) throw py::error_already_set();
  fail(status, error.path + ": " + error.complaint);
}

// The bytes of a request body; `made` keeps them where they are not the caller's own.
TextView body_of(py::handle value, JsonBody& made) {
  if (value.is_none()) return {};
  if (PyBytes_Check(value.ptr()) != 0) {
    return {PyBytes_AS_STRING(value.ptr()),
            static_cast<std::size_t>(PyBytes_GET_SIZE(value.ptr()))};
  }
  write_json(value, "body", HOLYSHEEP_E_REQUEST, made);
  return {made.text().data(), made.text().size()};
}

template <typename Work>
auto released(Work work) {
  PyThreadState* state = PyEval_SaveThread();
  const auto result = work();
  PyEval_RestoreThread(state);
  return result;
}

}  // namespace

void set_converter(py::object converter) {
  Py_XDECREF(the_converter);
  the_converter = converter.release().ptr();
}

py::str dump_json(py::handle value, const std::string& name) {
  JsonBody made(the_converter);
  write_json(value, name, HOLYSHEEP_E_CONFIG, made);
  return made.text();
}

// ---- Queue -----------------------------------------------------------------------------------

Queue::Queue() {
  holysheep_queue* queue = nullptr;
  check(holysheep_queue_new(&queue), "out of memory");
  handle_.reset(queue);
}

int Queue::descriptor() const {
  int descriptor = -1;
  check(holysheep_queue_fd(handle_.get(), &descriptor), "no descriptor is to be had");
  return descriptor;
}

py::list Queue::drain(std::int64_t timeout_ms) {
  py::list events;
  const BatchHandle batch = wait_for_events(handle_.get(), timeout_ms);
  py::list pieces;
  std::size_t pieces_bytes = 0;
  const std::size_t count = holysheep_batch_count(batch.get());
  for (std::size_t i = 0; i < count; ++i) {
    holysheep_event event = HOLYSHEEP_EVENT_INIT;
    holysheep_batch_event(batch.get(), i, &event);
    if (event.kind != HOLYSHEEP_EVENT_DATA) {
      py::object payload = py::none();
      if (event.kind == HOLYSHEEP_EVENT_LOG) {
        payload = py::str(event.data, event.data_size);
      } else if (event.kind != HOLYSHEEP_EVENT_RESTARTED) {
        payload = py::cast(take_outcome(batch.get(), i));
      }
      events.append(py::make_tuple(event.user_data, event.kind, std::move(payload)));
      continue;
    }
    py::object piece = py::reinterpret_steal<py::object>(
        PyUnicode_DecodeUTF8(event.data, static_cast<Py_ssize_t>(event.data_size), "replace"));
    if (!piece) throw py::error_already_set();
    if (event.name_size > 0) {
      piece = py::make_tuple(py::str(event.name, event.name_size), std::move(piece));
    }
    pieces.append(std::move(piece));
    pieces_bytes += event.data_size;
    holysheep_event next = HOLYSHEEP_EVENT_INIT;
    if (i + 1 < count) holysheep_batch_event(batch.get(), i + 1, &next);
    if (next.kind == event.kind && next.request == event.request) continue;
    events.append(py::make_tuple(event.user_data, event.kind, std::move(pieces), pieces_bytes));
    pieces = py::list();
    pieces_bytes = 0;
  }
  return events;
}

// ---- Client ----------------------------------------------------------------------------------

Client::Client(py::handle config) {
  const TextView text = view_of(config);
  holysheep_client* client = nullptr;
  holysheep_error error = HOLYSHEEP_ERROR_INIT;
  check(holysheep_client_open(text.data, text.size, &client, &error), error);
  handle_.reset(client);
}

holysheep_request_id Client::submit_to(holysheep_queue* queue, std::uint64_t user_data,
                                       const RequestArguments& arguments) {
  holysheep_request request = HOLYSHEEP_REQUEST_INIT;
  const auto set = [](const TextView& text, const char*& data, std::size_t& size) {
    data = text.data;
    size = text.size;
  };
  set(view_of(arguments.method), request.method, request.method_size);
  set(view_of(arguments.path), request.path, request.path_size);
  set(view_of(arguments.headers), request.headers, request.headers_size);
  set(view_of(arguments.options), request.options, request.options_size);
  JsonBody made(the_converter);
  set(body_of(arguments.body, made), request.body, request.body_size);
  request.stream = arguments.stream;
  request.timeout_ms = arguments.timeout_ms;
  request.user_data = user_data;
  holysheep_request_id id = 0;
  holysheep_error error = HOLYSHEEP_ERROR_INIT;
  const auto submit = [&] { return holysheep_submit(get(), queue, &request, &id, &error); };
  check(request.body_size > kLargeBodyBytes ? released(submit) : submit(), error);
  return id;
}

std::unique_ptr<Outcome> Client::call(const RequestArguments& arguments) {
  const Queue queue;
  const holysheep_request_id id = submit_to(queue.get(), 0, arguments);
  try {
    const BatchHandle batch = wait_for_events(queue.get(), -1);  // one event, DONE
    return take_outcome(batch.get(), 0);
  } catch (const py::error_already_set&) {
    holysheep_cancel(get(), id);
    throw;
  }
}

holysheep_request_id Client::submit(const Queue& queue, std::uint64_t user_data,
                                    const RequestArguments& arguments) {
  return submit_to(queue.get(), user_data, arguments);
}

bool Client::drain(std::int64_t timeout_ms) {
  return released([&] { return holysheep_client_drain(get(), timeout_ms); }) == HOLYSHEEP_OK;
}

void Client::set_key(py::handle endpoint, py::handle key) {
  const TextView name = view_of(endpoint);
  const TextView text = view_of(key);
  holysheep_error error = HOLYSHEEP_ERROR_INIT;
  check(holysheep_client_set_key(get(), name.data, name.size, text.data, text.size, &error), error);
}

void Client::reset(py::handle endpoint) {
  const TextView name = view_of(endpoint);
  holysheep_error error = HOLYSHEEP_ERROR_INIT;
  check(holysheep_client_reset(get(), name.data, name.size, &error), error);
}

void Client::log(const Queue& queue, int level) {
  check(holysheep_client_log(get(), queue.get(), level), "the client is closed");
}

py::str Client::status() const {
  holysheep_text* text = nullptr;
  check(holysheep_client_status(get(), &text), "this client was opened before fork()");
  return text_of(text);
}

py::str Client::metrics() const {
  holysheep_text* text = nullptr;
  check(holysheep_client_metrics(get(), &text), "this client was opened before fork()");
  return text_of(text);
}

py::str Client::config() const {
  holysheep_text* text = nullptr;
  check(holysheep_client_config(get(), &text), "this client was opened before fork()");
  return text_of(text);
}

// ---- Mock ------------------------------------------------------------------------------------

Mock::Mock(py::handle script) {
  const TextView text = view_of(script);
  holysheep_mock* mock = nullptr;
  holysheep_error error = HOLYSHEEP_ERROR_INIT;
  check(holysheep_mock_open(text.data, text.size, &mock, &error), error);
  handle_.reset(mock);
}

py::str Mock::config() const {
  holysheep_text* text = nullptr;
  check(holysheep_mock_config(handle_.get(), &text), "the mock pool is closed");
  return text_of(text);
}

py::str Mock::requests() const {
  holysheep_text* text = nullptr;
  check(holysheep_mock_requests(handle_.get(), &text), "the mock pool is closed");
  return text_of(text);
}

std::int64_t Mock::count(py::handle endpoint) const {
  const TextView name = view_of(endpoint);
  return holysheep_mock_count(handle_.get(), name.data, name.size);
}

bool Mock::wait(py::handle endpoint, std::int64_t count, std::int64_t timeout_ms) const {
  const TextView name = view_of(endpoint);
  return released([&] {
           return holysheep_mock_await(handle_.get(), name.data, name.size, count, timeout_ms);
         }) == HOLYSHEEP_OK;
}

void Mock::set(py::handle endpoint, py::handle script) {
  const TextView name = view_of(endpoint);
  const TextView text = view_of(script);
  holysheep_error error = HOLYSHEEP_ERROR_INIT;
  check(holysheep_mock_set(handle_.get(), name.data, name.size, text.data, text.size, &error),
        error);
}

}  // namespace holysheep::python
