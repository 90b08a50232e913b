// Queues and the batches that are drained from them.

#include <cstddef>
#include <cstring>
#include <memory>
#include <utility>

#include "capi/error.h"
#include "capi/objects.h"
#include "core/call_report.h"

using holysheep::Completion;
using holysheep::guarded;
using holysheep::Status;
using holysheep::usable;

namespace {

// The layout that other languages' structs repeat by hand: it never changes, it only grows.
static_assert(sizeof(holysheep_event) == 80);
static_assert(offsetof(holysheep_event, struct_size) == 0);
static_assert(offsetof(holysheep_event, kind) == 4);
static_assert(offsetof(holysheep_event, request) == 8);
static_assert(offsetof(holysheep_event, user_data) == 16);
static_assert(offsetof(holysheep_event, status) == 24);
static_assert(offsetof(holysheep_event, http_status) == 28);
static_assert(offsetof(holysheep_event, flags) == 32);
static_assert(offsetof(holysheep_event, attempts) == 36);
static_assert(offsetof(holysheep_event, retry_after_ms) == 40);
static_assert(offsetof(holysheep_event, data) == 48);
static_assert(offsetof(holysheep_event, data_size) == 56);
static_assert(offsetof(holysheep_event, name) == 64);
static_assert(offsetof(holysheep_event, name_size) == 72);

// Events and flags are the same numbers on both sides of the line.
constexpr bool same(Completion::Kind kind, holysheep_event_kind number) {
  return static_cast<holysheep_event_kind>(kind) == number;
}
static_assert(same(Completion::Kind::headers, HOLYSHEEP_EVENT_HEADERS));
static_assert(same(Completion::Kind::data, HOLYSHEEP_EVENT_DATA));
static_assert(same(Completion::Kind::restarted, HOLYSHEEP_EVENT_RESTARTED));
static_assert(same(Completion::Kind::done, HOLYSHEEP_EVENT_DONE));
static_assert(same(Completion::Kind::log, HOLYSHEEP_EVENT_LOG));
static_assert(same(Completion::Kind::alert, HOLYSHEEP_EVENT_ALERT));
static_assert(holysheep::kFlagAllEndpointsFailed == HOLYSHEEP_FLAG_ALL_ENDPOINTS_FAILED);
static_assert(holysheep::kFlagRetryable == HOLYSHEEP_FLAG_RETRYABLE);
static_assert(holysheep::kFlagNothingSent == HOLYSHEEP_FLAG_NOTHING_SENT);
static_assert(holysheep::kFlagMaybeBilled == HOLYSHEEP_FLAG_MAYBE_BILLED);

}  // namespace

holysheep_status holysheep_queue_new(holysheep_queue** queue) {
  return guarded(nullptr, [&]() -> holysheep_status {
    if (queue == nullptr) return HOLYSHEEP_E_INVALID_ARGUMENT;
    *queue = nullptr;
    auto fresh = std::make_unique<holysheep_queue>();
    fresh->queue = std::make_shared<holysheep::Queue>();
    fresh->pid = holysheep::process_id();
    *queue = fresh.release();
    return HOLYSHEEP_OK;
  });
}

void holysheep_queue_free(holysheep_queue* queue) {
  if (usable(queue) != HOLYSHEEP_OK) return;
  guarded(nullptr, [&]() -> holysheep_status {
    queue->queue->abandon();
    for (const auto& each : queue->hosts) {
      if (const auto host = each.lock()) host->engine().drop_queue(queue->queue);
    }
    return HOLYSHEEP_OK;
  });
  delete queue;
}

holysheep_status holysheep_queue_fd(holysheep_queue* queue, int* fd) {
  return guarded(nullptr, [&]() -> holysheep_status {
    if (fd == nullptr) return HOLYSHEEP_E_INVALID_ARGUMENT;
    *fd = -1;
    if (const holysheep_status status = usable(queue)) return status;
    return static_cast<holysheep_status>(queue->queue->descriptor(fd));
  });
}

holysheep_status holysheep_queue_set_notify(holysheep_queue* queue, holysheep_notify notify,
                                            void* context) {
  return guarded(nullptr, [&]() -> holysheep_status {
    if (const holysheep_status status = usable(queue)) return status;
    return static_cast<holysheep_status>(queue->queue->set_notify(notify, context));
  });
}

holysheep_status holysheep_queue_drain(holysheep_queue* queue, size_t max, int64_t timeout_ms,
                                       holysheep_batch** batch) {
  return guarded(nullptr, [&]() -> holysheep_status {
    if (batch == nullptr) return HOLYSHEEP_E_INVALID_ARGUMENT;
    *batch = nullptr;
    if (const holysheep_status status = usable(queue)) return status;
    auto fresh = std::make_unique<holysheep_batch>();
    const Status status = queue->queue->drain(max, timeout_ms, fresh->completions);
    if (status != Status::ok) return static_cast<holysheep_status>(status);
    *batch = fresh.release();
    return HOLYSHEEP_OK;
  });
}

void holysheep_queue_interrupt(holysheep_queue* queue) {
  if (usable(queue) == HOLYSHEEP_OK) queue->queue->interrupt();
}

size_t holysheep_batch_count(const holysheep_batch* batch) {
  return batch == nullptr ? 0 : batch->completions.size();
}

holysheep_status holysheep_batch_event(const holysheep_batch* batch, size_t index,
                                       holysheep_event* event) {
  if (batch == nullptr || event == nullptr || index >= batch->completions.size() ||
      event->struct_size < offsetof(holysheep_event, status)) {
    return HOLYSHEEP_E_INVALID_ARGUMENT;
  }
  const Completion& completion = batch->completions[index];
  holysheep_event full = HOLYSHEEP_EVENT_INIT;
  full.struct_size = event->struct_size;
  full.kind = static_cast<holysheep_event_kind>(completion.kind);
  full.request = completion.call;
  full.user_data = completion.user_data;
  full.status = completion.kind == Completion::Kind::log
                    ? completion.log_level
                    : static_cast<holysheep_status>(completion.status);
  full.http_status = completion.http_status;
  full.flags = completion.flags;
  full.attempts = completion.attempts;
  full.retry_after_ms = completion.retry_after_ms;
  full.data = completion.data.c_str();
  full.data_size = completion.data.size();
  full.name = completion.name.c_str();
  full.name_size = completion.name.size();
  std::memcpy(event, &full, std::min<std::size_t>(event->struct_size, sizeof full));
  return HOLYSHEEP_OK;
}

holysheep_status holysheep_batch_meta(holysheep_batch* batch, size_t index, const char** data,
                                      size_t* size) {
  return guarded(nullptr, [&]() -> holysheep_status {
    if (batch == nullptr || data == nullptr || index >= batch->completions.size()) {
      return HOLYSHEEP_E_INVALID_ARGUMENT;
    }
    const Completion& completion = batch->completions[index];
    if (completion.report == nullptr) return HOLYSHEEP_E_INVALID_ARGUMENT;
    batch->metas.resize(batch->completions.size());
    std::string& meta = batch->metas[index];
    if (meta.empty()) meta = holysheep::call_report_json(*completion.report);
    *data = meta.c_str();
    if (size != nullptr) *size = meta.size();
    return HOLYSHEEP_OK;
  });
}

holysheep_status holysheep_batch_take(holysheep_batch* batch, size_t index,
                                      holysheep_batch** taken) {
  return guarded(nullptr, [&]() -> holysheep_status {
    if (taken == nullptr) return HOLYSHEEP_E_INVALID_ARGUMENT;
    *taken = nullptr;
    if (batch == nullptr || index >= batch->completions.size()) return HOLYSHEEP_E_INVALID_ARGUMENT;
    auto fresh = std::make_unique<holysheep_batch>();
    Completion& from = batch->completions[index];
    const Completion numbers = {.kind = from.kind,
                                .status = from.status,
                                .http_status = from.http_status,
                                .flags = from.flags,
                                .attempts = from.attempts,
                                .log_level = from.log_level,
                                .call = from.call,
                                .user_data = from.user_data,
                                .retry_after_ms = from.retry_after_ms,
                                .data = {},
                                .name = {},
                                .report = {}};
    fresh->completions.push_back(std::move(from));
    from = numbers;
    if (index < batch->metas.size()) batch->metas[index].clear();
    *taken = fresh.release();
    return HOLYSHEEP_OK;
  });
}

void holysheep_batch_free(holysheep_batch* batch) {
  delete batch;
}
