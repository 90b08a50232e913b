// Requests: submit, cancel, credit, and the blocking call that is made of them.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

#include "capi/error.h"
#include "capi/objects.h"
#include "core/request.h"

using holysheep::Completion;
using holysheep::Delivery;
using holysheep::Error;
using holysheep::fail;
using holysheep::guarded;
using holysheep::read_view;
using holysheep::Status;
using holysheep::usable;
using holysheep::view_fault;

// The layout that other languages' structs repeat by hand: it never changes, it only grows.
static_assert(sizeof(holysheep_request) == 120);
static_assert(offsetof(holysheep_request, struct_size) == 0);
static_assert(offsetof(holysheep_request, stream) == 4);
static_assert(offsetof(holysheep_request, method) == 8);
static_assert(offsetof(holysheep_request, method_size) == 16);
static_assert(offsetof(holysheep_request, path) == 24);
static_assert(offsetof(holysheep_request, path_size) == 32);
static_assert(offsetof(holysheep_request, headers) == 40);
static_assert(offsetof(holysheep_request, headers_size) == 48);
static_assert(offsetof(holysheep_request, body) == 56);
static_assert(offsetof(holysheep_request, body_size) == 64);
static_assert(offsetof(holysheep_request, content_type) == 72);
static_assert(offsetof(holysheep_request, content_type_size) == 80);
static_assert(offsetof(holysheep_request, timeout_ms) == 88);
static_assert(offsetof(holysheep_request, user_data) == 96);
static_assert(offsetof(holysheep_request, options) == 104);
static_assert(offsetof(holysheep_request, options_size) == 112);

namespace {

// Events of a call that asked for no batch of its own: all that there are at once.
constexpr std::size_t kDrainAll = 0;

holysheep_status refuse_object(holysheep_error* error, holysheep_status status, const char* name) {
  if (status == HOLYSHEEP_E_FORKED) {
    return fail(error, Status::forked,
                "this object was made before fork(): open a new client in the child process");
  }
  return fail(error, static_cast<Status>(status), std::string(name) + ": NULL");
}

// The caller's struct, as far as it reaches, over the defaults.
bool read_request(const holysheep_request* request, holysheep_request* full) {
  const holysheep_request defaults = HOLYSHEEP_REQUEST_INIT;
  *full = defaults;
  if (request == nullptr || request->struct_size < offsetof(holysheep_request, method))
    return false;
  // Whole fields only: a size that ends inside a pointer would leave half of one.
  constexpr std::uint32_t kFieldBytes = alignof(holysheep_request);
  const std::size_t size = request->struct_size / kFieldBytes * kFieldBytes;
  std::memcpy(full, request, std::min(size, sizeof *full));
  return true;
}

// Views of the request; the error names the field.
holysheep_status read_input(const holysheep_request& full, holysheep::RequestInput* input,
                            holysheep_error* error) {
  struct Field {
    const char* name;
    const char* data;
    std::size_t size;
    std::string_view* view;
  };
  std::string_view method;
  std::string_view path;
  const Field fields[] = {
      {"method", full.method, full.method_size, &method},
      {"path", full.path, full.path_size, &path},
      {"headers", full.headers, full.headers_size, &input->headers},
      {"body", full.body, full.body_size, &input->body},
      {"content_type", full.content_type, full.content_type_size, &input->content_type},
      {"options", full.options, full.options_size, &input->options},
  };
  for (const Field& field : fields) {
    if (field.data == nullptr) continue;
    if (!read_view(field.data, field.size, field.view)) {
      return fail(error, Status::invalid_argument,
                  view_fault(std::string("request.") + field.name, field.data));
    }
  }
  if (full.method != nullptr) input->method = method;
  if (full.path != nullptr) input->path = path;
  input->has_body = full.body != nullptr;
  input->timeout_ms = full.timeout_ms;
  switch (full.stream) {
    case HOLYSHEEP_STREAM_NONE:
      input->delivery = Delivery::whole;
      return HOLYSHEEP_OK;
    case HOLYSHEEP_STREAM_EVENTS:
      input->delivery = Delivery::events;
      return HOLYSHEEP_OK;
    case HOLYSHEEP_STREAM_BYTES:
      input->delivery = Delivery::bytes;
      return HOLYSHEEP_OK;
    default:
      return fail(error, Status::invalid_argument,
                  "request.stream: expected HOLYSHEEP_STREAM_NONE, _EVENTS or _BYTES");
  }
}

holysheep_status submit(holysheep_client* client, std::shared_ptr<holysheep::Queue> queue,
                        const holysheep_request* request, holysheep_request_id* id,
                        holysheep_error* error) {
  holysheep_request full;
  if (!read_request(request, &full)) {
    return fail(error, Status::invalid_argument,
                "request: NULL, or struct_size is not set (use HOLYSHEEP_REQUEST_INIT)");
  }
  if (client->closed || client->draining) {
    return fail(error, Status::closed, "the client is closed or draining");
  }
  holysheep::RequestInput input;
  if (const holysheep_status status = read_input(full, &input, error)) return status;
  holysheep::Engine& engine = client->host->engine();
  auto made = holysheep::make_request(input, engine.config());
  if (!made) return fail(error, made.error());
  Error cause;
  const Status status = engine.submit(std::move(made).value(), std::move(queue), full.user_data,
                                      client->handle, id, &cause);
  if (status != Status::ok) return fail(error, cause);
  // Closing may have passed between the check and the submit: then this call is cancelled too.
  if (client->closed) engine.close_handle(client->handle);
  return HOLYSHEEP_OK;
}

// Drains until DONE; gives the credit of streams back as it goes.
holysheep_status wait_for_done(holysheep_client* client, holysheep::Queue& queue,
                               holysheep_request_id id, holysheep_batch* batch) {
  std::vector<Completion> some;
  for (;;) {
    some.clear();
    if (queue.drain(kDrainAll, -1, some) != Status::ok) return HOLYSHEEP_E_INTERNAL;
    std::size_t bytes = 0;
    for (Completion& each : some) {
      if (each.kind == Completion::Kind::data) bytes += each.data.size();
      if (each.kind == Completion::Kind::restarted) {
        batch->completions.clear();
        continue;
      }
      batch->completions.push_back(std::move(each));
    }
    if (batch->completions.empty()) continue;  // restarted, and nothing since
    const Completion& last = batch->completions.back();
    if (last.kind == Completion::Kind::done) return static_cast<holysheep_status>(last.status);
    if (bytes > 0) client->host->engine().credit(id, bytes);
  }
}

}  // namespace

holysheep_status holysheep_submit(holysheep_client* client, holysheep_queue* queue,
                                  const holysheep_request* request, holysheep_request_id* id,
                                  holysheep_error* error) {
  return guarded(error, [&]() -> holysheep_status {
    if (id == nullptr) return fail(error, Status::invalid_argument, "id: NULL");
    *id = 0;
    if (const auto status = usable(client)) return refuse_object(error, status, "client");
    if (const auto status = usable(queue)) return refuse_object(error, status, "queue");
    queue->remember(*client);
    return submit(client, queue->queue, request, id, error);
  });
}

holysheep_status holysheep_cancel(holysheep_client* client, holysheep_request_id id) {
  return guarded(nullptr, [&]() -> holysheep_status {
    if (const holysheep_status status = usable(client)) return status;
    return static_cast<holysheep_status>(client->host->engine().cancel(id));
  });
}

holysheep_status holysheep_credit(holysheep_client* client, holysheep_request_id id, size_t bytes) {
  return guarded(nullptr, [&]() -> holysheep_status {
    if (const holysheep_status status = usable(client)) return status;
    return static_cast<holysheep_status>(client->host->engine().credit(id, bytes));
  });
}

holysheep_status holysheep_call(holysheep_client* client, const holysheep_request* request,
                                holysheep_batch** batch, holysheep_error* error) {
  return guarded(error, [&]() -> holysheep_status {
    if (batch == nullptr) return fail(error, Status::invalid_argument, "batch: NULL");
    *batch = nullptr;
    if (const auto status = usable(client)) return refuse_object(error, status, "client");
    auto queue = std::make_shared<holysheep::Queue>();
    auto fresh = std::make_unique<holysheep_batch>();
    holysheep_request_id id = 0;
    if (const holysheep_status status = submit(client, queue, request, &id, error)) return status;
    holysheep_status status = HOLYSHEEP_OK;
    try {
      status = wait_for_done(client, *queue, id, fresh.get());
    } catch (const std::bad_alloc&) {
      client->host->engine().cancel(id);  // nobody would read its answer
      return fail(error, Status::no_memory, "out of memory");
    }
    const Completion& done = fresh->completions.back();
    if (status != HOLYSHEEP_OK) {
      holysheep::ErrorDetail detail;
      detail.http_status = done.http_status;
      detail.flags = done.flags;
      detail.retry_after_ms = done.retry_after_ms;
      fail(error, static_cast<Status>(status), done.name, detail);
    }
    *batch = fresh.release();
    return status;
  });
}
