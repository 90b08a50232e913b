#include "core/mock/mock_clock.h"

#include <sys/eventfd.h>

#include <atomic>
#include <mutex>
#include <type_traits>

#include "core/loop.h"

namespace holysheep {
namespace {

constinit std::atomic<Nanos> clock_offset{0};
constinit std::mutex sleepers_mutex;
constinit MockClockSleeper* first_sleeper = nullptr;

static_assert(std::is_trivially_destructible_v<std::mutex>);

}  // namespace

Now mock_clock_now() {
  const Nanos offset = clock_offset.load(std::memory_order_relaxed);
  const Now real = read_clocks();
  return {saturating_add(real.mono, offset), saturating_add(real.unix, offset)};
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
