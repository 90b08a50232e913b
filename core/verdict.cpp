// The words for verdicts, limit dimensions and time limits: one table each, in the enum's order.
#include "core/verdict.h"

#include <array>

namespace holysheep {
namespace {

constexpr std::array<std::string_view, kVerdictCount> kVerdictNames = {
    "ok",
    "rate_limited",
    "too_large",
    "quota_exhausted",
    "auth",
    "forbidden",
    "overloaded",
    "server_error",
    "transient",
    "network",
    "timeout",
    "broken_stream",
    "model_unavailable",
    "context_length",
    "content_filter",
    "invalid_request",
    "local",
    "redirected",
    "cancelled",
};
static_assert(static_cast<int>(Verdict::cancelled) + 1 == kVerdictCount);

constexpr std::array<std::string_view, 6> kDimensionNames = {"unknown", "rpm", "tpm",
                                                             "rpd",     "tpd", "concurrency"};
static_assert(static_cast<std::size_t>(LimitDimension::concurrency) + 1 == kDimensionNames.size());

constexpr std::array<std::string_view, 7> kTimeLimitNames = {
    "none", "connect", "first_token", "idle", "progress", "response", "total"};
static_assert(static_cast<std::size_t>(TimeLimit::total) + 1 == kTimeLimitNames.size());

}  // namespace

std::string_view name_of(Verdict verdict) {
  return kVerdictNames[static_cast<std::size_t>(verdict)];
}

std::string_view name_of(LimitDimension dimension) {
  return kDimensionNames[static_cast<std::size_t>(dimension)];
}

std::string_view name_of(TimeLimit limit) {
  return kTimeLimitNames[static_cast<std::size_t>(limit)];
}

std::optional<Verdict> verdict_from_name(std::string_view name) {
  for (std::size_t i = 0; i < kVerdictNames.size(); ++i) {
    if (kVerdictNames[i] == name) return static_cast<Verdict>(i);
  }
  return std::nullopt;
}

}  // namespace holysheep
