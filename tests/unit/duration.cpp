// Every text form in which a provider names a duration or an instant.
#include "core/duration.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

namespace holysheep {
namespace {

TEST_CASE("Go durations are read to the nanosecond") {
  CHECK(parse_go_duration("1s") == kSecond);
  CHECK(parse_go_duration("6m0s") == 6 * kMinute);
  CHECK(parse_go_duration("7m12s") == 432 * kSecond);
  CHECK(parse_go_duration("12ms") == 12 * kMillisecond);
  CHECK(parse_go_duration("2m59.56s") == 179'560 * kMillisecond);
  CHECK(parse_go_duration("1h2m3s") == kHour + 2 * kMinute + 3 * kSecond);
  CHECK(parse_go_duration("5\xC2\xB5s") == 5 * kMicrosecond);
  CHECK(parse_go_duration("5\xCE\xBCs") == 5 * kMicrosecond);
  CHECK(parse_go_duration("5us") == 5 * kMicrosecond);
  CHECK(parse_go_duration("7ns") == 7);
  CHECK(parse_go_duration("41.724s") == 41'724 * kMillisecond);
  CHECK(parse_go_duration("0.539477544s") == 539'477'544);
  CHECK(parse_go_duration("1.5h") == 90 * kMinute);
  CHECK(parse_go_duration("0") == 0);
  CHECK(parse_go_duration("0s") == 0);
  CHECK(parse_go_duration("0.00000000000000000000000000000001s") == 0);
}

TEST_CASE("A text that is no Go duration is nothing") {
  for (const char* text :
       {"", "s", "5", "-5s", "+5s", "5 s", "5s ", "1s2", "1d", "NaNs", "Infs", "1e3s", ".s",
        "1..2s", "100000000000h", "999999999999999999999999999999h", "1\xC2", "5\xC2\xB5"}) {
    INFO(text);
    CHECK_FALSE(parse_go_duration(text).has_value());
  }
  CHECK_FALSE(parse_go_duration(std::string(100'000, '9') + "s").has_value());
}

TEST_CASE("Seconds are read as integer, fraction and power of ten") {
  CHECK(parse_seconds("30") == 30 * kSecond);
  CHECK(parse_seconds("30.5") == 30'500 * kMillisecond);
  CHECK(parse_seconds("1e3") == 1000 * kSecond);
  CHECK(parse_seconds("1.5E+1") == 15 * kSecond);
  CHECK(parse_seconds("25e-1") == 2'500 * kMillisecond);
  CHECK(parse_seconds("0") == 0);
  CHECK(parse_seconds("0e999") == 0);
  CHECK(parse_seconds("86400") == kDay);
}

TEST_CASE("Seconds that cannot be a wait are nothing") {
  for (const char* text : {"", "-1", "NaN", "nan", "inf", "Infinity", "1e100", "1e", "e3", "1e+",
                           "5s", "0x10", " 5", "5 ", "99999999999", "1e9999", "--5", "1,5"}) {
    INFO(text);
    CHECK_FALSE(parse_seconds(text).has_value());
  }
}

TEST_CASE("RFC 3339 instants are read with fraction and offset") {
  CHECK(parse_rfc3339("1970-01-01T00:00:00Z") == 0);
  CHECK(parse_rfc3339("2025-08-21T12:40:59Z") == 1'755'780'059 * kSecond);
  CHECK(parse_rfc3339("2025-08-21T14:40:59+02:00") == 1'755'780'059 * kSecond);
  CHECK(parse_rfc3339("2025-08-21t05:40:59.25-07:00") == 1'755'780'059 * kSecond + kSecond / 4);
  CHECK(parse_rfc3339("2024-02-29 23:59:60Z") == 1'709'251'200 * kSecond);
  for (const char* text :
       {"", "2025-08-21", "2025-08-21T12:40:59", "2025-13-01T00:00:00Z", "2025-02-29T00:00:00Z",
        "2025-01-01T24:00:00Z", "2025-01-01T00:60:00Z", "1969-12-31T23:59:59Z",
        "2263-01-01T00:00:00Z", "2025-08-21T12:40:59.Z", "2025-08-21T12:40:59+2:00",
        "2025-08-21T12:40:59ZZ", "1970-01-01T00:00:00+01:00"}) {
    INFO(text);
    CHECK_FALSE(parse_rfc3339(text).has_value());
  }
}

TEST_CASE("The three HTTP date forms mean the same instant") {
  constexpr Nanos kExample = 784'111'777 * kSecond;
  CHECK(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT") == kExample);
  CHECK(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT") == kExample);
  CHECK(parse_http_date("Sun Nov  6 08:49:37 1994") == kExample);
  CHECK(parse_http_date("Thu, 21 Aug 2025 12:40:59 GMT") == 1'755'780'059 * kSecond);
  CHECK(parse_http_date("Thursday, 21-Aug-25 12:40:59 GMT") == 1'755'780'059 * kSecond);
  for (const char* text : {"", "Sun", "Sun,", "Sun, 06 Nov 1994 08:49:37",
                           "Sun, 06 Nov 1994 08:49:37 PST", "Sun, 32 Nov 1994 08:49:37 GMT",
                           "Sun, 06 Foo 1994 08:49:37 GMT", "Sunday Nov  6 08:49:37 1994",
                           "Sun Nov  6 08:49:37 94", "30", "06 Nov 1994 08:49:37 GMT"}) {
    INFO(text);
    CHECK_FALSE(parse_http_date(text).has_value());
  }
}

TEST_CASE("A date cut at any place is read as nothing and never beyond its end") {
  for (const std::string whole : {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
                                  "Sun Nov  6 08:49:37 1994"}) {
    for (std::size_t length = 0; length < whole.size(); ++length) {
      const std::string cut = whole.substr(0, length);
      INFO(cut);
      CHECK_FALSE(parse_http_date(cut).has_value());
    }
  }
}

}  // namespace
}  // namespace holysheep
