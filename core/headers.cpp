#include "core/headers.h"

#include "core/fold.h"
#include "core/trim.h"

namespace holysheep {

bool equals_ignore_case(std::string_view left, std::string_view right) {
  if (left.size() != right.size()) return false;
  std::size_t i = 0;
  for (; i + sizeof(std::uint64_t) <= left.size(); i += sizeof(std::uint64_t)) {
    std::uint64_t one = 0;
    std::uint64_t other = 0;
    std::memcpy(&one, left.data() + i, sizeof one);
    std::memcpy(&other, right.data() + i, sizeof other);
    if (one != other && lower_eight(one) != lower_eight(other)) return false;
  }
  for (; i < left.size(); ++i) {
    if (lower(left[i]) != lower(right[i])) return false;
  }
  return true;
}

bool Headers::next(std::string_view& rest, std::string_view& name, std::string_view& value) {
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    const std::string_view line = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    name = trim(line.substr(0, colon));
    value = trim(line.substr(colon + 1));
    return true;
  }
  return false;
}

std::string_view Headers::find(std::string_view name) const {
  std::string_view rest = block_;
  std::string_view each_name;
  std::string_view value;
  while (next(rest, each_name, value)) {
    if (equals_ignore_case(each_name, name)) return value;
  }
  return {};
}

bool Headers::has(std::string_view name) const {
  std::string_view rest = block_;
  std::string_view each_name;
  std::string_view value;
  while (next(rest, each_name, value)) {
    if (equals_ignore_case(each_name, name)) return true;
  }
  return false;
}

}  // namespace holysheep
