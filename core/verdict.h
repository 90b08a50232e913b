// What an attempt's outcome means (SEMANTICS 3). Words only; the rules are in classify, what is
// done about each verdict in policy.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/duration.h"

namespace holysheep {

enum class Verdict : std::uint8_t {
  ok,
  rate_limited,
  too_large,
  quota_exhausted,
  auth,
  forbidden,
  overloaded,
  server_error,
  transient,
  network,
  timeout,
  broken_stream,
  model_unavailable,
  context_length,
  content_filter,
  invalid_request,
  local,
  redirected,
  cancelled,
};
constexpr int kVerdictCount = 19;

enum class LimitDimension : std::uint8_t { unknown, rpm, tpm, rpd, tpd, concurrency };

enum class TimeLimit : std::uint8_t {
  none,
  connect,
  first_token,
  idle,
  progress,
  response,
  total,
};

// The lower-case names that traces, vectors and metrics use ("rate_limited", "rpm", "first_token").
std::string_view name_of(Verdict verdict);
std::string_view name_of(LimitDimension dimension);
std::string_view name_of(TimeLimit limit);
std::optional<Verdict> verdict_from_name(std::string_view name);

// What the provider said about when to come back.
struct Hint {
  Nanos wait = 0;      // from the moment of the answer; a floor
  bool daily = false;  // typed or worded as a daily or spend limit: not to be cut to one hour
};

// What the classifier found. Texts are copies: they outlive the body.
struct Classification {
  Verdict verdict = Verdict::ok;
  LimitDimension dimension = LimitDimension::unknown;
  TimeLimit time_limit = TimeLimit::none;  // for Verdict::timeout
  std::optional<Hint> hint;
  // From "Limit L, Used U, Requested R" where given; -1: not given.
  std::int64_t limit = -1;
  std::int64_t used = -1;
  std::int64_t requested = -1;
  // The scope of quota_exhausted: the whole credential (spend, credit) rather than one quota group.
  bool whole_credential = false;
  // x-should-retry: false, or `retryable: false`: not on this route again; elsewhere is allowed.
  bool same_route_forbidden = false;
  std::string_view rule;  // the rule that decided, for the trace; static text
  std::string message;    // the provider's message (attribute only: may echo the prompt), or ours
  std::string code;
  std::string type;
  std::string param;
  std::string request_id;
};

}  // namespace holysheep
