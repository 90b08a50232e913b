// From the queue into JavaScript: one call for each batch, records and texts as layout.h says.
#include <cstring>
#include <system_error>
#include <utility>

#include "bindings/node/native/addon.h"
#include "bindings/node/native/layout.h"

namespace holysheep::node {
namespace {

std::string_view meta_of(holysheep_batch* batch, std::size_t index) {
  const char* data = nullptr;
  std::size_t size = 0;
  if (holysheep_batch_meta(batch, index, &data, &size) != HOLYSHEEP_OK) return {};
  return {data, size};
}

void fill_record(const holysheep_event& event, double owner, double* record) {
  record[kKind] = event.kind;
  record[kSlot] = owner;
  record[kStatus] = event.status;
  record[kHttpStatus] = event.http_status;
  record[kFlags] = event.flags;
  record[kAttempts] = event.attempts;
  record[kRetryAfterMs] = static_cast<double>(event.retry_after_ms);
  record[kBytes] = static_cast<double>(event.data_size);
}

}  // namespace

void Addon::deliver() {
  if (ended_) return;
  const Napi::HandleScope scope(env_);
  settle_background();
  // Callbacks may open and close clients.
  double owner = 0;
  for (auto at = listeners_.begin(); at != listeners_.end(); at = listeners_.upper_bound(owner)) {
    owner = at->first;
    deliver_from(at->second.get(), owner);
  }
  deliver_from(queue_.get(), 0);
}

// onEvents(number of records, whether more wait, ...texts)
void Addon::deliver_from(holysheep_queue* queue, double owner) {
  const Napi::Function on_events = on_events_.Value();
  if (on_events.IsEmpty()) return;  // forget() comes next
  holysheep_batch* drained = nullptr;
  if (holysheep_queue_drain(queue, kEventsMax, 0, &drained) != HOLYSHEEP_OK) return;
  const Batch batch(drained);
  values_.assign(2, nullptr);
  values_[0] = make_number(env_, static_cast<double>(fill(drained, owner)));
  napi_get_boolean(env_, holysheep_batch_count(drained) == kEventsMax, &values_[1]);
  napi_value nobody = nullptr;
  napi_get_undefined(env_, &nobody);
  napi_call_function(env_, nobody, on_events, values_.size(), values_.data(), nullptr);
  // Ours does not throw; but out of memory or stack anything may, and what comes next would fail.
  bool has_thrown = false;
  napi_is_exception_pending(env_, &has_thrown);
  napi_value thrown = nullptr;
  if (has_thrown && napi_get_and_clear_last_exception(env_, &thrown) == napi_ok) {
    napi_fatal_exception(env_, thrown);
  }
}

std::size_t Addon::fill(holysheep_batch* batch, double owner) {
  const std::size_t count = holysheep_batch_count(batch);
  std::size_t records = 0;
  std::ptrdiff_t ended = 0;
  for (std::size_t i = 0; i < count; ++i) {
    holysheep_event event = HOLYSHEEP_EVENT_INIT;
    holysheep_batch_event(batch, i, &event);
    double* record = records_ + records++ * kRecordFields;
    const bool is_call = event.kind <= HOLYSHEEP_EVENT_DONE;
    fill_record(event, is_call ? static_cast<double>(event.user_data) : owner, record);
    if (!is_call) {
      push({event.data, event.data_size});
    } else if (event.kind == HOLYSHEEP_EVENT_HEADERS) {
      push(meta_of(batch, i));
    } else if (event.kind == HOLYSHEEP_EVENT_DONE) {
      fill_done(batch, i, event);
      ++ended;
    } else if (event.kind == HOLYSHEEP_EVENT_RESTARTED) {
      slots_[static_cast<std::size_t>(event.user_data)].shape.forget();
    } else if (event.kind == HOLYSHEEP_EVENT_DATA) {
      const Mode mode = slots_[static_cast<std::size_t>(event.user_data)].mode;
      if (mode == Mode::json_events) {
        i = fill_joined(batch, i, record);
      } else if (mode == Mode::events) {
        push({event.name, event.name_size});
        push({event.data, event.data_size});
      } else {
        push_bytes(event);
      }
    }
  }
  if (ended > 0) hold(-ended);
  return records;
}

// Pieces of one stream that came together become one JSON array: JavaScript parses once instead of
// piece by piece. Returns the index of the last one.
std::size_t Addon::fill_joined(holysheep_batch* batch, std::size_t index, double* record) {
  const std::size_t count = holysheep_batch_count(batch);
  holysheep_event event = HOLYSHEEP_EVENT_INIT;
  holysheep_batch_event(batch, index, &event);
  const std::uint64_t owner = event.user_data;
  Slot& slot = slots_[static_cast<std::size_t>(owner)];
  double bytes = 0;
  joined_.assign(1, '[');
  for (;; ++index) {
    slot.shape.append({event.data, event.data_size}, joined_);
    bytes += static_cast<double>(event.data_size);
    if (index + 1 == count) break;
    holysheep_batch_event(batch, index + 1, &event);
    if (event.kind != HOLYSHEEP_EVENT_DATA || event.user_data != owner) break;
    joined_.push_back(',');
  }
  joined_.push_back(']');
  record[kBytes] = bytes;
  push(joined_);
  return index;
}

void Addon::fill_done(holysheep_batch* batch, std::size_t index, const holysheep_event& event) {
  Slot& slot = slots_[static_cast<std::size_t>(event.user_data)];
  if (slot.mode == Mode::whole_bytes) {
    push_bytes(event);
  } else {
    push({event.data, event.data_size});
  }
  push(meta_of(batch, index));
  push({event.name, event.name_size});
  slot = Slot();
}

// A copy: memory that JavaScript does not own itself is forbidden in Electron.
void Addon::push_bytes(const holysheep_event& event) {
  napi_value made = nullptr;
  napi_create_buffer_copy(env_, event.data_size, event.data, nullptr, &made);
  values_.push_back(made);
}

// Runs on a thread of its own, and holds the loop until then.
napi_value Addon::in_background(std::function<Ending()> work,
                                std::shared_ptr<holysheep_client> client) {
  Background& entry = background_.emplace_back();
  entry.client = std::move(client);
  napi_value promise = nullptr;
  napi_create_promise(env_, &entry.promise, &promise);
  hold(1);
  auto run = [this, &entry, work = std::move(work)] {
    entry.ending = work();
    entry.done = true;
    wake_up_.NonBlockingCall();
  };
  try {
    entry.thread = std::thread(std::move(run));
  } catch (const std::system_error&) {
    entry.ending.status = HOLYSHEEP_E_LIMIT;
    std::strcpy(entry.ending.error.message, "no thread can be started");
    entry.done = true;
    wake_up_.NonBlockingCall();
  }
  return promise;
}

void Addon::settle_background() {
  std::erase_if(background_, [this](Background& entry) {
    if (!entry.done) return false;
    if (entry.thread.joinable()) entry.thread.join();
    const auto& [status, error, text] = entry.ending;
    napi_value result = text ? make_string(env_, text) : make_failure(env_, status, error);
    if (result == nullptr) napi_get_undefined(env_, &result);
    napi_resolve_deferred(env_, entry.promise, result);
    hold(-1);
    return true;
  });
}

}  // namespace holysheep::node
