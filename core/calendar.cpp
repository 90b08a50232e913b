#include "core/calendar.h"

namespace holysheep {
namespace {

constexpr std::int64_t kStandardHours = 8;  // Pacific time is UTC-8, in summer UTC-7
constexpr std::int64_t kDaylightHours = 7;

std::int64_t floor_days(Nanos instant) {
  return instant >= 0 ? instant / kDay : -((-instant + kDay - 1) / kDay);
}

// 0 is Sunday; 1970-01-01 was a Thursday.
int weekday(std::int64_t days) {
  const std::int64_t remainder = (days + 4) % 7;
  return static_cast<int>(remainder < 0 ? remainder + 7 : remainder);
}

// The n-th Sunday of a month, as days since 1970.
std::int64_t sunday_of(std::int64_t year, int month, int n) {
  const std::int64_t first = days_from_civil({year, month, 1});
  return first + (7 - weekday(first)) % 7 + 7 * (n - 1);
}

// The clocks change at two in the morning, so midnight of the first day of summer time is still
// standard time, and midnight of its last day still summer time.
std::int64_t pacific_hours_at_midnight(std::int64_t local_day) {
  const std::int64_t year = civil_from_days(local_day).year;
  const bool daylight = local_day > sunday_of(year, 3, 2) && local_day <= sunday_of(year, 11, 1);
  return daylight ? kDaylightHours : kStandardHours;
}

Nanos pacific_midnight(std::int64_t local_day) {
  return local_day * kDay + pacific_hours_at_midnight(local_day) * kHour;
}

}  // namespace

std::int64_t days_from_civil(const CivilDate& date) {
  const std::int64_t year = date.year - (date.month <= 2 ? 1 : 0);
  const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
  const std::int64_t year_of_era = year - era * 400;
  const std::int64_t month = date.month + (date.month > 2 ? -3 : 9);
  const std::int64_t day_of_year = (153 * month + 2) / 5 + date.day - 1;
  const std::int64_t day_of_era =
      year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + day_of_era - 719468;
}

CivilDate civil_from_days(std::int64_t days) {
  const std::int64_t shifted = days + 719468;
  const std::int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
  const std::int64_t day_of_era = shifted - era * 146097;
  const std::int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const std::int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t month = (5 * day_of_year + 2) / 153;
  CivilDate date;
  date.day = static_cast<int>(day_of_year - (153 * month + 2) / 5 + 1);
  date.month = static_cast<int>(month < 10 ? month + 3 : month - 9);
  date.year = year_of_era + era * 400 + (date.month <= 2 ? 1 : 0);
  return date;
}

int days_in_month(std::int64_t year, int month) {
  if (month == 2) {
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return leap ? 29 : 28;
  }
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

Nanos next_pacific_midnight(Nanos unix_now) {
  // The local day is that of UTC or the one before it, so one of three midnights is the next.
  const std::int64_t day = floor_days(unix_now);
  for (std::int64_t candidate = day; candidate <= day + 1; ++candidate) {
    const Nanos midnight = pacific_midnight(candidate);
    if (midnight > unix_now) return midnight;
  }
  return pacific_midnight(day + 2);
}

Nanos next_utc_midnight(Nanos unix_now) {
  return (floor_days(unix_now) + 1) * kDay;
}

Nanos next_utc_month(Nanos unix_now) {
  const CivilDate today = civil_from_days(floor_days(unix_now));
  const CivilDate next = today.month == 12 ? CivilDate{today.year + 1, 1, 1}
                                           : CivilDate{today.year, today.month + 1, 1};
  return days_from_civil(next) * kDay;
}

}  // namespace holysheep
