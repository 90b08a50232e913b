#include "core/latency_histogram.h"

#include <algorithm>
#include <bit>
#include <limits>

namespace holysheep {

std::size_t LatencyHistogram::cell_of(std::uint64_t microseconds) {
  if (microseconds < kSteps) return static_cast<std::size_t>(microseconds);
  const std::uint64_t value =
      std::min<std::uint64_t>(microseconds, (std::uint64_t{1} << kBitsMax) - 1);
  const auto bits = static_cast<unsigned>(std::bit_width(value));  // above kLinearBits
  const unsigned shift = bits - 1 - kLinearBits;
  const std::size_t step = static_cast<std::size_t>(value >> shift) - kSteps;
  return kSteps * (shift + 1) + step;
}

Nanos LatencyHistogram::middle_of(std::size_t cell) {
  if (cell < kSteps) return static_cast<Nanos>(cell) * kMicrosecond + kMicrosecond / 2;
  const std::size_t shift = cell / kSteps - 1;
  const auto low = static_cast<Nanos>(kSteps + cell % kSteps) << shift;
  const Nanos width = Nanos{1} << shift;
  return low * kMicrosecond + width * kMicrosecond / 2;
}

void LatencyHistogram::record(Nanos latency) {
  latency = std::max<Nanos>(latency, 0);
  count_.add(1);
  sum_.add(latency);
  for (std::size_t i = 0; i < kBoundsMs.size(); ++i) {
    if (latency > kBoundsMs[i] * kMillisecond) continue;
    buckets_[i].add(1);
    break;
  }
  Single<std::uint32_t>& cell = cells_[cell_of(static_cast<std::uint64_t>(latency / kMicrosecond))];
  if (cell.get() == std::numeric_limits<std::uint32_t>::max()) halve();
  cell.add(1);
}

void LatencyHistogram::halve() {
  for (Single<std::uint32_t>& cell : cells_)
    cell.set(cell.get() / 2);
}

Nanos LatencyHistogram::quantile(double quantile) const {
  std::uint64_t total = 0;
  for (const Single<std::uint32_t>& cell : cells_)
    total += cell.get();
  if (total == 0) return 0;
  const auto rank = static_cast<std::uint64_t>(quantile * static_cast<double>(total - 1));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < kCells; ++i) {
    seen += cells_[i].get();
    if (seen > rank) return middle_of(i);
  }
  return middle_of(kCells - 1);
}

}  // namespace holysheep
