// A block of response headers, kept as it came: "Name: value\r\n" lines. Looked up seldom, copied
// never.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace holysheep {

// RFC 9110 15.3: the request was received, understood and accepted.
constexpr bool is_success(int status) {
  return status >= 200 && status < 300;
}

// ASCII only, as header names are.
bool equals_ignore_case(std::string_view left, std::string_view right);

class Headers {
 public:
  Headers() = default;
  explicit Headers(std::string block) : block_(std::move(block)) {}

  // The first value of a header, without surrounding white space; "" if it is absent.
  std::string_view find(std::string_view name) const;
  bool has(std::string_view name) const;
  const std::string& block() const { return block_; }
  bool empty() const { return block_.empty(); }

  // Calls visit(name, value) for each line.
  template <typename Visit>
  void each(Visit visit) const {
    std::string_view rest = block_;
    std::string_view name;
    std::string_view value;
    while (next(rest, name, value))
      visit(name, value);
  }

 private:
  static bool next(std::string_view& rest, std::string_view& name, std::string_view& value);

  std::string block_;
};

}  // namespace holysheep
