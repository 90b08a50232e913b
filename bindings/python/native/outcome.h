// What the binding keeps of the C ABI's objects: each is owned by one C++ object, freed once, and
// shown to Python as it is. Threads: whoever holds the GIL.
#pragma once

#include <pybind11/pybind11.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

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
using BatchHandle = std::unique_ptr<holysheep_batch, Freed<holysheep_batch_free>>;
using QueueHandle = std::unique_ptr<holysheep_queue, Freed<holysheep_queue_free>>;
using ClientHandle = std::unique_ptr<holysheep_client, Freed<holysheep_client_free>>;
using TextHandle = std::unique_ptr<holysheep_text, Freed<holysheep_text_free>>;
using MockHandle = std::unique_ptr<holysheep_mock, Freed<holysheep_mock_free>>;

// A function of the C ABI did not do what it was asked: becomes the Python exception
// `_native.Failure(status, message, http_status, flags, retry_after_ms)`.
struct Failure {
  holysheep_error error;
};
[[noreturn]] void fail(holysheep_status status, std::string_view message);
void check(holysheep_status status, std::string_view message);
inline void check(holysheep_status status, const holysheep_error& error) {
  if (status != HOLYSHEEP_OK) throw Failure{error};
}

// A text that the library made, as a Python string.
pybind11::str text_of(holysheep_text* text);
// A string's bytes, good as long as the string; NULL for None.
struct TextView {
  const char* data = nullptr;
  std::size_t size = 0;
};
TextView view_of(pybind11::handle text);

// A HEADERS or DONE event, with its body and what stands beside it, read when asked for.
class Outcome {
 public:
  Outcome(BatchHandle batch, const holysheep_event& event)
      : batch_(std::move(batch)), event_(event) {}

  holysheep_event_kind kind() const { return event_.kind; }
  holysheep_status status() const { return event_.status; }
  int http_status() const { return event_.http_status; }
  std::uint32_t flags() const { return event_.flags; }
  int attempts() const { return event_.attempts; }
  std::int64_t retry_after_ms() const { return event_.retry_after_ms; }
  pybind11::str message() const { return {event_.name, event_.name_size}; }
  pybind11::bytes body() const { return {event_.data, event_.data_size}; }
  // The body as text; bytes that are no UTF-8 are replaced.
  pybind11::str text() const;
  pybind11::str meta() const;

 private:
  BatchHandle batch_;
  holysheep_event event_;
};

// Waits for events with the GIL released. Signal handlers run while the main thread waits, and what
// they raise is thrown; other threads wait without waking. The batch is null if the time was up.
BatchHandle wait_for_events(holysheep_queue* queue, std::int64_t timeout_ms);
// Event number `index`, taken out of its batch.
std::unique_ptr<Outcome> take_outcome(holysheep_batch* batch, std::size_t index);

}  // namespace holysheep::python
