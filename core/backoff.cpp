// Exponential delays with and without jitter. Integers throughout: a seed replays exactly on every
// machine.
#include "core/backoff.h"

#include <algorithm>

namespace holysheep {

Nanos exponential_delay(Nanos base, int exponent, Nanos max) {
  if (base <= 0 || max <= 0) return 0;
  // 2^62 is the greatest power of two in Nanos; beyond it every positive base is above every max.
  const int shift = std::clamp(exponent, 0, 62);
  return base > (max >> shift) ? max : std::min(base << shift, max);
}

Nanos full_jitter_delay(Nanos base, int exponent, Nanos max, Random& random) {
  const Nanos greatest = exponential_delay(base, exponent, max);
  return static_cast<Nanos>(random.below(static_cast<std::uint64_t>(greatest) + 1));
}

Nanos equal_jitter_delay(Nanos base, int exponent, Nanos max, Random& random) {
  const Nanos greatest = exponential_delay(base, exponent, max);
  const Nanos half = greatest / 2;
  return half + static_cast<Nanos>(random.below(static_cast<std::uint64_t>(greatest - half) + 1));
}

}  // namespace holysheep
