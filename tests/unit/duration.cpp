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

TEST_CASE("A duration in words is read from the front of a sentence") {
  struct Case {
    const char* text;
    Nanos wait;
    const char* rest;
  };
  for (const Case& item :
       {Case{"7m12s. Visit", 432 * kSecond, ". Visit"},
        {"8.64s. Visit", 8'640 * kMillisecond, ". Visit"},
        {"174ms.", 174 * kMillisecond, "."},
        {"56.185908122s", 56'185'908'122, ""},
        {"60 seconds. x", 60 * kSecond, ". x"},
        {"1 second", kSecond, ""},
        {"18h31m10s.", 18 * kHour + 31 * kMinute + 10 * kSecond, "."},
        {"1 hour and 5 minutes or", 65 * kMinute, " or"},
        {"1 day, 2 hours, 3 mins and 4 secs!", 26 * kHour + 3 * kMinute + 4 * kSecond, "!"},
        {"30", 30 * kSecond, ""},
        {"30, please", 30 * kSecond, ", please"},
        {"2 Minutes", 2 * kMinute, ""}}) {
    INFO(item.text);
    std::string_view text = item.text;
    CHECK(take_spoken_duration(text) == item.wait);
    CHECK(text == item.rest);
  }
  for (const char* item :
       {"", "a moment", "-5s", "5 requests", "30 or more", "99999999999999h", "s"}) {
    INFO(item);
    std::string_view text = item;
    CHECK_FALSE(take_spoken_duration(text).has_value());
    CHECK(text == item);
  }
}

}  // namespace
}  // namespace holysheep
