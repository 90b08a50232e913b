// Completions on their way to one event loop: a locked list, filled once per engine turn, emptied
// in batches. Wakes its reader in drain(), through a descriptor that is readable while the queue is
// not empty, or through a notify function; each costs only those who use it.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/duration.h"
#include "core/result.h"
#include "core/wake_word.h"

namespace holysheep {

using CallId = std::uint64_t;
// One handle of a client: calls of a closed handle end, others go on.
using HandleId = std::uint32_t;

// Everything that stands beside a body; becomes JSON only when asked for (call_report.h).
struct CallReport;

struct Completion {
  enum class Kind : std::uint8_t {
    headers = 1,
    data = 2,
    restarted = 3,
    done = 4,
    log = 5,
    alert = 6
  };
  Kind kind = Kind::done;
  Status status = Status::ok;
  int http_status = 0;
  std::uint32_t flags = 0;
  int attempts = 0;
  int log_level = 0;
  CallId call = 0;
  std::uint64_t user_data = 0;
  std::int64_t retry_after_ms = -1;
  std::string data;
  std::string name;
  std::shared_ptr<const CallReport> report;
};

// Bits of Completion::flags: the same as HOLYSHEEP_FLAG_*.
constexpr std::uint32_t kFlagAllEndpointsFailed = 1;
constexpr std::uint32_t kFlagRetryable = 2;
constexpr std::uint32_t kFlagNothingSent = 4;
constexpr std::uint32_t kFlagMaybeBilled = 8;

class Queue {
 public:
  Queue() = default;
  ~Queue();
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;

  // Takes all of `completions` and leaves it empty. `log_records_max` > 0: these are log records or
  // alerts, and the queue's oldest of the two give way when there are more than that.
  void push(std::vector<Completion>& completions, std::size_t log_records_max = 0);
  // Any thread. See holysheep_queue_drain.
  Status drain(std::size_t max, std::int64_t timeout_ms, std::vector<Completion>& out);
  void interrupt();
  Status descriptor(int* fd);
  using Notify = void (*)(void* context);
  Status set_notify(Notify notify, void* context);
  // The user has freed it: later pushes are dropped.
  void abandon();
  bool abandoned() const { return abandoned_.load(std::memory_order_acquire); }

 private:
  void signal_locked();
  void call_notify(std::unique_lock<std::mutex>& lock);
  void wait_locked(std::unique_lock<std::mutex>& lock, std::int64_t timeout_ms);
  void drop_old_records_locked(std::size_t log_records_max);

  std::mutex mutex_;
  WakeWord ready_;
  std::vector<Completion> items_;
  std::size_t first_ = 0;  // items before it have been drained
  std::size_t waiting_ = 0;
  std::uint64_t interrupts_ = 0;
  int read_fd_ = -1;
  int write_fd_ = -1;
  bool signalled_ = false;
  Notify notify_ = nullptr;
  void* context_ = nullptr;
  int notifying_ = 0;  // how many threads are inside notify: several engines may share the queue
  std::condition_variable notified_;
  std::atomic<bool> abandoned_{false};
};

}  // namespace holysheep
