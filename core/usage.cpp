#include "core/usage.h"

#include <algorithm>
#include <iterator>

namespace holysheep {
namespace {

// Model names and finish reasons come from outside and go into traces and metrics.
constexpr std::size_t kTextBytesMax = 256;

enum class Count : std::uint8_t {
  input,
  input_without_cache,
  output,
  cached,
  cache_read,
  cache_made
};
constexpr std::size_t kCounts = 6;

struct CountName {
  std::string_view name;
  Count count;
};
// Anthropic's input_tokens leaves the cache out, and names what was read from and written to it.
constexpr CountName kCountNames[] = {
    {"prompt_tokens", Count::input},
    {"completion_tokens", Count::output},
    {"input_tokens", Count::input_without_cache},
    {"output_tokens", Count::output},
    {"prompt_cache_hit_tokens", Count::cached},
    {"cache_read_input_tokens", Count::cache_read},
    {"cache_creation_input_tokens", Count::cache_made},
};

struct Counts {
  std::int64_t of[kCounts] = {-1, -1, -1, -1, -1, -1};
  std::int64_t& operator[](Count count) { return of[static_cast<std::size_t>(count)]; }
};

// prompt_tokens_details, input_tokens_details
void read_details(JsonSkim& json, Counts& counts) {
  if (!json.enter_object()) {
    json.value();
    return;
  }
  std::string_view name;
  while (json.next_member(name)) {
    const std::int64_t count = json.value().count();
    if (name == "cached_tokens") counts[Count::cached] = count;
  }
}

}  // namespace

void merge_usage(JsonSkim& json, Usage& usage) {
  if (!json.enter_object()) {
    json.value();
    return;
  }
  Counts counts;
  std::string_view name;
  while (json.next_member(name)) {
    if (name == "prompt_tokens_details" || name == "input_tokens_details") {
      read_details(json, counts);
      continue;
    }
    const std::int64_t count = json.value().count();
    const auto* known = std::find_if(std::begin(kCountNames), std::end(kCountNames),
                                     [name](const CountName& entry) { return entry.name == name; });
    if (known != std::end(kCountNames)) counts[known->count] = count;
  }
  std::int64_t input = counts[Count::input];
  if (input < 0) input = counts[Count::input_without_cache];
  if (input >= 0 && counts[Count::input] < 0) {
    input += std::max<std::int64_t>(counts[Count::cache_read], 0);
    input += std::max<std::int64_t>(counts[Count::cache_made], 0);
  }
  usage.input = std::max(usage.input, input);
  usage.output = std::max(usage.output, counts[Count::output]);
  usage.cached = std::max({usage.cached, counts[Count::cached], counts[Count::cache_read]});
}

void keep_text(const JsonSlice& value, std::string& text) {
  if (!value.is_string() || value.raw.empty() || value.raw == text) return;
  const std::string_view part = value.raw.substr(0, kTextBytesMax);
  if (part.find('\\') == std::string_view::npos) {
    text.assign(part);
  } else {
    text = unescape_json(part);
  }
}

}  // namespace holysheep
