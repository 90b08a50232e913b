// Every parser of durations and dates, on any bytes: what is accepted lies within its bounds, and a
// number of seconds means the same with a unit behind it.
#include "core/duration.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "core/calendar.h"

namespace {

void require(bool truth) {
  if (!truth) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace holysheep;
  constexpr Nanos kTenYears = 10 * 366 * kDay;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto go = parse_go_duration(text);
  require(!go || (*go >= 0 && *go <= kTenYears));
  const auto seconds = parse_seconds(text);
  require(!seconds || (*seconds >= 0 && *seconds <= kTenYears));
  if (seconds && text.find_first_of("eE") == std::string::npos) {
    require(parse_go_duration(text + "s") == seconds);
  }
  std::string_view rest = text;
  const auto spoken = take_spoken_duration(rest);
  require(!spoken || (*spoken >= 0 && *spoken <= kTenYears));
  require(spoken || rest.size() == text.size());
  for (const auto& instant : {parse_rfc3339(text), parse_http_date(text)}) {
    if (!instant) continue;
    require(*instant >= 0);
    require(next_pacific_midnight(*instant) > *instant);
    require(next_utc_month(*instant) > *instant);
  }
  return 0;
}
