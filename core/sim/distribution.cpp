#include "core/sim/distribution.h"

#include <algorithm>
#include <cmath>

namespace holysheep {
namespace {

// Twelve uniforms have variance 1: no further scaling. Their tails end at 6 sigma.
constexpr int kUniformsPerNormal = 12;
// Longer samples would only overflow: ten years, as everywhere.
constexpr double kMicrosecondsMax = 10.0 * 365 * 86400 * 1e6;

Nanos from_microseconds(double microseconds) {
  const double bounded = std::clamp(std::round(microseconds), 0.0, kMicrosecondsMax);
  return static_cast<Nanos>(bounded) * kMicrosecond;
}

}  // namespace

double Distribution::sample(Random& random) const {
  switch (kind) {
    case Kind::fixed:
      return first;
    case Kind::uniform:
      return first + (second - first) * random.uniform();
    case Kind::lognormal: {
      double normal = -kUniformsPerNormal / 2.0;
      for (int i = 0; i < kUniformsPerNormal; ++i)
        normal += random.uniform();
      return first * std::exp(second * normal);
    }
  }
  return first;
}

Nanos Distribution::sample_ms(Random& random) const {
  return from_microseconds(sample(random) * 1000);
}

std::int64_t Distribution::sample_count(Random& random, std::int64_t least) const {
  constexpr double kCountMax = 1e9;
  const double value = std::clamp(std::round(sample(random)), 0.0, kCountMax);
  return std::max(least, static_cast<std::int64_t>(value));
}

Nanos exponential_gap(double per_second, Random& random) {
  if (per_second <= 0) return kNever;
  return from_microseconds(-std::log(1.0 - random.uniform()) / per_second * 1e6);
}

std::uint64_t stream_seed(std::uint64_t seed, std::uint64_t stream) {
  Random mixer(seed ^ (0x9e3779b97f4a7c15U * (stream + 1)));
  return mixer.next();
}

}  // namespace holysheep
