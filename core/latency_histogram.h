// Latencies in constant memory. Two views of the same records: quantiles from a log-linear
// histogram (32 steps to each doubling, so that a quantile is at most 1.6 % off), and cumulative
// counts at fixed bounds, as Prometheus wants them.
//
// Threads: one writer, any readers (tally.h).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "core/duration.h"
#include "core/tally.h"

namespace holysheep {

class LatencyHistogram {
 public:
  // Upper bounds in milliseconds; the last bucket, +Inf, has none. From a cache hit on the same
  // machine to a long reasoning answer.
  static constexpr std::array<std::int64_t, 15> kBoundsMs = {
      10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000, 60000, 120000, 300000, 600000};

  void record(Nanos latency);

  std::uint64_t count() const { return count_.get(); }
  Nanos sum() const { return sum_.get(); }
  // How many were above bound `index` - 1 and not above bound `index`.
  std::uint64_t bucket(std::size_t index) const { return buckets_[index].get(); }
  // The latency that the share `quantile` (0 … 1) of the records does not exceed; 0 if there are
  // none.
  Nanos quantile(double quantile) const;

 private:
  // Microseconds: exact below 2^kLinearBits, then 2^kLinearBits steps for each power of two up to
  // 2^kBitsMax µs (36 minutes), which everything longer counts as.
  static constexpr unsigned kLinearBits = 5;
  static constexpr unsigned kBitsMax = 31;
  static constexpr std::size_t kSteps = std::size_t{1} << kLinearBits;
  static constexpr std::size_t kCells = kSteps * (kBitsMax - kLinearBits + 1);

  static std::size_t cell_of(std::uint64_t microseconds);
  static Nanos middle_of(std::size_t cell);
  void halve();

  Tally count_;
  Single<Nanos> sum_;
  std::array<Tally, kBoundsMs.size()> buckets_;
  // 32 bits are enough, since all are halved when one is full: quantiles are shares.
  std::array<Single<std::uint32_t>, kCells> cells_;
};

}  // namespace holysheep
