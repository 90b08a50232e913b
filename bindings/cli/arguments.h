// The words of a command line, read against the command's own list of options. A command's help
// text comes from the same list, so that the two cannot differ.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace holysheep::cli {

struct Option {
  std::string_view name;   // "--model"
  std::string_view value;  // what the value is called in the help; empty: a flag
  std::string_view help;
};

class Arguments {
 public:
  bool has(std::string_view option) const;
  std::optional<std::string> value(std::string_view option) const;
  std::string value(std::string_view option, std::string_view fallback) const;
  const std::vector<std::string>& words() const { return words_; }
  // What follows "--".
  const std::vector<std::string>& rest() const { return rest_; }
  bool has_rest() const { return has_rest_; }
  // A whole number in [least, most]; complains on standard error and returns nothing otherwise.
  std::optional<std::int64_t> integer(std::string_view option, std::int64_t fallback,
                                      std::int64_t least, std::int64_t most) const;

  // On failure: what is wrong and what to do, for standard error.
  std::optional<std::string> parse(const std::vector<Option>& options,
                                   const std::vector<std::string>& words);

 private:
  std::vector<std::pair<std::string, std::string>> options_;
  std::vector<std::string> words_;
  std::vector<std::string> rest_;
  bool has_rest_ = false;
};

// The candidate that is most like `word`; empty if none is near.
std::string nearest(std::string_view word, const std::vector<std::string_view>& candidates);

}  // namespace holysheep::cli
