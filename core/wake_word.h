// A number that a thread can sleep on until somebody changes it: what a condition variable is made
// of, without its mutex. glibc's condition variable takes its mutex back as "contended", so that
// every wake-up costs a third system call; here it costs two, one to sleep and one to wake.
//
// The number is changed under the lock that guards what it stands for, and read under it before
// wait(): a change in between ends the wait at once. Linux: a futex. Elsewhere: a condition
// variable.
//
// Threads: any. Lifetime: whoever calls wake_all() keeps it alive.
#pragma once

#include <atomic>
#include <cstdint>
#if !defined(__linux__)
#include <condition_variable>
#include <mutex>
#endif

#include "core/duration.h"

namespace holysheep {

class WakeWord {
 public:
  std::uint32_t value() const { return value_.load(std::memory_order_acquire); }
  // Sleepers of the old number return; call wake_all() after it, outside of the lock.
  void change() { value_.fetch_add(1, std::memory_order_acq_rel); }
  void wake_all();
  // Sleeps while the number is `seen`, for `duration` at most (kNever: without limit). May return
  // early: the caller looks again.
  void wait(std::uint32_t seen, Nanos duration);

 private:
  std::atomic<std::uint32_t> value_{0};
#if !defined(__linux__)
  std::mutex mutex_;
  std::condition_variable changed_;
#endif
};

}  // namespace holysheep
