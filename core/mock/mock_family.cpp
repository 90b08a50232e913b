#include "core/mock/mock_family.h"

#include <algorithm>
#include <utility>

#include "core/calendar.h"
#include "core/json.h"

namespace holysheep {
namespace {

constexpr std::pair<std::string_view, MockFamily> kFamilies[] = {
    {"openai", MockFamily::openai},
    {"azure", MockFamily::azure},
    {"anthropic", MockFamily::anthropic},
    {"gemini", MockFamily::gemini},
    {"groq", MockFamily::groq},
    {"mistral", MockFamily::mistral},
    {"openrouter", MockFamily::openrouter},
    {"deepseek", MockFamily::deepseek},
    {"document", MockFamily::document},
};

constexpr std::pair<std::string_view, MockError> kErrors[] = {
    {"rate_limit_rpm", MockError::rate_limit_rpm},
    {"rate_limit_tpm", MockError::rate_limit_tpm},
    {"daily", MockError::rate_limit_rpd},
    {"daily_tokens", MockError::rate_limit_tpd},
    {"concurrency", MockError::concurrency},
    {"too_large", MockError::too_large},
    {"insufficient_quota", MockError::insufficient_quota},
    {"overloaded", MockError::overloaded},
    {"server_error", MockError::server_error},
    {"auth", MockError::auth},
    {"permission", MockError::permission},
    {"model_not_found", MockError::model_not_found},
    {"context_length", MockError::context_length},
    {"content_filter", MockError::content_filter},
    {"invalid_request", MockError::invalid_request},
};

// {limit}, {used}, {requested}, {wait}, {seconds} and {model} are filled in. `code` may be "".
struct Row {
  MockError error;
  int status;
  std::string_view type;
  std::string_view code;
  std::string_view message;
};

#define HOLYSHEEP_RATE_TEXT(per)                                                            \
  "Rate limit reached for {model} in organization org-mock on " per                         \
  ": Limit {limit}, Used {used}, Requested {requested}. Please try again in {wait}. Visit " \
  "https://platform.openai.com/account/rate-limits to learn more."

constexpr Row kOpenAi[] = {
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

constexpr Row kAzure[] = {
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

constexpr Row kAnthropic[] = {
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

constexpr Row kGemini[] = {
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

constexpr Row kGroq[] = {
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

constexpr Row kMistral[] = {
    {MockError::rate_limit_rpm, 429, "rate_limited", "1300", "Rate limit exceeded"},
    {MockError::rate_limit_tpm, 429, "rate_limited", "1300", "Rate limit exceeded"},
    {MockError::rate_limit_rpd, 429, "rate_limited", "1300", "Rate limit exceeded"},
    {MockError::auth, 401, "unauthorized", "", "Unauthorized"},
};

constexpr Row kOpenRouter[] = {
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

constexpr Row kDeepSeek[] = {
    {MockError::rate_limit_rpm, 429, "rate_limit_error", "", "Rate limit reached"},
    {MockError::insufficient_quota, 402, "unknown_error", "invalid_request_error",
     "Insufficient Balance"},
    {MockError::auth, 401, "authentication_error", "invalid_request_error",
     "Authentication Fails (no such user)"},
};

constexpr Row kDocument[] = {
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
const Row* find_in(const Row (&rows)[N], MockError error) {
  const Row* const found =
      std::find_if(rows, rows + N, [error](const Row& row) { return row.error == error; });
  return found == rows + N ? nullptr : found;
}

const Row* own_row(MockFamily family, MockError error) {
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

// What a family has no words of its own for, it says in OpenAI's.
const Row& row_of(MockFamily family, MockError error) {
  const Row* const own = own_row(family, error);
  return own != nullptr ? *own : *find_in(kOpenAi, error);
}

std::int64_t seconds_up(Nanos duration) {
  return (to_ms_ceil(duration) + 999) / 1000;
}

std::string filled(std::string_view text, const MockErrorFacts& facts) {
  const std::pair<std::string_view, std::string> values[] = {
      {"{limit}", std::to_string(facts.limit)},
      {"{used}", std::to_string(facts.used)},
      {"{requested}", std::to_string(facts.requested)},
      {"{wait}", go_duration_text(facts.wait)},
      {"{seconds}", std::to_string(seconds_up(facts.wait))},
      {"{model}", facts.model.empty() ? "mock-model" : facts.model},
  };
  std::string out(text);
  for (const auto& [name, value] : values) {
    for (std::size_t at = out.find(name); at != std::string::npos;
         at = out.find(name, at + value.size())) {
      out.replace(at, name.size(), value);
    }
  }
  return out;
}

bool is_rate_limit(MockError error) {
  return error == MockError::rate_limit_rpm || error == MockError::rate_limit_tpm ||
         error == MockError::rate_limit_rpd || error == MockError::rate_limit_tpd;
}

void write_code(JsonWriter& writer, std::string_view code) {
  writer.key("code");
  if (code.empty()) {
    writer.null();
  } else {
    writer.value(code);
  }
}

void write_gemini(JsonWriter& writer, const Row& row, const std::string& message,
                  const MockErrorFacts& facts) {
  writer.begin_array().begin_object().key("error").begin_object();
  writer.member("code", row.status).member("message", message).member("status", row.type);
  if (is_rate_limit(row.error) && !row.code.empty()) {
    writer.key("details").begin_array().begin_object();
    writer.member("@type", "type.googleapis.com/google.rpc.QuotaFailure");
    writer.key("violations").begin_array().begin_object();
    writer.member("quotaMetric", "generativelanguage.googleapis.com/generate_content_requests");
    writer.member("quotaId", row.code).member("quotaValue", std::to_string(facts.limit));
    writer.end_object().end_array().end_object();
    if (facts.wait > 0) {
      writer.begin_object().member("@type", "type.googleapis.com/google.rpc.RetryInfo");
      writer.member("retryDelay", std::to_string(seconds_up(facts.wait)) + "s").end_object();
    }
    writer.end_array();
  }
  writer.end_object().end_object().end_array();
}

void write_openrouter(JsonWriter& writer, const Row& row, const std::string& message,
                      const MockErrorFacts& facts) {
  writer.begin_object().key("error").begin_object();
  writer.member("message", message).member("code", row.status).key("metadata").begin_object();
  writer.member("error_type", row.type);
  if (is_rate_limit(row.error)) {
    writer.key("headers").begin_object();
    writer.member("X-RateLimit-Limit", std::to_string(facts.limit));
    writer.member("X-RateLimit-Remaining", "0").end_object();
  } else if (row.error == MockError::overloaded) {
    writer.member("provider_name", "Mock");
  }
  writer.end_object().end_object().end_object();
}

void write_openai(JsonWriter& writer, MockFamily family, const Row& row, const std::string& message,
                  const MockErrorFacts& facts) {
  writer.begin_object().key("error").begin_object().member("message", message);
  writer.member("type", row.type);
  const bool document = family == MockFamily::document;
  if (document && row.status == 429) {
    writer.member("code", row.code).key("param").null();
    if (facts.wait > 0) writer.member("retry_after", seconds_up(facts.wait));
  } else if (document) {
    writer.member("code", row.code);
  } else {
    writer.key("param").null();
    write_code(writer, row.code);
  }
  writer.end_object().end_object();
}

std::string error_body(MockFamily family, const Row& row, const MockErrorFacts& facts) {
  const std::string message = filled(row.message, facts);
  JsonWriter writer;
  switch (family) {
    case MockFamily::azure:
      writer.begin_object().key("error").begin_object();
      write_code(writer, row.code);
      writer.member("message", message).end_object().end_object();
      break;
    case MockFamily::anthropic:
      writer.begin_object().member("type", "error").key("error").begin_object();
      writer.member("type", row.type).member("message", message).end_object();
      writer.member("request_id", "req_mock").end_object();
      break;
    case MockFamily::gemini:
      write_gemini(writer, row, message, facts);
      break;
    case MockFamily::mistral:
      writer.begin_object().member("object", "error").member("message", message);
      writer.member("type", row.type).key("param").null();
      write_code(writer, row.code);
      writer.member("raw_status_code", row.status).end_object();
      break;
    case MockFamily::openrouter:
      write_openrouter(writer, row, message, facts);
      break;
    default:
      write_openai(writer, family, row, message, facts);
      break;
  }
  return writer.take();
}

void append_line(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

void append_line(std::string& out, std::string_view name, std::int64_t value) {
  append_line(out, name, std::to_string(value));
}

// OpenAI's and Groq's six headers.
void append_openai(std::string& out, std::string_view what, const MockLimitDimension& dimension) {
  if (dimension.limit == 0) return;
  const std::string tail(what);
  append_line(out, "x-ratelimit-limit-" + tail, dimension.limit);
  append_line(out, "x-ratelimit-remaining-" + tail, dimension.remaining);
  append_line(out, "x-ratelimit-reset-" + tail, go_duration_text(dimension.reset));
}

std::string rfc3339(Nanos unix) {
  const std::int64_t seconds = unix / kSecond;
  constexpr std::int64_t kDaySeconds = kDay / kSecond;
  const CivilDate date = civil_from_days(seconds / kDaySeconds);
  const auto two = [](std::int64_t number) {
    return (number < 10 ? "0" : "") + std::to_string(number);
  };
  const std::int64_t rest = seconds % kDaySeconds;
  return std::to_string(date.year) + "-" + two(date.month) + "-" + two(date.day) + "T" +
         two(rest / 3600) + ":" + two(rest / 60 % 60) + ":" + two(rest % 60) + "Z";
}

void append_anthropic(std::string& out, std::string_view what, const MockLimitDimension& dimension,
                      Nanos unix) {
  if (dimension.limit == 0) return;
  const std::string head = "anthropic-ratelimit-" + std::string(what);
  append_line(out, head + "-limit", dimension.limit);
  append_line(out, head + "-remaining", dimension.remaining);
  if (unix > 0) append_line(out, head + "-reset", rfc3339(unix + dimension.reset + kSecond - 1));
}

const MockLimitDimension& either(const MockLimitDimension& first,
                                 const MockLimitDimension& second) {
  return first.limit > 0 ? first : second;
}

}  // namespace

std::optional<MockFamily> mock_family_named(std::string_view name) {
  for (const auto& [each, family] : kFamilies) {
    if (each == name) return family;
  }
  return std::nullopt;
}

std::optional<MockError> mock_error_named(std::string_view name) {
  for (const auto& [each, error] : kErrors) {
    if (each == name) return error;
  }
  return std::nullopt;
}

std::string mock_family_names() {
  std::string all;
  for (const auto& [name, unused] : kFamilies) {
    all.append(all.empty() ? "\"" : ", \"").append(name).append("\"");
  }
  return all;
}

std::string mock_error_names() {
  std::string all;
  for (const auto& [name, unused] : kErrors) {
    all.append(all.empty() ? "\"" : ", \"").append(name).append("\"");
  }
  return all;
}

MockErrorFacts mock_error_facts(MockError error) {
  switch (error) {
    case MockError::rate_limit_rpm:
      return {3, 3, 1, 20 * kSecond, {}};
    case MockError::rate_limit_tpm:
      return {30000, 18928, 11159, 174 * kMillisecond, {}};
    case MockError::rate_limit_rpd:
      return {200, 200, 1, 432 * kSecond, {}};
    case MockError::rate_limit_tpd:
      return {100000, 99000, 2000, 864 * kSecond, {}};
    case MockError::concurrency:
      return {2, 2, 1, kSecond, {}};
    case MockError::too_large:
      return {30000, 0, 36278, 0, {}};
    case MockError::context_length:
      return {8192, 0, 13392, 0, {}};
    case MockError::invalid_request:
      return {16384, 0, 32000, 0, {}};
    default:
      return {};
  }
}

std::string go_duration_text(Nanos duration) {
  std::int64_t ms = to_ms_ceil(duration);
  if (ms == 0) return "0s";
  if (ms < 1000) return std::to_string(ms) + "ms";
  std::string out;
  if (ms >= 3'600'000) out = std::to_string(ms / 3'600'000) + "h";
  if (ms >= 60'000) out += std::to_string(ms / 60'000 % 60) + "m";
  ms %= 60'000;
  out += std::to_string(ms / 1000);
  if (ms % 1000 != 0) {
    std::string fraction = std::to_string(1000 + ms % 1000).substr(1);
    fraction.erase(fraction.find_last_not_of('0') + 1);
    out += "." + fraction;
  }
  return out + "s";
}

std::string mock_limit_headers(MockFamily family, const MockLimitView& view, bool refused,
                               Nanos unix) {
  std::string out;
  const MockLimitDimension& requests = either(view.requests_minute, view.requests_day);
  const MockLimitDimension& tokens = either(view.tokens_minute, view.tokens_day);
  switch (family) {
    case MockFamily::openai:
      append_openai(out, "requests", requests);
      append_openai(out, "tokens", tokens);
      break;
    case MockFamily::groq:
      append_openai(out, "requests", view.requests_day);
      append_openai(out, "tokens", view.tokens_minute);
      break;
    case MockFamily::azure:
      if (requests.limit > 0) {
        append_line(out, "x-ratelimit-remaining-requests", requests.remaining);
      }
      if (tokens.limit > 0) append_line(out, "x-ratelimit-remaining-tokens", tokens.remaining);
      break;
    case MockFamily::anthropic:
      append_anthropic(out, "requests", requests, unix);
      append_anthropic(out, "tokens", tokens, unix);
      break;
    case MockFamily::mistral:
      if (requests.limit > 0) {
        append_line(out, "x-ratelimit-limit-req-minute", requests.limit);
        append_line(out, "x-ratelimit-remaining-req-minute", requests.remaining);
      }
      if (tokens.limit > 0) {
        append_line(out, "x-ratelimit-limit-tokens-minute", tokens.limit);
        append_line(out, "x-ratelimit-remaining-tokens-minute", tokens.remaining);
      }
      break;
    case MockFamily::openrouter:
      if (refused && requests.limit > 0) {
        append_line(out, "X-RateLimit-Limit", requests.limit);
        append_line(out, "X-RateLimit-Remaining", requests.remaining);
        if (unix > 0) append_line(out, "X-RateLimit-Reset", to_ms_ceil(unix + requests.reset));
      }
      break;
    case MockFamily::gemini:
    case MockFamily::deepseek:
    case MockFamily::document:
      break;
  }
  return out;
}

void apply_mock_error(MockFamily family, MockError error, const MockErrorFacts& facts,
                      MockReply& reply) {
  const Row& row = row_of(family, error);
  reply.status = row.status;
  reply.body = error_body(family, row, facts);
  reply.content_type = "application/json";
  const auto add = [&reply](std::string_view name, std::string value) {
    reply.headers.emplace_back(std::string(name), std::move(value));
  };
  const bool hint = facts.wait > 0 && (is_rate_limit(error) || error == MockError::concurrency ||
                                       error == MockError::overloaded);
  if (!hint) return;
  switch (family) {
    case MockFamily::openai:
    case MockFamily::azure:
      add("retry-after", std::to_string(seconds_up(facts.wait)));
      add("retry-after-ms", std::to_string(to_ms_ceil(facts.wait)));
      break;
    case MockFamily::anthropic:
      add("retry-after", std::to_string(seconds_up(facts.wait)));
      add("x-should-retry", "true");
      break;
    case MockFamily::groq:
    case MockFamily::openrouter:
      add("retry-after", std::to_string(seconds_up(facts.wait)));
      break;
    default:
      break;
  }
}

}  // namespace holysheep
