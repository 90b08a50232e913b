// A provider's own rate limits, as real ones keep them (PROVIDERS 1.0): buckets that refill all the
// time and hold one full limit, or windows that begin at whole minutes and days. Requests and
// tokens, per minute and per day, and how many at once. Pure: time comes in.
#pragma once

#include <array>
#include <cstdint>

#include "core/duration.h"
#include "core/verdict.h"

namespace holysheep {

struct SimLimits {
  enum class Window : std::uint8_t { continuous, fixed };
  Window window = Window::continuous;
  // 0: no such limit.
  std::int64_t requests_per_minute = 0;
  std::int64_t tokens_per_minute = 0;
  std::int64_t requests_per_day = 0;
  std::int64_t tokens_per_day = 0;
  std::int64_t concurrency = 0;
  // A refused request still counts as one request, as at OpenAI.
  bool refused_count = false;
};

// What a provider finds when a request arrives.
struct SimAdmission {
  bool admitted = true;
  bool never_fits = false;  // the request is larger than the whole limit
  LimitDimension dimension = LimitDimension::unknown;
  std::int64_t limit = 0;
  std::int64_t used = 0;
  std::int64_t requested = 0;
  Nanos wait = 0;  // (used + requested − limit) / limit × window, or until the window's end
};

class SimLimiter {
 public:
  explicit SimLimiter(const SimLimits& limits);

  // Takes one request of `tokens` if every limit has room; else says which is in the way longest.
  SimAdmission admit(Now now, std::int64_t tokens);
  // A request that was admitted has ended.
  void release();
  std::int64_t in_flight() const { return in_flight_; }

  // For headers: of the limit of this dimension, the room that is left, and when all of it is back.
  std::int64_t limit_of(LimitDimension dimension) const;
  std::int64_t remaining_of(LimitDimension dimension, Now now);
  Nanos reset_of(LimitDimension dimension, Now now);

 private:
  struct Bucket {
    LimitDimension dimension = LimitDimension::unknown;
    std::int64_t limit = 0;
    Nanos window = 0;
    bool counts_tokens = false;
    double used = 0;
    Nanos touched = 0;  // on the monotonic clock; of fixed windows: the window's start in Unix time
  };

  void refill(Bucket& bucket, Now now) const;
  Nanos wait_for(const Bucket& bucket, Now now, std::int64_t cost) const;
  Bucket* find(LimitDimension dimension);

  SimLimits limits_;
  std::array<Bucket, 4> buckets_;
  std::int64_t in_flight_ = 0;
};

}  // namespace holysheep
