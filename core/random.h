// Our own generator (xoshiro256**, Blackman and Vigna 2018, seeded by splitmix64) and
// distributions: the standard library's differ between implementations, and a seed must replay
// exactly.
#pragma once

#include <cstdint>

namespace holysheep {

class Random {
 public:
  explicit Random(std::uint64_t seed);
  std::uint64_t next();
  // Uniform in [0, 1), 53 bits.
  double uniform();
  // Uniform in [0, bound); 0 for bound 0.
  std::uint64_t below(std::uint64_t bound);

 private:
  std::uint64_t state_[4];
};

// A seed from the operating system. The one place where chance comes in from outside.
std::uint64_t system_seed();

}  // namespace holysheep
