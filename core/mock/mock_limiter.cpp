#include "core/mock/mock_limiter.h"

#include <algorithm>
#include <cmath>

namespace holysheep {

void MockMeter::refill(std::int64_t limit, Nanos window, bool fixed, Nanos now) {
  if (fixed) {
    const Nanos begin = now - now % window;
    if (begin > since_) {
      used_ = 0;
      since_ = begin;
    }
    return;
  }
  const double refilled =
      static_cast<double>(limit) * static_cast<double>(now - since_) / static_cast<double>(window);
  used_ = std::max(0.0, used_ - refilled);
  since_ = now;
}

Nanos MockMeter::wait_for(std::int64_t amount, std::int64_t limit, Nanos window, bool fixed,
                          Nanos now) {
  if (amount > limit) return kNever;
  refill(limit, window, fixed, now);
  const double excess = used_ + static_cast<double>(amount) - static_cast<double>(limit);
  // A millionth of a unit is the rounding of the refill, not a debt.
  if (excess <= 1e-6) return 0;
  if (fixed) return since_ + window - now;
  return static_cast<Nanos>(
      std::ceil(excess / static_cast<double>(limit) * static_cast<double>(window)));
}

MockLimitDimension MockMeter::view(std::int64_t limit, Nanos window, bool fixed, Nanos now) {
  if (limit == 0) return {};
  refill(limit, window, fixed, now);
  MockLimitDimension out;
  out.limit = limit;
  out.remaining = std::max<std::int64_t>(0, limit - static_cast<std::int64_t>(std::ceil(used_)));
  out.reset =
      fixed ? since_ + window - now
            : static_cast<Nanos>(used_ / static_cast<double>(limit) * static_cast<double>(window));
  return out;
}

std::optional<MockRefusal> MockQuota::take(const MockLimits& limits, std::int64_t tokens,
                                           Nanos now) {
  struct Line {
    MockMeter& meter;
    std::int64_t limit;
    std::int64_t amount;
    Nanos window;
    MockError error;
  };
  const Line lines[] = {
      {requests_day_, limits.rpd, 1, kDay, MockError::rate_limit_rpd},
      {tokens_day_, limits.tpd, tokens, kDay, MockError::rate_limit_tpd},
      {requests_minute_, limits.rpm, 1, kMinute, MockError::rate_limit_rpm},
      {tokens_minute_, limits.tpm, tokens, kMinute, MockError::rate_limit_tpm},
  };
  if (limits.concurrency > 0 && running_ >= limits.concurrency) {
    return MockRefusal{MockError::concurrency, {limits.concurrency, running_, 1, kSecond, {}}};
  }
  for (const Line& line : lines) {
    if (line.limit == 0) continue;
    const Nanos wait =
        line.meter.wait_for(line.amount, line.limit, line.window, limits.window, now);
    if (wait == 0) continue;
    const auto used = static_cast<std::int64_t>(std::ceil(line.meter.used()));
    if (wait == kNever) {
      return MockRefusal{MockError::too_large, {line.limit, used, line.amount, 0, {}}};
    }
    return MockRefusal{line.error, {line.limit, used, line.amount, wait, {}}};
  }
  for (const Line& line : lines) {
    if (line.limit > 0) line.meter.add(line.amount);
  }
  ++running_;
  return std::nullopt;
}

MockLimitView MockQuota::view(const MockLimits& limits, Nanos now) {
  MockLimitView out;
  out.requests_minute = requests_minute_.view(limits.rpm, kMinute, limits.window, now);
  out.tokens_minute = tokens_minute_.view(limits.tpm, kMinute, limits.window, now);
  out.requests_day = requests_day_.view(limits.rpd, kDay, limits.window, now);
  out.tokens_day = tokens_day_.view(limits.tpd, kDay, limits.window, now);
  return out;
}

}  // namespace holysheep
