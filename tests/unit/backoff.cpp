// Delays: their bounds, their spread, and that they saturate.
#include "core/backoff.h"

#include <catch2/catch_test_macros.hpp>

namespace holysheep {
namespace {

TEST_CASE("An exponential delay doubles up to its maximum") {
  CHECK(exponential_delay(kSecond, 0, kMinute) == kSecond);
  CHECK(exponential_delay(kSecond, 1, kMinute) == 2 * kSecond);
  CHECK(exponential_delay(kSecond, 5, kMinute) == 32 * kSecond);
  CHECK(exponential_delay(kSecond, 6, kMinute) == kMinute);
  CHECK(exponential_delay(kSecond, 1'000'000, kMinute) == kMinute);
  CHECK(exponential_delay(1, 62, kNever) == Nanos{1} << 62);
  CHECK(exponential_delay(kNever, 62, kNever) == kNever);
  CHECK(exponential_delay(kSecond, -3, kMinute) == kSecond);
  CHECK(exponential_delay(kHour, 0, kMinute) == kMinute);
  CHECK(exponential_delay(0, 10, kMinute) == 0);
  CHECK(exponential_delay(kSecond, 3, 0) == 0);
}

TEST_CASE("Full jitter spreads over the whole delay") {
  Random random(7);
  Nanos least = kNever;
  Nanos greatest = 0;
  for (int i = 0; i < 10'000; ++i) {
    const Nanos delay = full_jitter_delay(kSecond, 2, kMinute, random);
    least = delay < least ? delay : least;
    greatest = delay > greatest ? delay : greatest;
  }
  CHECK(least >= 0);
  CHECK(least < 40 * kMillisecond);
  CHECK(greatest <= 4 * kSecond);
  CHECK(greatest > 3'960 * kMillisecond);
}

TEST_CASE("Equal jitter never goes below half of the delay") {
  Random random(7);
  Nanos least = kNever;
  Nanos greatest = 0;
  for (int i = 0; i < 10'000; ++i) {
    const Nanos delay = equal_jitter_delay(5 * kSecond, 10, 300 * kSecond, random);
    least = delay < least ? delay : least;
    greatest = delay > greatest ? delay : greatest;
  }
  CHECK(least >= 150 * kSecond);
  CHECK(least < 152 * kSecond);
  CHECK(greatest <= 300 * kSecond);
  CHECK(greatest > 298 * kSecond);
}

TEST_CASE("A seed gives the same delays again") {
  Random one(42);
  Random other(42);
  for (int i = 0; i < 100; ++i) {
    CHECK(full_jitter_delay(kSecond, i % 8, kMinute, one) ==
          full_jitter_delay(kSecond, i % 8, kMinute, other));
  }
}

}  // namespace
}  // namespace holysheep
