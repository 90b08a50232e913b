#include "core/classify_rules.h"

#include <array>

namespace holysheep {
namespace {

using enum Verdict;
using Limit = LimitDimension;

constexpr Rule word(std::string_view text, Verdict verdict, unsigned statuses = kAnyStatus) {
  return {.text = text, .statuses = statuses, .verdict = verdict};
}

constexpr Rule family(std::string_view text, Verdict verdict, unsigned statuses = kAnyStatus,
                      Limit dimension = Limit::unknown) {
  return {.text = text,
          .statuses = statuses,
          .verdict = verdict,
          .dimension = dimension,
          .family = true};
}

// Money is gone: every route of the credential is.
constexpr Rule spent(std::string_view text, unsigned statuses = kAnyStatus,
                     Reset reset = Reset::none) {
  return {.text = text,
          .statuses = statuses,
          .verdict = quota_exhausted,
          .reset = reset,
          .whole_credential = true};
}

constexpr Rule both(std::string_view text, std::string_view also, Verdict verdict,
                    unsigned statuses) {
  return {.text = text, .also = also, .statuses = statuses, .verdict = verdict};
}

constexpr Rule kErrorTypeRules[] = {
    family("rate_limit_exceeded", rate_limited),
    word("provider_overloaded", overloaded),
    word("provider_unavailable", server_error),
    word("server", server_error),
    word("timeout", server_error),
    word("context_length_exceeded", context_length),
    word("payment_required", quota_exhausted, kStatusUnknown),
    word("authentication", auth),
    word("permission_denied", forbidden),
    word("content_policy_violation", content_filter),
    word("refusal", content_filter),
    word("not_found", model_unavailable, kStatusUnknown | kStatus404),
    family("invalid_request", invalid_request, kStatusUnknown),
    word("invalid_prompt", invalid_request, kStatusUnknown),
};

constexpr Rule kLimitSourceRules[] = {
    // Money that calls in flight have reserved: it comes back when they end.
    {.text = "openrouter_in_flight_budget",
     .verdict = rate_limited,
     .dimension = Limit::concurrency},
    spent("openrouter_credits"),
    spent("openrouter_key_limit"),
    spent("openrouter_guardrail_budget"),
};

constexpr Rule kDetailCodeRules[] = {
    spent("enforced_spend_limit_reached", kAnyStatus, Reset::utc_month),
    word("ResponsibleAIPolicyViolation", content_filter),
};

constexpr Rule kReasonRules[] = {
    // With a RetryInfo of some seconds even: another model answers now (gemini-cli does the same).
    word("MODEL_CAPACITY_EXHAUSTED", overloaded),
    family("RATE_LIMIT_EXCEEDED", rate_limited),
    family("rateLimitExceeded", rate_limited),
    family("userRateLimitExceeded", rate_limited),
    {.text = "dailyLimitExceeded",
     .verdict = rate_limited,
     .dimension = Limit::rpd,
     .reset = Reset::pacific_day},
    {.text = "QUOTA_EXHAUSTED", .verdict = quota_exhausted},
    word("API_KEY_INVALID", auth),
    word("API_KEY_EXPIRED", auth),
    word("ACCESS_TOKEN_EXPIRED", auth),
    word("ACCESS_TOKEN_TYPE_UNSUPPORTED", auth),
    word("CREDENTIALS_MISSING", auth),
    word("ACCOUNT_STATE_INVALID", auth),
    word("CONSUMER_SUSPENDED", auth),
    word("CONSUMER_INVALID", auth),
    spent("BILLING_DISABLED"),
    word("SERVICE_DISABLED", forbidden),
    word("API_KEY_SERVICE_BLOCKED", forbidden),
    word("API_KEY_HTTP_REFERRER_BLOCKED", forbidden),
    word("API_KEY_IP_ADDRESS_BLOCKED", forbidden),
    word("IAM_PERMISSION_DENIED", forbidden),
    word("LOCATION_POLICY_VIOLATED", forbidden),
};

constexpr Rule kCodeRules[] = {
    // Groq: a request above the limit per minute.
    word("rate_limit_exceeded", too_large, kStatus413),
    family("rate_limit_exceeded", rate_limited),
    spent("insufficient_quota"),
    spent("credit_balance_exhausted"),
    spent("billing_hard_limit_reached"),
    spent("billing_not_active"),
    spent("insufficient_balance"),
    word("slow_down", overloaded, kStatus5xx),
    word("slow_down", rate_limited),
    word("server_is_overloaded", overloaded),
    word("engine_overloaded", overloaded),
    word("3505", overloaded, kStatus429),  // Mistral: service tier capacity exceeded
    word("capacity_exceeded", overloaded),
    word("invalid_api_key", auth),
    word("invalid_authentication", auth),
    word("expired_api_key", auth),
    word("account_deactivated", auth),
    word("unsupported_country_region_territory", forbidden),
    word("ip_not_authorized", forbidden),
    word("model_not_found", model_unavailable),
    word("model_not_available", model_unavailable),
    word("model_decommissioned", model_unavailable),
    word("model_deprecated", model_unavailable),
    word("model_not_active", model_unavailable),
    word("model_terms_required", model_unavailable),
    word("DeploymentNotFound", model_unavailable),
    word("unsupported_model", model_unavailable),
    word("context_length_exceeded", context_length),
    word("content_filter", content_filter),
    word("content_policy_violation", content_filter),
    word("moderation_blocked", content_filter),
    word("data_inspection_failed", content_filter),
};

constexpr unsigned kRateStatuses = kStatus429 | kStatusUnknown;

constexpr Rule kTypeRules[] = {
    spent("insufficient_quota"),
    spent("billing_error"),
    spent("exceeded_current_quota_error"),
    spent("budget_exceeded"),
    word("authentication_error", auth),
    word("invalid_authentication_error", auth),
    word("auth_error", auth),
    word("overloaded_error", overloaded),
    word("engine_overloaded_error", overloaded),
    word("service_unavailable_error", overloaded),
    word("service_tier_capacity_exceeded", overloaded),
    word("exceed_context_size_error", context_length),
    word("content_filter", content_filter),
    word("invalid_model", model_unavailable),
    word("key_model_access_denied", model_unavailable, kStatus403 | kStatusOther),
    word("permission_error", forbidden),
    family("rate_limit_error", rate_limited),
    family("rate_limit_reached_error", rate_limited),
    family("rate_limited", rate_limited),
    family("throttling_error", rate_limited),
    family("requests", rate_limited, kRateStatuses),
    family("tokens", too_large, kStatus413),
    family("tokens", rate_limited, kRateStatuses),
    family("tokens_usage_based", rate_limited, kRateStatuses),
    family("invalid_request_error", invalid_request, kStatusUnknown),
};

constexpr Rule kStatusNameRules[] = {
    family("RESOURCE_EXHAUSTED", rate_limited, kRateStatuses),
    word("UNAVAILABLE", overloaded),
    word("UNAUTHENTICATED", auth),
    family("PERMISSION_DENIED", forbidden),
    family("INVALID_ARGUMENT", invalid_request, kStatusUnknown),
};

constexpr unsigned kRequestStatuses = kStatus400 | kStatus413 | kStatusUnknown;
// Together answers 403 to a prompt that is too long.
constexpr unsigned kContextStatuses = kRequestStatuses | kStatus403;
constexpr unsigned kMoneyStatuses = kStatus400 | kStatus403 | kStatus429;
constexpr unsigned kKeyStatuses = kStatus400 | kStatus403;
constexpr unsigned kModelStatuses = kStatus400 | kStatus404;

constexpr Rule kMessageRules[] = {
    word("request too large", too_large, kStatus429 | kStatus413),
    // Gemini's words for every limit; a wait of seconds says that it is one of a minute.
    word("please retry in", rate_limited, kStatus429),
    {.text = "exceeded your current quota", .statuses = kStatus429, .verdict = quota_exhausted},
    {.text = "free-models-per-day",
     .statuses = kStatus429,
     .verdict = rate_limited,
     .dimension = Limit::rpd,
     .reset = Reset::utc_day},
    // LiteLLM: a list of other answers' errors follows.
    word("no deployments available", rate_limited, kStatus429),
    word("high demand", overloaded, kStatus429),
    word("temporarily unable to process", overloaded, kStatus429),
    word("service tier capacity exceeded", overloaded, kStatus429),
    word("overloaded", overloaded, kStatus429 | kStatus5xx | kStatusUnknown),

    spent("specified api usage limits", kMoneyStatuses, Reset::utc_month),
    spent("credit balance is too low", kMoneyStatuses),
    spent("insufficient balance", kMoneyStatuses),
    spent("insufficient credits", kMoneyStatuses),
    spent("used all available credits", kMoneyStatuses),
    spent("spending limit", kMoneyStatuses),
    spent("spend limit", kMoneyStatuses),
    spent("billing hard limit", kMoneyStatuses),
    spent("budget has been exceeded", kMoneyStatuses),
    spent("key limit exceeded", kMoneyStatuses),

    word("maximum context length", context_length, kContextStatuses),
    word("context window", context_length, kContextStatuses),
    word("context limit", context_length, kContextStatuses),
    word("available context size", context_length, kContextStatuses),
    word("prompt is too long", context_length, kContextStatuses),
    word("input is too long", context_length, kContextStatuses),
    word("too many tokens", context_length, kContextStatuses),
    word("maximum number of tokens allowed", context_length, kContextStatuses),
    word("reduce the length of the messages", context_length, kContextStatuses),
    word("context length", context_length, kContextStatuses),
    both("max_new_tokens", "must be <=", context_length, kContextStatuses),

    word("content management policy", content_filter, kContextStatuses),
    word("safety system", content_filter, kContextStatuses),
    word("content exists risk", content_filter, kContextStatuses),
    word("was flagged", content_filter, kContextStatuses),
    word("inappropriate content", content_filter, kContextStatuses),

    word("api key not valid", auth, kKeyStatuses),
    word("api key expired", auth, kKeyStatuses),
    word("invalid api key", auth, kKeyStatuses),
    word("incorrect api key", auth, kKeyStatuses),

    word("location is not supported", forbidden, kStatus400),

    word("model not exist", model_unavailable, kModelStatuses),
    word("not a valid model", model_unavailable, kModelStatuses),
    word("invalid model", model_unavailable, kModelStatuses),
    both("model", "does not exist", model_unavailable, kModelStatuses),
    both("model", "not found", model_unavailable, kStatus404),
    both("model", "decommissioned", model_unavailable, kModelStatuses),
    both("deployment", "does not exist", model_unavailable, kStatus404),
    word("model: ", model_unavailable, kStatus404),
    word("no endpoints found", model_unavailable, kStatus404),
    word("no allowed providers", model_unavailable, kStatus404),
};

constexpr TransportRule kTransportRules[] = {
    {TransportError::none, network, broken_stream, "no answer came"},
    {TransportError::resolve, network, network, "the host's name has no address"},
    {TransportError::connect, network, network, "no connection to the host"},
    {TransportError::tls, network, network, "the TLS handshake failed"},
    {TransportError::certificate, network, network, "the host's certificate was not accepted"},
    {TransportError::proxy, network, network, "the proxy refused the connection"},
    {TransportError::reset, network, broken_stream, "the connection was cut before the answer"},
    {TransportError::reused_dead, transient, broken_stream, "a reused connection was dead"},
    {TransportError::cut, network, broken_stream, "the answer was cut"},
    {TransportError::protocol, network, broken_stream, "the answer is not well-formed HTTP"},
    {TransportError::header_too_large, server_error, server_error,
     "the answer's header is larger than limits.header_bytes_max"},
    {TransportError::body_too_large, broken_stream, broken_stream,
     "the answer's body is larger than limits.body_bytes_max"},
    {TransportError::local_descriptors, local, local,
     "this process has no file descriptors left (RLIMIT_NOFILE)"},
    {TransportError::local_memory, local, local, "this process has no memory left"},
    {TransportError::local_ports, local, local, "this machine has no local ports left"},
    {TransportError::local_network, local, local, "this machine has no network"},
    {TransportError::local_files, local, local, "ca_file or client_cert cannot be read"},
};
static_assert(std::size(kTransportRules) ==
              static_cast<std::size_t>(TransportError::local_files) + 1);

// The first range that holds the status decides; the last holds every status.
constexpr StatusRule kStatusRules[] = {
    {200, 299, ok, "status 2xx"},
    {300, 399, redirected, "status 3xx"},
    {401, 401, auth, "status 401"},
    {402, 402, quota_exhausted, "status 402", true},
    {403, 403, forbidden, "status 403"},
    {407, 407, network, "status 407"},  // a proxy's: nothing has reached the endpoint
    {408, 409, transient, "status 408 or 409"},
    {424, 424, server_error, "status 424"},
    {425, 425, transient, "status 425"},
    {429, 429, rate_limited, "status 429"},
    {451, 451, forbidden, "status 451"},
    {498, 498, overloaded, "status 498"},  // Groq: flex tier capacity exceeded
    {499, 499, transient, "status 499"},
    {400, 499, invalid_request, "status 4xx"},
    {503, 503, overloaded, "status 503"},
    {529, 529, overloaded, "status 529"},
    {0, 999, server_error, "status 5xx"},
};

}  // namespace

StatusSet status_set(int status) {
  switch (status) {
    case 0:
      return kStatusUnknown;
    case 400:
    case 412:
    case 422:
      return kStatus400;
    case 402:
      return kStatus402;
    case 403:
      return kStatus403;
    case 404:
      return kStatus404;
    case 413:
      return kStatus413;
    case 429:
      return kStatus429;
    default:
      return status >= 500 ? kStatus5xx : kStatusOther;
  }
}

std::span<const Rule> error_type_rules() {
  return kErrorTypeRules;
}
std::span<const Rule> limit_source_rules() {
  return kLimitSourceRules;
}
std::span<const Rule> detail_code_rules() {
  return kDetailCodeRules;
}
std::span<const Rule> reason_rules() {
  return kReasonRules;
}
std::span<const Rule> code_rules() {
  return kCodeRules;
}
std::span<const Rule> type_rules() {
  return kTypeRules;
}
std::span<const Rule> status_name_rules() {
  return kStatusNameRules;
}
std::span<const Rule> message_rules() {
  return kMessageRules;
}

const TransportRule& transport_rule(TransportError error) {
  return kTransportRules[static_cast<std::size_t>(error)];
}

const StatusRule& status_rule(int status) {
  for (const StatusRule& rule : kStatusRules) {
    if (status >= rule.first && status <= rule.last) return rule;
  }
  return kStatusRules[std::size(kStatusRules) - 1];
}

}  // namespace holysheep
