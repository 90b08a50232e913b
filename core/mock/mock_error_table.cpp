#include "core/mock/mock_error_table.h"

#include <algorithm>
#include <cstddef>

namespace holysheep {
namespace {

#define HOLYSHEEP_RATE_TEXT(per)                                                            \
  "Rate limit reached for {model} in organization org-mock on " per                         \
  ": Limit {limit}, Used {used}, Requested {requested}. Please try again in {wait}. Visit " \
  "https://platform.openai.com/account/rate-limits to learn more."

constexpr MockErrorRow kOpenAi[] = {
    {MockError::rate_limit_rpm, 429, "requests", "rate_limit_exceeded",
     HOLYSHEEP_RATE_TEXT("requests per min (RPM)")},
    {MockError::rate_limit_tpm, 429, "tokens", "rate_limit_exceeded",
     HOLYSHEEP_RATE_TEXT("tokens per min (TPM)")},
    {MockError::rate_limit_rpd, 429, "requests", "rate_limit_exceeded",
     HOLYSHEEP_RATE_TEXT("requests per day (RPD)")},
    {MockError::rate_limit_tpd, 429, "tokens", "rate_limit_exceeded",
     HOLYSHEEP_RATE_TEXT("tokens per day (TPD)")},
    {MockError::concurrency, 429, "rate_limit_error", "concurrency_limit_exceeded",
     "Too many concurrent requests: {used} of {limit} are running."},
    {MockError::too_large, 429, "tokens", "rate_limit_exceeded",
     "Request too large for {model} in organization org-mock on tokens per min (TPM): Limit "
     "{limit}, Requested {requested}. The input or output tokens must be reduced in order to run "
     "successfully."},
    {MockError::insufficient_quota, 429, "insufficient_quota", "insufficient_quota",
     "You exceeded your current quota, please check your plan and billing details."},
    {MockError::overloaded, 503, "service_unavailable_error", "server_is_overloaded",
     "The server is currently overloaded with other requests. Please try again later."},
    {MockError::server_error, 500, "server_error", "",
     "The server had an error while processing your request. Sorry about that!"},
    {MockError::auth, 401, "invalid_request_error", "invalid_api_key",
     "Incorrect API key provided. You can find your API key at "
     "https://platform.openai.com/account/api-keys."},
    {MockError::permission, 403, "invalid_request_error", "insufficient_permissions",
     "You have insufficient permissions for this operation."},
    {MockError::model_not_found, 404, "invalid_request_error", "model_not_found",
     "The model `{model}` does not exist or you do not have access to it."},
    {MockError::context_length, 400, "invalid_request_error", "context_length_exceeded",
     "This model's maximum context length is {limit} tokens. However, your messages resulted in "
     "{requested} tokens. Please reduce the length of the messages."},
    {MockError::content_filter, 400, "invalid_request_error", "content_filter",
     "The response was filtered due to the prompt triggering our content management policy."},
    {MockError::invalid_request, 400, "invalid_request_error", "invalid_value",
     "max_tokens is too large: {requested}. This model supports at most {limit} completion "
     "tokens."},
};

constexpr MockErrorRow kAzure[] = {
    {MockError::rate_limit_rpm, 429, "", "429",
     "Requests to the ChatCompletions_Create Operation under Azure OpenAI API version 2024-10-21 "
     "have exceeded call rate limit of your current AIServices S0 pricing tier. Please retry after "
     "{seconds} seconds."},
    {MockError::rate_limit_tpm, 429, "", "429",
     "Requests to the ChatCompletions_Create Operation under Azure OpenAI API version 2024-10-21 "
     "have exceeded token rate limit of your current AIServices S0 pricing tier. Please retry "
     "after "
     "{seconds} seconds."},
    {MockError::rate_limit_rpd, 429, "", "429",
     "Requests to the ChatCompletions_Create Operation under Azure OpenAI API version 2024-10-21 "
     "have exceeded token rate limit of your current AIServices S0 pricing tier. Please retry "
     "after "
     "{seconds} seconds."},
    {MockError::overloaded, 429, "", "429",
     "The system is currently experiencing high demand and cannot process your request."},
    {MockError::auth, 401, "", "401",
     "Access denied due to invalid subscription key or wrong API endpoint."},
};

constexpr MockErrorRow kAnthropic[] = {
    {MockError::rate_limit_rpm, 429, "rate_limit_error", "",
     "Number of requests has exceeded your rate limit."},
    {MockError::rate_limit_tpm, 429, "rate_limit_error", "",
     "Number of request tokens has exceeded your per-minute rate limit."},
    {MockError::rate_limit_rpd, 429, "rate_limit_error", "",
     "Number of request tokens has exceeded your daily rate limit."},
    {MockError::insufficient_quota, 400, "invalid_request_error", "",
     "You have reached your specified API usage limits. You will regain access on 2030-01-01 at "
     "00:00 UTC."},
    {MockError::overloaded, 529, "overloaded_error", "", "Overloaded"},
    {MockError::server_error, 500, "api_error", "", "Internal server error"},
    {MockError::auth, 401, "authentication_error", "", "invalid x-api-key"},
    {MockError::permission, 403, "permission_error", "",
     "Your API key does not have permission to use the specified resource."},
    {MockError::model_not_found, 404, "not_found_error", "", "model: {model}"},
    {MockError::context_length, 400, "invalid_request_error", "",
     "prompt is too long: {requested} tokens > {limit} maximum"},
};

constexpr MockErrorRow kGemini[] = {
    {MockError::rate_limit_rpm, 429, "RESOURCE_EXHAUSTED",
     "GenerateRequestsPerMinutePerProjectPerModel-FreeTier",
     "You exceeded your current quota. Please retry in {wait}."},
    {MockError::rate_limit_tpm, 429, "RESOURCE_EXHAUSTED",
     "GenerateContentInputTokensPerModelPerMinute-FreeTier",
     "You exceeded your current quota. Please retry in {wait}."},
    {MockError::rate_limit_rpd, 429, "RESOURCE_EXHAUSTED",
     "GenerateRequestsPerDayPerProjectPerModel-FreeTier",
     "You exceeded your current quota, please check your plan and billing details."},
    {MockError::insufficient_quota, 429, "RESOURCE_EXHAUSTED", "",
     "You exceeded your current quota, please check your plan and billing details."},
    {MockError::overloaded, 503, "UNAVAILABLE", "",
     "The model is overloaded. Please try again later."},
    {MockError::server_error, 500, "INTERNAL", "", "An internal error has occurred."},
    {MockError::auth, 401, "UNAUTHENTICATED", "",
     "Request had invalid authentication credentials."},
    {MockError::permission, 403, "PERMISSION_DENIED", "", "The caller does not have permission"},
    {MockError::model_not_found, 404, "NOT_FOUND", "", "models/{model} is not found"},
};

#define HOLYSHEEP_GROQ_TEXT(per)                                                    \
  "Rate limit reached for model `{model}` in organization `org_mock` service tier " \
  "`on_demand` on " per                                                             \
  ": Limit {limit}, Used {used}, Requested {requested}. Please try again in {wait}."

constexpr MockErrorRow kGroq[] = {
    {MockError::rate_limit_rpm, 429, "requests", "rate_limit_exceeded",
     HOLYSHEEP_GROQ_TEXT("requests per minute (RPM)")},
    {MockError::rate_limit_tpm, 429, "tokens", "rate_limit_exceeded",
     HOLYSHEEP_GROQ_TEXT("tokens per minute (TPM)")},
    {MockError::rate_limit_rpd, 429, "requests", "rate_limit_exceeded",
     HOLYSHEEP_GROQ_TEXT("requests per day (RPD)")},
    {MockError::rate_limit_tpd, 429, "tokens", "rate_limit_exceeded",
     HOLYSHEEP_GROQ_TEXT("tokens per day (TPD)")},
    {MockError::too_large, 413, "tokens", "rate_limit_exceeded",
     "Request too large for model `{model}` in organization `org_mock` service tier `on_demand` on "
     "tokens per minute (TPM): Limit {limit}, Requested {requested}, please reduce your message "
     "size and try again."},
};

constexpr MockErrorRow kMistral[] = {
    {MockError::rate_limit_rpm, 429, "rate_limited", "1300", "Rate limit exceeded"},
    {MockError::rate_limit_tpm, 429, "rate_limited", "1300", "Rate limit exceeded"},
    {MockError::rate_limit_rpd, 429, "rate_limited", "1300", "Rate limit exceeded"},
    {MockError::auth, 401, "unauthorized", "", "Unauthorized"},
};

constexpr MockErrorRow kOpenRouter[] = {
    {MockError::rate_limit_rpm, 429, "rate_limit_exceeded", "",
     "Rate limit exceeded: free-models-per-min. "},
    {MockError::rate_limit_rpd, 429, "rate_limit_exceeded", "",
     "Rate limit exceeded: free-models-per-day. Add 10 credits to unlock 1000 free model requests "
     "per day"},
    {MockError::insufficient_quota, 402, "insufficient_credits", "",
     "Insufficient credits. Add more using https://openrouter.ai/settings/credits"},
    {MockError::overloaded, 503, "provider_overloaded", "", "Provider returned error"},
    {MockError::auth, 401, "unauthenticated", "", "No auth credentials found"},
};

constexpr MockErrorRow kDeepSeek[] = {
    {MockError::rate_limit_rpm, 429, "rate_limit_error", "", "Rate limit reached"},
    {MockError::insufficient_quota, 402, "unknown_error", "invalid_request_error",
     "Insufficient Balance"},
    {MockError::auth, 401, "authentication_error", "invalid_request_error",
     "Authentication Fails (no such user)"},
};

constexpr MockErrorRow kDocument[] = {
    {MockError::rate_limit_rpm, 429, "rate_limit_error", "429",
     "Rate limit exceeded for model {model} in region us-east-1."},
    {MockError::rate_limit_tpm, 429, "rate_limit_error", "429",
     "Rate limit exceeded for model {model} in region us-east-1."},
    {MockError::rate_limit_rpd, 429, "rate_limit_error", "429",
     "Rate limit exceeded for model {model} in region us-east-1."},
    {MockError::auth, 401, "authentication_error", "401",
     "Invalid API key provided. You can find your API key at "
     "https://api.holysheep.ai/dashboard"},
    {MockError::overloaded, 503, "server_error", "503",
     "The server is temporarily unavailable. Please try again later."},
};

#undef HOLYSHEEP_RATE_TEXT
#undef HOLYSHEEP_GROQ_TEXT

template <std::size_t N>
const MockErrorRow* find_in(const MockErrorRow (&rows)[N], MockError error) {
  const MockErrorRow* const found =
      std::find_if(rows, rows + N, [error](const MockErrorRow& row) { return row.error == error; });
  return found == rows + N ? nullptr : found;
}

const MockErrorRow* own_row(MockFamily family, MockError error) {
  switch (family) {
    case MockFamily::openai:
      return find_in(kOpenAi, error);
    case MockFamily::azure:
      return find_in(kAzure, error);
    case MockFamily::anthropic:
      return find_in(kAnthropic, error);
    case MockFamily::gemini:
      return find_in(kGemini, error);
    case MockFamily::groq:
      return find_in(kGroq, error);
    case MockFamily::mistral:
      return find_in(kMistral, error);
    case MockFamily::openrouter:
      return find_in(kOpenRouter, error);
    case MockFamily::deepseek:
      return find_in(kDeepSeek, error);
    case MockFamily::document:
      return find_in(kDocument, error);
  }
  return nullptr;
}

}  // namespace

const MockErrorRow& mock_error_row(MockFamily family, MockError error) {
  const MockErrorRow* const own = own_row(family, error);
  return own != nullptr ? *own : *find_in(kOpenAi, error);
}

}  // namespace holysheep
