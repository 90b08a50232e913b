#include "core/rate_window.h"

#include <algorithm>

namespace holysheep {
namespace {

constexpr auto kSlotCount = static_cast<std::int64_t>(RateWindow::kSlots);

std::int64_t epoch_of(Nanos now_mono, Nanos slot) {
  return now_mono / slot + 1;
}

}  // namespace

void RateWindow::set_length(Nanos length) {
  slot_.set(std::max<Nanos>(length / kSlotCount, kMillisecond));
}

WindowCounts RateWindow::of(const Slot& slot) {
  return {slot.total.get(), slot.rate_limited.get(), slot.failed.get(), slot.rejected.get()};
}

void RateWindow::forget(Slot& slot) {
  const WindowCounts gone = of(slot);
  sums_.total -= gone.total;
  sums_.rate_limited -= gone.rate_limited;
  sums_.failed -= gone.failed;
  sums_.rejected -= gone.rejected;
  slot.total.set(0);
  slot.rate_limited.set(0);
  slot.failed.set(0);
  slot.rejected.set(0);
  slot.epoch.set(0);
}

void RateWindow::advance(Nanos now_mono) {
  const Nanos length = slot_.get();
  if (length != used_slot_) {
    for (Slot& slot : slots_)
      forget(slot);
    used_slot_ = length;
    newest_ = 0;
  }
  const std::int64_t epoch = epoch_of(now_mono, length);
  if (epoch <= newest_) return;
  const std::int64_t first = std::max(newest_ + 1, epoch - kSlotCount + 1);
  for (std::int64_t each = first; each <= epoch; ++each)
    forget(slots_[static_cast<std::size_t>(each % kSlotCount)]);
  newest_ = epoch;
}

void RateWindow::count(Nanos now_mono, const WindowCounts& more) {
  advance(now_mono);
  Slot& slot = slots_[static_cast<std::size_t>(newest_ % kSlotCount)];
  slot.total.add(static_cast<std::uint32_t>(more.total));
  slot.rate_limited.add(static_cast<std::uint32_t>(more.rate_limited));
  slot.failed.add(static_cast<std::uint32_t>(more.failed));
  slot.rejected.add(static_cast<std::uint32_t>(more.rejected));
  slot.epoch.set(newest_);
  sums_.total += more.total;
  sums_.rate_limited += more.rate_limited;
  sums_.failed += more.failed;
  sums_.rejected += more.rejected;
}

WindowCounts RateWindow::counts(Nanos now_mono) {
  advance(now_mono);
  return sums_;
}

std::array<WindowCounts, RateWindow::kSlots> RateWindow::slots(Nanos now_mono) const {
  std::array<WindowCounts, kSlots> found;
  const std::int64_t newest = epoch_of(now_mono, slot_.get());
  for (const Slot& slot : slots_) {
    const std::int64_t age = newest - slot.epoch.get();
    if (age < 0 || age >= kSlotCount) continue;
    found[static_cast<std::size_t>(kSlotCount - 1 - age)] = of(slot);
  }
  return found;
}

WindowCounts RateWindow::read(Nanos now_mono) const {
  WindowCounts sum;
  for (const WindowCounts& slot : slots(now_mono)) {
    sum.total += slot.total;
    sum.rate_limited += slot.rate_limited;
    sum.failed += slot.failed;
    sum.rejected += slot.rejected;
  }
  return sum;
}

}  // namespace holysheep
