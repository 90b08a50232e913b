// The n-th allocation fails: of the calling thread, or of all other threads (the engine's). Counts
// operator new; on the calling thread malloc, calloc and realloc too, where no sanitizer has them
// for itself. Not on the engine's thread: libcurl 7.88.1 divides by zero when its table of sockets
// gets no memory.
#pragma once

namespace memory_test {

enum class Whose { callers, others };

// While it lives, allocation number `number` (from 1) of those threads fails, and, with `lasting`,
// each one after it.
class FailingAllocation {
 public:
  FailingAllocation(Whose whose, long number, bool lasting = false);
  ~FailingAllocation();
  FailingAllocation(const FailingAllocation&) = delete;
  FailingAllocation& operator=(const FailingAllocation&) = delete;

  // False: there were fewer allocations than that so far.
  bool happened() const;
};

}  // namespace memory_test
