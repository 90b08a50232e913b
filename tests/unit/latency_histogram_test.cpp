// Quantiles within two percent, whatever the latencies look like, and the window of the last
// minutes.
#include "core/latency_histogram.h"

#include <algorithm>
#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <vector>

#include "core/random.h"
#include "core/rate_window.h"

using namespace holysheep;

namespace {

void check_quantiles(std::vector<Nanos> latencies) {
  LatencyHistogram histogram;
  Nanos sum = 0;
  for (const Nanos each : latencies) {
    histogram.record(each);
    sum += each;
  }
  CHECK(histogram.count() == latencies.size());
  CHECK(histogram.sum() == sum);
  std::sort(latencies.begin(), latencies.end());
  for (const double quantile : {0.0, 0.5, 0.9, 0.99, 1.0}) {
    const auto rank =
        static_cast<std::size_t>(quantile * static_cast<double>(latencies.size() - 1));
    const auto truth = static_cast<double>(latencies[rank]);
    INFO("quantile " << quantile);
    CHECK(static_cast<double>(histogram.quantile(quantile)) ==
          Catch::Approx(truth).epsilon(0.02).margin(1000));
  }
}

}  // namespace

TEST_CASE("p50, p90 and p99 are at most two percent off") {
  Random random(7);
  std::vector<Nanos> even;
  std::vector<Nanos> wide;
  for (int i = 0; i < 20'000; ++i) {
    even.push_back(static_cast<Nanos>(random.uniform() * 2e9));
    // Six orders of magnitude: 100 µs to 100 s.
    wide.push_back(static_cast<Nanos>(1e5 * std::pow(10.0, 6 * random.uniform())));
  }
  check_quantiles(even);
  check_quantiles(wide);
  check_quantiles({150'500'000});
  check_quantiles({1, 2, 3});
}

TEST_CASE("a latency beyond every bound counts, and none does so below zero") {
  LatencyHistogram histogram;
  histogram.record(100 * kHour);
  histogram.record(-5);
  CHECK(histogram.count() == 2);
  CHECK(histogram.sum() == 100 * kHour);
  CHECK(histogram.quantile(1.0) > 30 * kMinute);
  CHECK(histogram.quantile(0.0) < kMicrosecond);
}

TEST_CASE("no record: no quantile") {
  const LatencyHistogram histogram;
  CHECK(histogram.quantile(0.99) == 0);
}

TEST_CASE("a bound's bucket holds what equals the bound") {
  LatencyHistogram histogram;
  histogram.record(10 * kMillisecond);
  histogram.record(10 * kMillisecond + 1);
  CHECK(histogram.bucket(0) == 1);
  CHECK(histogram.bucket(1) == 1);
}

TEST_CASE("a window forgets slot by slot, and its sums agree with its slots") {
  RateWindow window(kMinute);
  Random random(3);
  Nanos now = 1000 * kSecond;
  std::vector<Nanos> counted;
  for (int i = 0; i < 5'000; ++i) {
    now += static_cast<Nanos>(random.uniform() * static_cast<double>(kSecond));
    if (random.uniform() < 0.01) now += 3 * kMinute;
    window.count(now, {1, i % 2 == 0 ? 1U : 0U, 0});
    counted.push_back(now);
    const WindowCounts exact = window.counts(now);
    const WindowCounts read = window.read(now);
    REQUIRE(exact.total == read.total);
    REQUIRE(exact.rate_limited == read.rate_limited);
    const Nanos begin = (now / kSecond - 59) * kSecond;
    const auto expected = std::count_if(counted.begin(), counted.end(),
                                        [begin](Nanos each) { return each >= begin; });
    REQUIRE(exact.total == static_cast<std::uint64_t>(expected));
  }
}

TEST_CASE("a window that gets another length begins anew") {
  RateWindow window(kMinute);
  window.count(kHour, {5, 0, 0});
  window.set_length(kHour);
  window.count(kHour, {1, 0, 0});
  CHECK(window.counts(kHour).total == 1);
}
