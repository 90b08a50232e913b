// A number that one thread writes and any thread reads: no lock, no locked instruction. Readers may
// see one tally before another that was written first; each by itself is exact. With several
// writers (a monitor used alone) a lock makes them one after another.
#pragma once

#include <atomic>
#include <cstdint>

namespace holysheep {

template <typename Number>
class Single {
 public:
  Number get() const { return value_.load(std::memory_order_relaxed); }
  void set(Number value) { value_.store(value, std::memory_order_relaxed); }
  void add(Number more) { set(static_cast<Number>(get() + more)); }

 private:
  std::atomic<Number> value_{0};
};

using Tally = Single<std::uint64_t>;

}  // namespace holysheep
