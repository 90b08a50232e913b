// Civil dates, and the instants at which daily and monthly quotas come back.
#include "core/calendar.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

namespace holysheep {
namespace {

Nanos at(const char* text) {
  return parse_rfc3339(text).value();
}

TEST_CASE("Days and civil dates turn into each other for four centuries") {
  std::int64_t expected = days_from_civil({1900, 1, 1});
  for (std::int64_t year = 1900; year < 2300; ++year) {
    for (int month = 1; month <= 12; ++month) {
      for (int day = 1; day <= days_in_month(year, month); ++day, ++expected) {
        const CivilDate date = civil_from_days(expected);
        if (days_from_civil({year, month, day}) != expected || date.year != year ||
            date.month != month || date.day != day) {
          FAIL(year << "-" << month << "-" << day);
        }
      }
    }
  }
  CHECK(days_from_civil({1970, 1, 1}) == 0);
  CHECK(days_from_civil({2000, 3, 1}) == 11'017);
}

TEST_CASE("Midnight Pacific is 08:00 UTC in winter and 07:00 UTC in summer") {
  CHECK(next_pacific_midnight(at("2026-01-15T12:00:00Z")) == at("2026-01-16T08:00:00Z"));
  CHECK(next_pacific_midnight(at("2026-01-15T07:59:59Z")) == at("2026-01-15T08:00:00Z"));
  CHECK(next_pacific_midnight(at("2026-01-15T08:00:00Z")) == at("2026-01-16T08:00:00Z"));
  CHECK(next_pacific_midnight(at("2026-07-15T12:00:00Z")) == at("2026-07-16T07:00:00Z"));
  CHECK(next_pacific_midnight(at("2026-07-15T06:30:00Z")) == at("2026-07-15T07:00:00Z"));
  CHECK(next_pacific_midnight(at("2026-12-31T23:00:00Z")) == at("2027-01-01T08:00:00Z"));
}

TEST_CASE("Midnight Pacific follows the days on which US clocks change") {
  // 2026: summer time begins on Sunday 8 March and ends on Sunday 1 November.
  CHECK(next_pacific_midnight(at("2026-03-07T20:00:00Z")) == at("2026-03-08T08:00:00Z"));
  CHECK(next_pacific_midnight(at("2026-03-08T08:00:00Z")) == at("2026-03-09T07:00:00Z"));
  CHECK(next_pacific_midnight(at("2026-10-31T20:00:00Z")) == at("2026-11-01T07:00:00Z"));
  CHECK(next_pacific_midnight(at("2026-11-01T07:00:00Z")) == at("2026-11-02T08:00:00Z"));
  // 2027: 14 March and 7 November.
  CHECK(next_pacific_midnight(at("2027-03-14T20:00:00Z")) == at("2027-03-15T07:00:00Z"));
  CHECK(next_pacific_midnight(at("2027-11-07T06:59:59Z")) == at("2027-11-07T07:00:00Z"));
  CHECK(next_pacific_midnight(at("2027-11-07T07:00:00Z")) == at("2027-11-08T08:00:00Z"));
}

TEST_CASE("A daily reset is always ahead, and at most 25 hours") {
  for (Nanos now = at("2026-01-01T00:00:00Z"); now < at("2028-01-01T00:00:00Z");
       now += 17 * kMinute) {
    const Nanos wait = next_pacific_midnight(now) - now;
    if (wait <= 0 || wait > 25 * kHour) FAIL(now << " waits " << wait);
  }
}

TEST_CASE("The next month and the next day begin at midnight UTC") {
  CHECK(next_utc_month(at("2026-01-31T23:59:59Z")) == at("2026-02-01T00:00:00Z"));
  CHECK(next_utc_month(at("2026-02-01T00:00:00Z")) == at("2026-03-01T00:00:00Z"));
  CHECK(next_utc_month(at("2026-12-05T10:00:00Z")) == at("2027-01-01T00:00:00Z"));
  CHECK(next_utc_midnight(at("2026-02-28T10:00:00Z")) == at("2026-03-01T00:00:00Z"));
  CHECK(next_utc_midnight(at("2026-03-01T00:00:00Z")) == at("2026-03-02T00:00:00Z"));
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
