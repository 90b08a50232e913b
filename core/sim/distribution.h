// A random quantity of a simulation: fixed, uniform or lognormal. Uses our own generator only; the
// normal deviate is a sum of uniforms (Irwin and Hall), so that the only library function on the
// way is exp() and a sample, rounded to whole microseconds where it is a time, replays on every
// machine.
#pragma once

#include <cstdint>

#include "core/duration.h"
#include "core/random.h"

namespace holysheep {

struct Distribution {
  enum class Kind : std::uint8_t { fixed, uniform, lognormal };
  Kind kind = Kind::fixed;
  double first = 0;   // the value; the lower bound; the median
  double second = 0;  // –; the upper bound; sigma of the logarithm

  static Distribution fixed(double value) { return {Kind::fixed, value, 0}; }
  double sample(Random& random) const;
  // The sample as milliseconds.
  Nanos sample_ms(Random& random) const;
  // The sample rounded to a whole number, at least `least`.
  std::int64_t sample_count(Random& random, std::int64_t least) const;
};

// The time to the next event of a Poisson process.
Nanos exponential_gap(double per_second, Random& random);

// The seed of one of the streams of a simulation: streams of one seed are independent.
std::uint64_t stream_seed(std::uint64_t seed, std::uint64_t stream);

}  // namespace holysheep
