// What happened in the last minutes: counts in 60 slots of equal length, the oldest forgotten as
// time goes on. Constant memory; the sums of the writer cost nothing to keep.
//
// Threads: one writer, any readers (tally.h). A reader that meets the writer at the turn of a slot
// may miss that slot.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "core/duration.h"
#include "core/tally.h"

namespace holysheep {

struct WindowCounts {
  std::uint64_t total = 0;
  std::uint64_t rate_limited = 0;
  std::uint64_t failed = 0;
  std::uint64_t rejected = 0;
};

class RateWindow {
 public:
  static constexpr std::size_t kSlots = 60;

  // The whole window; at least a millisecond for each slot.
  explicit RateWindow(Nanos length) { set_length(length); }
  // Any thread. What was counted before is forgotten at the next count.
  void set_length(Nanos length);
  Nanos slot_length() const { return slot_.get(); }

  void count(Nanos now_mono, const WindowCounts& more);
  // The writer's: what the window holds, exact.
  WindowCounts counts(Nanos now_mono);
  // Any reader's.
  WindowCounts read(Nanos now_mono) const;
  // Slot by slot, the oldest first; the last one is not over yet.
  std::array<WindowCounts, kSlots> slots(Nanos now_mono) const;

 private:
  struct Slot {
    Single<std::int64_t> epoch;  // which slot of time it holds now, + 1; 0: none
    Single<std::uint32_t> total;
    Single<std::uint32_t> rate_limited;
    Single<std::uint32_t> failed;
    Single<std::uint32_t> rejected;
  };
  void advance(Nanos now_mono);
  void forget(Slot& slot);
  static WindowCounts of(const Slot& slot);

  Single<Nanos> slot_;
  std::array<Slot, kSlots> slots_;
  // The writer's.
  Nanos used_slot_ = 0;
  std::int64_t newest_ = 0;
  WindowCounts sums_;
};

}  // namespace holysheep
