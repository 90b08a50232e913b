#include "core/calendar.h"

#include "core/headers.h"

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

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Exactly `width` digits, or `least` … `width` of them.
bool take_number(std::string_view& text, std::size_t least, std::size_t width, int& number) {
  std::size_t i = 0;
  number = 0;
  for (; i < width && i < text.size() && is_digit(text[i]); ++i) {
    number = number * 10 + (text[i] - '0');
  }
  if (i < least) return false;
  text.remove_prefix(i);
  return true;
}

bool take(std::string_view& text, std::string_view literal) {
  if (text.substr(0, literal.size()) != literal) return false;
  text.remove_prefix(literal.size());
  return true;
}

bool take_month(std::string_view& text, int& month) {
  constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  const std::string_view name = text.substr(0, 3);
  for (int i = 0; i < 12; ++i) {
    if (equals_ignore_case(name, kMonths.substr(static_cast<std::size_t>(i) * 3, 3))) {
      month = i + 1;
      text.remove_prefix(3);
      return true;
    }
  }
  return false;
}

struct TimeOfDay {
  int hour = 0;
  int minute = 0;
  int second = 0;
};

bool take_time(std::string_view& text, TimeOfDay& time) {
  return take_number(text, 2, 2, time.hour) && take(text, ":") &&
         take_number(text, 2, 2, time.minute) && take(text, ":") &&
         take_number(text, 2, 2, time.second);
}

// Years that nanoseconds in 64 bits can hold, and that an answer can name.
constexpr int kYearMin = 1970;
constexpr int kYearMax = 2261;

std::optional<Nanos> instant(int year, int month, int day, const TimeOfDay& time) {
  if (year < kYearMin || year > kYearMax || month < 1 || month > 12 || day < 1 ||
      day > days_in_month(year, month) || time.hour > 23 || time.minute > 59 || time.second > 60) {
    return std::nullopt;
  }
  return days_from_civil({year, month, day}) * kDay + time.hour * kHour + time.minute * kMinute +
         time.second * kSecond;
}

// "06 Nov 1994 08:49:37 GMT" and "06-Nov-94 08:49:37 GMT", behind the weekday.
std::optional<Nanos> parse_fixed_date(std::string_view text) {
  int day = 0;
  int month = 0;
  int year = 0;
  TimeOfDay time;
  if (!take(text, " ") || !take_number(text, 2, 2, day)) return std::nullopt;
  const bool obsolete = take(text, "-");
  if (!obsolete && !take(text, " ")) return std::nullopt;
  if (!take_month(text, month) || !take(text, obsolete ? "-" : " ")) return std::nullopt;
  const std::size_t width = obsolete ? 2 : 4;
  if (!take_number(text, width, width, year) || !take(text, " ") || !take_time(text, time) ||
      text != " GMT") {
    return std::nullopt;
  }
  // Two digits: nothing is dated before 1970 here.
  if (obsolete) year += year >= 70 ? 1900 : 2000;
  return instant(year, month, day, time);
}

// " Nov  6 08:49:37 1994", behind the weekday.
std::optional<Nanos> parse_asctime_date(std::string_view text) {
  int day = 0;
  int month = 0;
  int year = 0;
  TimeOfDay time;
  if (!take(text, " ") || !take_month(text, month) || !take(text, " ")) return std::nullopt;
  take(text, " ");
  if (!take_number(text, 1, 2, day) || !take(text, " ") || !take_time(text, time) ||
      !take(text, " ") || !take_number(text, 4, 4, year) || !text.empty()) {
    return std::nullopt;
  }
  return instant(year, month, day, time);
}

// Digits behind a point; what is below a nanosecond is dropped.
bool take_fraction(std::string_view& text, Nanos& fraction) {
  std::size_t digits = 0;
  Nanos place = kSecond / 10;
  fraction = 0;
  for (; digits < text.size() && is_digit(text[digits]); ++digits) {
    fraction += (text[digits] - '0') * place;
    place /= 10;
  }
  text.remove_prefix(digits);
  return digits > 0;
}

// "Z" or "+02:00", and nothing behind it.
std::optional<Nanos> parse_offset(std::string_view text) {
  if (equals_ignore_case(text, "Z")) return 0;
  const bool west = take(text, "-");
  if (!west && !take(text, "+")) return std::nullopt;
  int hours = 0;
  int minutes = 0;
  if (!take_number(text, 2, 2, hours) || !take(text, ":") || !take_number(text, 2, 2, minutes) ||
      !text.empty() || hours > 23 || minutes > 59) {
    return std::nullopt;
  }
  const Nanos offset = hours * kHour + minutes * kMinute;
  return west ? -offset : offset;
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

std::optional<Nanos> parse_rfc3339(std::string_view text) {
  int year = 0;
  int month = 0;
  int day = 0;
  TimeOfDay time;
  if (!take_number(text, 4, 4, year) || !take(text, "-") || !take_number(text, 2, 2, month) ||
      !take(text, "-") || !take_number(text, 2, 2, day) ||
      (!take(text, "T") && !take(text, "t") && !take(text, " ")) || !take_time(text, time)) {
    return std::nullopt;
  }
  Nanos fraction = 0;
  if (text.substr(0, 1) == ".") {
    text.remove_prefix(1);
    if (!take_fraction(text, fraction)) return std::nullopt;
  }
  const std::optional<Nanos> offset = parse_offset(text);
  const std::optional<Nanos> local = instant(year, month, day, time);
  if (!offset || !local) return std::nullopt;
  const Nanos result = *local + fraction - *offset;
  if (result < 0) return std::nullopt;
  return result;
}

std::optional<Nanos> parse_http_date(std::string_view text) {
  std::size_t letters = 0;
  while (letters < text.size() && letters < 9 &&
         ((text[letters] >= 'A' && text[letters] <= 'Z') ||
          (text[letters] >= 'a' && text[letters] <= 'z'))) {
    ++letters;
  }
  if (letters < 3) return std::nullopt;
  text.remove_prefix(letters);
  if (take(text, ",")) return parse_fixed_date(text);
  return letters == 3 ? parse_asctime_date(text) : std::nullopt;
}

}  // namespace holysheep
