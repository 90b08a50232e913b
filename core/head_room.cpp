#include "core/head_room.h"

#include <algorithm>
#include <charconv>

namespace holysheep {
namespace {

constexpr std::int64_t kUntold = -1;

struct Field {
  std::string_view name;
  QuotaKind kind;
  bool is_limit;
};

constexpr QuotaKind kRequests = QuotaKind::requests;
constexpr QuotaKind kTokens = QuotaKind::tokens;
constexpr QuotaKind kInput = QuotaKind::input_tokens;
constexpr QuotaKind kOutput = QuotaKind::output_tokens;

constexpr std::array kFields = std::to_array<Field>({
    // OpenAI and most that are like it
    {"x-ratelimit-limit-requests", kRequests, true},
    {"x-ratelimit-remaining-requests", kRequests, false},
    {"x-ratelimit-limit-tokens", kTokens, true},
    {"x-ratelimit-remaining-tokens", kTokens, false},
    // Anthropic
    {"anthropic-ratelimit-requests-limit", kRequests, true},
    {"anthropic-ratelimit-requests-remaining", kRequests, false},
    {"anthropic-ratelimit-tokens-limit", kTokens, true},
    {"anthropic-ratelimit-tokens-remaining", kTokens, false},
    {"anthropic-ratelimit-input-tokens-limit", kInput, true},
    {"anthropic-ratelimit-input-tokens-remaining", kInput, false},
    {"anthropic-ratelimit-output-tokens-limit", kOutput, true},
    {"anthropic-ratelimit-output-tokens-remaining", kOutput, false},
    // Mistral
    {"x-ratelimit-limit-req-minute", kRequests, true},
    {"x-ratelimit-remaining-req-minute", kRequests, false},
    {"x-ratelimit-limit-tokens-minute", kTokens, true},
    {"x-ratelimit-remaining-tokens-minute", kTokens, false},
    // OpenRouter, and gateways that follow the drafts of the standard
    {"x-ratelimit-limit", kRequests, true},
    {"x-ratelimit-remaining", kRequests, false},
    {"ratelimit-limit", kRequests, true},
    {"ratelimit-remaining", kRequests, false},
});

const Field* find_field(std::string_view name) {
  const auto found = std::find_if(kFields.begin(), kFields.end(), [name](const Field& each) {
    return equals_ignore_case(each.name, name);
  });
  return found == kFields.end() ? nullptr : &*found;
}

// Some providers say -1 where they do not know.
std::int64_t count_of(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = fault == std::errc() && end == text.data() + text.size();
  return whole && number >= 0 ? number : kUntold;
}

}  // namespace

std::string_view name_of(QuotaKind kind) {
  constexpr std::array<std::string_view, kQuotaKinds> kNames{"requests", "tokens", "input_tokens",
                                                             "output_tokens"};
  return kNames[static_cast<std::size_t>(kind)];
}

HeadRoom::HeadRoom() {
  for (Kept& each : kept_) {
    each.remaining.set(kUntold);
    each.limit.set(kUntold);
  }
}

void HeadRoom::read(const Headers& headers, bool always, Now now) {
  if (!always && now.mono < next_read_) return;
  next_read_ = now.mono + kReadEvery;
  headers.each([&](std::string_view name, std::string_view value) {
    const Field* field = find_field(name);
    if (field == nullptr) return;
    const std::int64_t count = count_of(value);
    if (count == kUntold) return;
    Kept& kept = kept_[static_cast<std::size_t>(field->kind)];
    (field->is_limit ? kept.limit : kept.remaining).set(count);
    if (!field->is_limit) seen_unix_.set(now.unix);
  });
}

std::optional<HeadRoom::Part> HeadRoom::part(QuotaKind kind) const {
  const Kept& kept = kept_[static_cast<std::size_t>(kind)];
  const Part part{kept.remaining.get(), kept.limit.get()};
  // A limit of nothing is none.
  if (part.remaining == kUntold || part.limit == 0) return std::nullopt;
  return part;
}

}  // namespace holysheep
