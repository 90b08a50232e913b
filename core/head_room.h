// What is left of an endpoint's limits, as its answers' rate-limit headers said last. Constant
// memory. For people and dashboards: nothing is decided by it.
//
// Threads: one writer, any readers (tally.h).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/duration.h"
#include "core/headers.h"
#include "core/tally.h"

namespace holysheep {

enum class QuotaKind : std::uint8_t { requests, tokens, input_tokens, output_tokens };
constexpr std::size_t kQuotaKinds = 4;
inline constexpr std::array kAllQuotaKinds{QuotaKind::requests, QuotaKind::tokens,
                                           QuotaKind::input_tokens, QuotaKind::output_tokens};
// "requests" and so on: of the metrics' label.
std::string_view name_of(QuotaKind kind);

class HeadRoom {
 public:
  // An endpoint that answers faster is not read each time: that would cost more than it tells.
  static constexpr Nanos kReadEvery = 100 * kMillisecond;

  HeadRoom();

  // The writer's: reads an answer's headers, if it is time to; `always` reads them at once.
  void read(const Headers& headers, bool always, Now now);

  // Any reader's.
  struct Part {
    std::int64_t remaining = 0;
    std::int64_t limit = -1;  // -1: not told
  };
  // Nothing if no answer told it.
  std::optional<Part> part(QuotaKind kind) const;
  Nanos seen_unix() const { return seen_unix_.get(); }  // 0: never
  bool seen_within(Nanos age, Now now) const {
    return seen_unix() != 0 && now.unix - seen_unix() <= age;
  }

 private:
  struct Kept {
    Single<std::int64_t> remaining;
    Single<std::int64_t> limit;
  };
  std::array<Kept, kQuotaKinds> kept_;
  Single<Nanos> seen_unix_;
  Nanos next_read_ = 0;  // the writer's
};

}  // namespace holysheep
