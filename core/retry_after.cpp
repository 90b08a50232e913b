#include "core/retry_after.h"

#include <array>

#include "core/calendar.h"
#include "core/duration.h"
#include "core/fold.h"

namespace holysheep {
namespace {

// Unix seconds and milliseconds are told from durations by their size (PROVIDERS 1.1).
constexpr std::int64_t kEpochSecondsMin = 1'000'000'000;
constexpr std::int64_t kEpochMillisecondsMin = 1'000'000'000'000;
constexpr std::int64_t kEpochMillisecondsMax =
    9'000'000'000'000;  // 2255: later ones overflow Nanos
// As durations: a longer wait is a mistake of the sender.
constexpr Nanos kWaitMax = 10 * 366 * kDay;
// More limits than any provider names (Anthropic four, DigitalOcean three); further ones are
// ignored.
constexpr std::size_t kLimitsMax = 8;
// A limit whose message names a longer wait is counted over a day, not over a minute.
constexpr Nanos kDailyWait = kHour;

// A count of up to 15 digits; -1 for anything else, negative numbers among it.
std::int64_t parse_count(std::string_view text) {
  if (text.empty() || text.size() > 15) return -1;
  std::int64_t count = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return -1;
    count = count * 10 + (c - '0');
  }
  return count;
}

std::optional<Nanos> wait_until(std::optional<Nanos> instant, Nanos reference) {
  if (!instant || *instant < reference || *instant - reference > kWaitMax) return std::nullopt;
  return *instant - reference;
}

std::optional<Nanos> parse_epoch(std::string_view text, Nanos reference) {
  const std::int64_t number = parse_count(text.substr(0, text.find('.')));
  if (number >= kEpochMillisecondsMin && number < kEpochMillisecondsMax) {
    return wait_until(number * kMillisecond, reference);
  }
  if (number >= kEpochSecondsMin && number < kEpochMillisecondsMax / 1000) {
    return wait_until(number * kSecond, reference);
  }
  return std::nullopt;
}

// "1500" or "1500.5".
std::optional<Nanos> parse_milliseconds(std::string_view text) {
  std::array<char, 32> buffer{};
  constexpr std::string_view kUnit = "ms";
  if (text.empty() || text.size() + kUnit.size() > buffer.size()) return std::nullopt;
  text.copy(buffer.data(), text.size());
  kUnit.copy(buffer.data() + text.size(), kUnit.size());
  return parse_go_duration({buffer.data(), text.size() + kUnit.size()});
}

enum class Part : std::uint8_t { none, limit, remaining, reset };

struct LimitName {
  Part part = Part::none;
  std::string_view dimension;
};

struct PartName {
  std::string_view name;
  Part part;
};
constexpr std::array<PartName, 3> kParts = {
    {{"limit", Part::limit}, {"remaining", Part::remaining}, {"reset", Part::reset}}};
// Azure writes "x-rate-limit-" too.
constexpr std::array<std::string_view, 4> kPrefixes = {"x-ratelimit-", "x-rate-limit-",
                                                       "ratelimit-", "anthropic-ratelimit-"};

// "reset-tokens" and "tokens-reset" → reset, "tokens". In lower case.
LimitName limit_name_behind_prefix(std::string_view rest) {
  for (const PartName& part : kParts) {
    const std::size_t size = part.name.size();
    if (rest.size() <= size + 1) {
      if (rest == part.name) return {part.part, {}};
      continue;
    }
    if (rest[size] == '-' && rest.starts_with(part.name)) {
      return {part.part, rest.substr(size + 1)};
    }
    const std::size_t before = rest.size() - size;
    if (rest[before - 1] == '-' && rest.ends_with(part.name)) {
      return {part.part, rest.substr(0, before - 1)};
    }
  }
  return {};
}

LimitName limit_name(std::string_view header) {
  for (const std::string_view prefix : kPrefixes) {
    if (header.starts_with(prefix)) return limit_name_behind_prefix(header.substr(prefix.size()));
  }
  return {};
}

// The limits that one answer names.
class LimitTable {
 public:
  // `header` as it came, `folded` the same in lower case.
  void add(std::string_view header, std::string_view folded, std::string_view value) {
    const LimitName name = limit_name(folded);
    if (name.part == Part::none) return;
    // The entry's name outlives the folded one.
    const bool whole = name.dimension.empty();
    const auto at = whole ? 0 : static_cast<std::size_t>(name.dimension.data() - folded.data());
    Entry* const entry = find(header.substr(at, name.dimension.size()));
    if (entry == nullptr) return;
    switch (name.part) {
      case Part::limit:
        entry->limit = value.substr(0, 1) == "-" ? 0 : parse_count(value);
        break;
      case Part::remaining:
        entry->remaining = parse_count(value);
        entry->counted = true;
        break;
      case Part::reset:
        entry->reset_text = value;
        break;
      case Part::none:
        break;
    }
  }

  // IETF draft: `RateLimit: "default";r=0;t=30`, possibly several of them.
  void add_draft(std::string_view value) {
    while (!value.empty()) {
      const std::string_view item = value.substr(0, value.find(','));
      value.remove_prefix(item.size() < value.size() ? item.size() + 1 : value.size());
      Entry* const entry = find(item.substr(0, item.find(';')));
      if (entry == nullptr) return;
      for (std::size_t at = item.find(';'); at != std::string_view::npos;) {
        const std::size_t end = item.find(';', at + 1);
        const std::string_view parameter = item.substr(at + 1, end - at - 1);
        if (parameter.substr(0, 2) == "r=") {
          entry->remaining = parse_count(parameter.substr(2));
          entry->counted = true;
        }
        if (parameter.substr(0, 2) == "t=") entry->reset_text = parameter.substr(2);
        at = end;
      }
    }
  }

  const LimitHeader* exhausted(Nanos reference) {
    bool any_counted = false;
    for (std::size_t i = 0; i < size_; ++i)
      any_counted = any_counted || entries_[i].counted;
    const LimitHeader* found = nullptr;
    for (std::size_t i = 0; i < size_; ++i) {
      Entry& entry = entries_[i];
      // Azure's Responses API sends a limit of -1 or 0: no limit at all.
      if (entry.limit == 0) continue;
      if (any_counted ? entry.remaining != 0 : entry.reset_text.empty()) continue;
      entry.reset = parse_wait(entry.reset_text, reference);
      if (found == nullptr || entry.reset.value_or(-1) > found->reset.value_or(-1)) found = &entry;
    }
    return found;
  }

 private:
  struct Entry : LimitHeader {
    bool counted = false;  // a remaining header was there
    std::string_view reset_text;
  };

  Entry* find(std::string_view dimension) {
    for (std::size_t i = 0; i < size_; ++i) {
      if (equals_ignore_case(entries_[i].name, dimension)) return &entries_[i];
    }
    if (size_ == kLimitsMax) return nullptr;
    entries_[size_].name = dimension;
    return &entries_[size_++];
  }

  std::array<Entry, kLimitsMax> entries_;
  std::size_t size_ = 0;
};

// Most of an answer's lines are passed over by their first letter and their length.
bool may_concern_retry(std::string_view name) {
  switch (name.empty() ? '\0' : lower(name.front())) {
    case 'd':
      return name.size() == std::string_view("date").size();
    case 'p':
      return name.size() == std::string_view("policy-id").size();
    case 'r':
      return name.size() <= std::string_view("retry-after-ms").size();
    case 'x':
      return name.size() <= std::string_view("x-ms-retry-after-ms").size();
    default:
      return false;
  }
}

// Retry-After's relatives, the most exact first.
struct RetryAfterValues {
  std::string_view milliseconds;
  std::string_view microsoft_milliseconds;
  std::string_view standard;

  std::optional<Nanos> wait(Nanos reference) const {
    if (const auto exact = parse_milliseconds(milliseconds)) return exact;
    if (const auto exact = parse_milliseconds(microsoft_milliseconds)) return exact;
    return parse_wait(standard, reference);
  }
};

// Where a message names a wait: the words before it, in lower case.
constexpr std::array<std::string_view, 9> kAnchors = {
    "again in ", "retry in ",  "retry after ", "again after ", "reset after ",
    "reset in ", "resets in ", "wait for ",    "wait "};
constexpr std::array<std::string_view, 4> kFillers = {"about ", "approximately ", "at least ",
                                                      "another "};

std::optional<Nanos> wait_behind_anchor(std::string_view text) {
  for (const std::string_view filler : kFillers) {
    if (text.substr(0, filler.size()) == filler) text.remove_prefix(filler.size());
  }
  return take_spoken_duration(text);
}

}  // namespace

std::optional<Nanos> parse_wait(std::string_view text, Nanos reference) {
  if (text.empty()) return std::nullopt;
  if (const auto seconds = parse_seconds(text)) return seconds;
  if (const auto duration = parse_go_duration(text)) return duration;
  if (const auto wait = parse_epoch(text, reference)) return wait;
  if (const auto instant = parse_rfc3339(text)) return wait_until(instant, reference);
  return wait_until(parse_http_date(text), reference);
}

RetryHeaders read_retry_headers(const Headers& headers, Nanos unix_now) {
  RetryHeaders result;
  std::string_view date;
  RetryAfterValues values;
  headers.each([&](std::string_view given, std::string_view value) {
    if (!may_concern_retry(given)) return;
    const FoldedName folded(given);
    const std::string_view name = folded.view();
    if (name == "retry-after") {
      if (values.standard.empty()) values.standard = value;
    } else if (name == "retry-after-ms") {
      values.milliseconds = value;
    } else if (name == "x-ms-retry-after-ms") {
      values.microsoft_milliseconds = value;
    } else if (name == "policy-id") {
      result.policy_id = value;
    } else if (name == "x-should-retry") {
      if (equals_ignore_case(value, "true")) result.should_retry = true;
      if (equals_ignore_case(value, "false")) result.should_retry = false;
    } else if (name == "request-id" || name == "x-request-id") {
      result.request_id = value;
    } else if (name == "date") {
      date = value;
    }
  });
  // The sender's own clock, so that a wrong clock here does not turn 30 s into an hour.
  const Nanos reference = parse_http_date(date).value_or(unix_now);
  result.server_now = reference;
  result.retry_after = values.wait(reference);
  return result;
}

std::optional<LimitHeader> read_exhausted_limit(const Headers& headers, Nanos reference) {
  LimitTable limits;
  headers.each([&](std::string_view given, std::string_view value) {
    const FoldedName folded(given);
    if (folded.view() == "ratelimit") {
      limits.add_draft(value);
    } else {
      limits.add(given, folded.view(), value);
    }
  });
  const LimitHeader* const exhausted = limits.exhausted(reference);
  return exhausted == nullptr ? std::nullopt : std::optional(*exhausted);
}

std::optional<Hint> retry_after_from_headers(const Headers& headers, Nanos unix_now) {
  const RetryHeaders read = read_retry_headers(headers, unix_now);
  if (read.retry_after) return Hint{*read.retry_after, false};
  const auto exhausted = read_exhausted_limit(headers, read.server_now);
  if (exhausted && exhausted->reset) return Hint{*exhausted->reset, false};
  return std::nullopt;
}

std::optional<Hint> retry_after_from_text(const FoldedText& message) {
  const std::string_view text = message.view();
  for (const std::string_view anchor : kAnchors) {
    if (!message.contains(anchor)) continue;
    for (std::size_t at = text.find(anchor); at != std::string_view::npos;
         at = text.find(anchor, at + anchor.size())) {
      const std::optional<Nanos> wait = wait_behind_anchor(text.substr(at + anchor.size()));
      if (wait) return Hint{*wait, *wait >= kDailyWait};
    }
  }
  return std::nullopt;
}

std::optional<Hint> retry_after_from_text(std::string_view message) {
  return retry_after_from_text(FoldedText(message));
}

}  // namespace holysheep
