// The headers with which each family of providers reports its limits (PROVIDERS 1.1).
#pragma once

#include <cstdint>
#include <string>

#include "core/duration.h"
#include "core/mock/mock_family.h"

namespace holysheep {

// One limit as its owner reports it. limit 0: there is none.
struct MockLimitDimension {
  std::int64_t limit = 0;
  std::int64_t remaining = 0;
  Nanos reset = 0;  // until it is full again
};

struct MockLimitView {
  MockLimitDimension requests_minute;
  MockLimitDimension tokens_minute;
  MockLimitDimension requests_day;
  MockLimitDimension tokens_day;
};

// "Name: value\r\n" lines; `refused` for a 429. `unix` 0: without dates.
std::string mock_limit_headers(MockFamily family, const MockLimitView& view, bool refused,
                               Nanos unix);

}  // namespace holysheep
