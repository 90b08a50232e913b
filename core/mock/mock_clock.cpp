#include "core/mock/mock_clock.h"

#include <sys/eventfd.h>
#include <time.h>

#include <atomic>
#include <mutex>
#include <type_traits>

namespace holysheep {
namespace {

constinit std::atomic<Nanos> clock_offset{0};
constinit std::mutex sleepers_mutex;
constinit MockClockSleeper* first_sleeper = nullptr;

static_assert(std::is_trivially_destructible_v<std::mutex>);

Nanos read_clock(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<Nanos>(time.tv_sec) * kSecond + time.tv_nsec;
}

}  // namespace

Now mock_clock_now() {
  const Nanos offset = clock_offset.load(std::memory_order_relaxed);
  return {saturating_add(read_clock(CLOCK_MONOTONIC), offset),
          saturating_add(read_clock(CLOCK_REALTIME), offset)};
}

void mock_clock_advance(Nanos duration) {
  if (duration <= 0) return;
  const std::lock_guard<std::mutex> lock(sleepers_mutex);
  clock_offset.store(saturating_add(clock_offset.load(std::memory_order_relaxed), duration),
                     std::memory_order_relaxed);
  for (MockClockSleeper* each = first_sleeper; each != nullptr; each = each->next_) {
    eventfd_write(each->wake_fd_, 1);
  }
}

MockClockSleeper::MockClockSleeper(int wake_fd) : wake_fd_(wake_fd) {
  const std::lock_guard<std::mutex> lock(sleepers_mutex);
  next_ = first_sleeper;
  first_sleeper = this;
}

MockClockSleeper::~MockClockSleeper() {
  const std::lock_guard<std::mutex> lock(sleepers_mutex);
  MockClockSleeper** link = &first_sleeper;
  while (*link != this)
    link = &(*link)->next_;
  *link = next_;
}

}  // namespace holysheep
