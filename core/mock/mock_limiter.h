// The limits that a fake provider really keeps: requests and tokens by minute and day, and
// concurrency. Two kinds of counting: buckets that refill continuously (OpenAI, Groq:
// PROVIDERS 1.0) and fixed windows (Gemini, Azure). Pure: time comes in as an argument.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "core/duration.h"
#include "core/mock/mock_family.h"
#include "core/mock/mock_limit_headers.h"
#include "core/mock/mock_script.h"

namespace holysheep {

// One limit over one window.
class MockMeter {
 public:
  // Until `amount` more fits; 0: now; kNever: it is larger than the limit.
  Nanos wait_for(std::int64_t amount, std::int64_t limit, Nanos window, bool fixed, Nanos now);
  void add(std::int64_t amount) { used_ += static_cast<double>(amount); }
  double used() const { return used_; }
  MockLimitDimension view(std::int64_t limit, Nanos window, bool fixed, Nanos now);

 private:
  void refill(std::int64_t limit, Nanos window, bool fixed, Nanos now);

  double used_ = 0;
  Nanos since_ = 0;  // of the last refill, or the beginning of the window
};

struct MockRefusal {
  MockError error = MockError::rate_limit_rpm;
  MockErrorFacts facts;
};

// The state of one key and model, or of one endpoint.
class MockQuota {
 public:
  // Counts a request of `tokens`, or says why not; a refused request is not counted.
  std::optional<MockRefusal> take(const MockLimits& limits, std::int64_t tokens, Nanos now);
  void release() { --running_; }
  MockLimitView view(const MockLimits& limits, Nanos now);

 private:
  MockMeter requests_minute_;
  MockMeter tokens_minute_;
  MockMeter requests_day_;
  MockMeter tokens_day_;
  std::int64_t running_ = 0;
};

}  // namespace holysheep
