// "--name value", "--name=value" and flags, in any order with other words; "--" ends the options.
#include "bindings/cli/arguments.h"

#include <algorithm>
#include <numeric>

#include "bindings/cli/number.h"
#include "bindings/cli/terminal.h"

namespace holysheep::cli {
namespace {

std::size_t distance(std::string_view left, std::string_view right) {
  std::vector<std::size_t> row(right.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < left.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < right.size(); ++j) {
      const std::size_t replaced = diagonal + (left[i] == right[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({row[j] + 1, row[j + 1] + 1, replaced});
    }
  }
  return row[right.size()];
}

std::string unknown(std::string_view name, const std::vector<Option>& options) {
  std::vector<std::string_view> names;
  for (const Option& option : options)
    names.push_back(option.name);
  std::string message = "unknown option " + std::string(name);
  const std::string near = nearest(name, names);
  if (!near.empty()) message += "; did you mean " + near + "?";
  return message;
}

bool is_option(std::string_view word) {
  return word.size() > 1 && word[0] == '-';
}

}  // namespace

std::string nearest(std::string_view word, const std::vector<std::string_view>& candidates) {
  std::string_view best;
  std::size_t least = std::max<std::size_t>(2, word.size() / 3) + 1;
  for (const std::string_view candidate : candidates) {
    const bool prefix = word.size() > 3 && candidate.substr(0, word.size()) == word;
    const std::size_t found = prefix ? 1 : distance(word, candidate);
    if (found < least && found < candidate.size()) {
      least = found;
      best = candidate;
    }
  }
  return std::string(best);
}

std::optional<std::string> Arguments::parse(const std::vector<Option>& options,
                                            const std::vector<std::string>& words) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == "--") {
      has_rest_ = true;
      rest_.assign(words.begin() + static_cast<std::ptrdiff_t>(i) + 1, words.end());
      break;
    }
    if (!is_option(word)) {
      words_.push_back(word);
      continue;
    }
    const std::size_t equals = word.find('=');
    const std::string name = word.substr(0, equals);
    const auto option = std::find_if(options.begin(), options.end(),
                                     [&](const Option& known) { return known.name == name; });
    if (option == options.end()) return unknown(name, options);
    const bool has_value = equals != std::string::npos;
    if (option->value.empty()) {
      if (has_value) return name + " takes no value";
      options_.emplace_back(name, "");
    } else if (has_value) {
      options_.emplace_back(name, word.substr(equals + 1));
    } else if (i + 1 < words.size()) {
      options_.emplace_back(name, words[++i]);
    } else {
      return name + " needs a value: " + name + " " + std::string(option->value);
    }
  }
  return std::nullopt;
}

bool Arguments::has(std::string_view option) const {
  return value(option).has_value();
}

std::optional<std::string> Arguments::value(std::string_view option) const {
  const auto found = std::find_if(options_.rbegin(), options_.rend(),
                                  [&](const auto& given) { return given.first == option; });
  if (found == options_.rend()) return std::nullopt;
  return found->second;
}

std::string Arguments::value(std::string_view option, std::string_view fallback) const {
  return value(option).value_or(std::string(fallback));
}

std::optional<std::int64_t> Arguments::integer(std::string_view option, std::int64_t fallback,
                                               std::int64_t least, std::int64_t most) const {
  const std::optional<std::string> given = value(option);
  if (!given) return fallback;
  const std::optional<std::int64_t> number = parse_number<std::int64_t>(*given);
  if (number && *number >= least && *number <= most) return number;
  complain(std::string(option) + ": expected a whole number from " + std::to_string(least) +
           " to " + std::to_string(most) + ", found '" + *given + "'");
  return std::nullopt;
}

}  // namespace holysheep::cli
