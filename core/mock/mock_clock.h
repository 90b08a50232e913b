// The mock pools' clock: the system's clocks plus one offset shared by every pool of the process.
// Moving the offset moves limiters, delays and recorded times at once, so that a minute's limit is
// tested in milliseconds.
#pragma once

#include "core/duration.h"

namespace holysheep {

// Both clocks with the offset added. Any thread.
Now mock_clock_now();

// Moves the clock of every pool forward and lets their threads see to what became due. Any thread.
void mock_clock_advance(Nanos duration);

// A thread that must wake when the clock is moved. `wake_fd` is an eventfd; it stays valid until
// the sleeper is gone, which waits for an advance that is under way.
class MockClockSleeper {
 public:
  explicit MockClockSleeper(int wake_fd);
  ~MockClockSleeper();
  MockClockSleeper(const MockClockSleeper&) = delete;
  MockClockSleeper& operator=(const MockClockSleeper&) = delete;

 private:
  friend void mock_clock_advance(Nanos duration);
  int wake_fd_;
  MockClockSleeper* next_ = nullptr;
};

}  // namespace holysheep
