// How long to wait before trying again. Formulas and sources: ALGORITHMS 2.1 (AWS "full jitter").
#pragma once

#include "core/duration.h"
#include "core/random.h"

namespace holysheep {

// base · 2^exponent, at most `max`; saturates, never overflows. The document's delay.
Nanos exponential_delay(Nanos base, int exponent, Nanos max);

// Uniform in [0, base · 2^exponent], at most `max`.
Nanos full_jitter_delay(Nanos base, int exponent, Nanos max, Random& random);

// Uniform in [1/2, 1] of base · 2^exponent, at most `max`: how long a breaker stays open.
Nanos equal_jitter_delay(Nanos base, int exponent, Nanos max, Random& random);

}  // namespace holysheep
