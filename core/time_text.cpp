#include "core/time_text.h"

#include "core/calendar.h"

namespace holysheep {
namespace {

void append_padded(std::string& text, std::int64_t number, std::size_t digits) {
  const std::string plain = std::to_string(number);
  if (plain.size() < digits) text.append(digits - plain.size(), '0');
  text += plain;
}

}  // namespace

std::string iso_8601(Nanos unix_nanos) {
  std::int64_t days = unix_nanos / kDay;
  Nanos rest = unix_nanos % kDay;
  if (rest < 0) {
    rest += kDay;
    --days;
  }
  const CivilDate date = civil_from_days(days);
  std::string text;
  append_padded(text, date.year, 4);
  append_padded(text += '-', date.month, 2);
  append_padded(text += '-', date.day, 2);
  append_padded(text += 'T', rest / kHour, 2);
  append_padded(text += ':', rest / kMinute % 60, 2);
  append_padded(text += ':', rest / kSecond % 60, 2);
  append_padded(text += '.', rest / kMicrosecond % 1'000'000, 6);
  return text += "+00:00";
}

}  // namespace holysheep
