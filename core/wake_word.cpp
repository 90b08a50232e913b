#include "core/wake_word.h"

#if defined(__linux__)
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <climits>
#include <ctime>
#else
#include <chrono>
#endif

namespace holysheep {

#if defined(__linux__)

static_assert(sizeof(std::atomic<std::uint32_t>) == sizeof(std::uint32_t));

void WakeWord::wake_all() {
  syscall(SYS_futex, &value_, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
}

void WakeWord::wait(std::uint32_t seen, Nanos duration) {
  timespec limit{};
  limit.tv_sec = static_cast<std::time_t>(duration / kSecond);
  limit.tv_nsec = static_cast<long>(duration % kSecond);
  syscall(SYS_futex, &value_, FUTEX_WAIT_PRIVATE, seen, duration == kNever ? nullptr : &limit,
          nullptr, 0);
}

#else

void WakeWord::wake_all() {
  // Whoever has looked at the number is either asleep or behind this lock.
  {
    const std::lock_guard<std::mutex> lock(mutex_);
  }
  changed_.notify_all();
}

void WakeWord::wait(std::uint32_t seen, Nanos duration) {
  std::unique_lock<std::mutex> lock(mutex_);
  const auto different = [&] { return value() != seen; };
  if (duration == kNever) {
    changed_.wait(lock, different);
  } else {
    changed_.wait_for(lock, std::chrono::nanoseconds(duration), different);
  }
}

#endif

}  // namespace holysheep
