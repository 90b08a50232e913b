#include "core/sim/sim_refusal.h"

#include <algorithm>

#include "core/json.h"

namespace holysheep {
namespace {

std::string header_line(std::string_view name, std::string_view value) {
  std::string line(name);
  line += ": ";
  line += value;
  line += "\r\n";
  return line;
}

std::int64_t whole_seconds(Nanos duration) {
  return (duration + kSecond - 1) / kSecond;
}

// The words for one limit: "tokens per min (TPM)", and OpenAI's error type.
struct LimitWords {
  std::string_view long_name;
  std::string_view type;
};

LimitWords limit_words(LimitDimension dimension) {
  switch (dimension) {
    case LimitDimension::rpm:
      return {"requests per min (RPM)", "requests"};
    case LimitDimension::tpm:
      return {"tokens per min (TPM)", "tokens"};
    case LimitDimension::rpd:
      return {"requests per day (RPD)", "requests"};
    case LimitDimension::tpd:
      return {"tokens per day (TPD)", "tokens"};
    default:
      return {"concurrent requests", "requests"};
  }
}

// OpenAI's and Groq's sentence, from which the wait can be computed as well as read.
std::string limit_sentence(const SimRequest& request, const SimAdmission& admission) {
  const LimitWords words = limit_words(admission.dimension);
  std::string text = admission.never_fits ? "Request too large for " : "Rate limit reached for ";
  text += request.model + " in organization org-simulated on ";
  text += words.long_name;
  text += ": Limit " + std::to_string(admission.limit);
  if (!admission.never_fits) text += ", Used " + std::to_string(admission.used);
  text += ", Requested " + std::to_string(admission.requested) + ". ";
  if (admission.never_fits) {
    return text + "The input or output tokens must be reduced in order to run successfully.";
  }
  if (admission.wait > 0) text += "Please try again in " + go_duration(admission.wait) + ". ";
  return text + "Visit https://platform.openai.com/account/rate-limits to learn more.";
}

SimAnswer openai_refusal(const SimRequest& request, const SimAdmission& admission, bool groq) {
  SimAnswer answer;
  answer.status = groq && admission.never_fits ? 413 : 429;
  const std::string body = error_body(limit_sentence(request, admission),
                                      limit_words(admission.dimension).type, "rate_limit_exceeded");
  answer.headers = kSimJsonHeader;
  if (!admission.never_fits && admission.wait > 0) {
    answer.headers += header_line("retry-after", std::to_string(whole_seconds(admission.wait)));
    if (!groq) {
      answer.headers += header_line("retry-after-ms", std::to_string(to_ms_ceil(admission.wait)));
    }
    answer.told_wait = admission.wait;
  }
  answer.pieces.push_back({0, body});
  return answer;
}

SimAnswer azure_refusal(const SimAdmission& admission) {
  SimAnswer answer;
  answer.status = 429;
  const bool tokens =
      admission.dimension == LimitDimension::tpm || admission.dimension == LimitDimension::tpd;
  const std::int64_t seconds = std::max<std::int64_t>(1, whole_seconds(admission.wait));
  std::string text =
      "Requests to the ChatCompletions_Create Operation under Azure OpenAI API version 2024-06-01 "
      "have exceeded ";
  text += tokens ? "token" : "call";
  text += " rate limit of your current AIServices S0 pricing tier. Please retry after " +
          std::to_string(seconds) + " seconds.";
  JsonWriter writer;
  writer.begin_object().key("error").begin_object();
  writer.member("code", "429").member("message", std::string_view(text)).end_object().end_object();
  answer.headers = kSimJsonHeader;
  answer.headers += header_line("retry-after", std::to_string(seconds));
  answer.pieces.push_back({0, writer.take()});
  answer.told_wait = seconds * kSecond;
  return answer;
}

SimAnswer anthropic_refusal(const SimAdmission& admission, Now now) {
  SimAnswer answer;
  answer.status = 429;
  const bool tokens =
      admission.dimension == LimitDimension::tpm || admission.dimension == LimitDimension::tpd;
  const std::string prefix =
      tokens ? "anthropic-ratelimit-tokens-" : "anthropic-ratelimit-requests-";
  answer.headers = kSimJsonHeader;
  answer.headers += header_line(prefix + "limit", std::to_string(admission.limit));
  answer.headers += header_line(prefix + "remaining", "0");
  // In whole seconds, upwards: who comes then is not too early.
  const Nanos reset = now.unix + admission.wait + kSecond - 1;
  answer.headers += header_line(prefix + "reset", rfc3339(reset));
  answer.headers += header_line("x-should-retry", "true");
  JsonWriter writer;
  writer.begin_object().member("type", "error").key("error").begin_object();
  writer.member("type", "rate_limit_error");
  writer.member("message", "Number of requests has exceeded your rate limit.");
  writer.end_object().end_object();
  answer.pieces.push_back({0, writer.take()});
  answer.told_wait = admission.wait;
  return answer;
}

SimAnswer gemini_refusal(const SimAdmission& admission) {
  SimAnswer answer;
  answer.status = 429;
  const bool tokens = admission.dimension == LimitDimension::tpm;
  const bool daily =
      admission.dimension == LimitDimension::rpd || admission.dimension == LimitDimension::tpd;
  std::string quota = tokens ? "GenerateContentInputTokensPerModel" : "GenerateRequests";
  quota += daily ? "PerDay" : "PerMinute";
  quota += "PerProjectPerModel-FreeTier";
  const std::string delay = std::to_string(whole_seconds(admission.wait)) + "s";
  JsonWriter writer;
  writer.begin_array().begin_object().key("error").begin_object();
  writer.member("code", 429).member("message", "You exceeded your current quota.");
  writer.member("status", "RESOURCE_EXHAUSTED").key("details").begin_array();
  writer.begin_object().member("@type", "type.googleapis.com/google.rpc.QuotaFailure");
  writer.key("violations").begin_array().begin_object();
  writer.member("quotaId", std::string_view(quota));
  writer.member("quotaValue", std::string_view(std::to_string(admission.limit)));
  writer.end_object().end_array().end_object();
  writer.begin_object().member("@type", "type.googleapis.com/google.rpc.RetryInfo");
  writer.member("retryDelay", std::string_view(delay)).end_object();
  writer.end_array().end_object().end_object().end_array();
  answer.headers = kSimJsonHeader;
  answer.pieces.push_back({0, writer.take()});
  answer.told_wait = whole_seconds(admission.wait) * kSecond;
  return answer;
}

SimAnswer document_refusal(const SimRequest& request, const SimAdmission& admission) {
  SimAnswer answer;
  answer.status = 429;
  const std::int64_t seconds = std::max<std::int64_t>(1, whole_seconds(admission.wait));
  const std::string text =
      "Rate limit exceeded for model " + request.model + " in region us-east-1.";
  JsonWriter writer;
  writer.begin_object().key("error").begin_object();
  writer.member("message", std::string_view(text)).member("type", "rate_limit_error");
  writer.member("code", "429").key("param").null().member("retry_after", seconds);
  writer.end_object().end_object();
  answer.headers = kSimJsonHeader;
  answer.pieces.push_back({0, writer.take()});
  answer.told_wait = seconds * kSecond;
  return answer;
}

SimAnswer plain_refusal(const SimAdmission& admission, bool silent) {
  SimAnswer answer = error_answer(429);
  if (silent) return answer;
  const std::int64_t seconds = std::max<std::int64_t>(1, whole_seconds(admission.wait));
  answer.headers += header_line("Retry-After", std::to_string(seconds));
  answer.told_wait = seconds * kSecond;
  return answer;
}

}  // namespace

SimAnswer refusal_answer(SimFamily family, const SimRequest& request, const SimAdmission& admission,
                         Now now) {
  SimAnswer answer;
  if (admission.never_fits || family == SimFamily::openai || family == SimFamily::groq) {
    answer = openai_refusal(request, admission, family == SimFamily::groq);
  } else if (family == SimFamily::azure) {
    answer = azure_refusal(admission);
  } else if (family == SimFamily::anthropic && admission.wait > 0) {
    answer = anthropic_refusal(admission, now);
  } else if (family == SimFamily::gemini && admission.wait > 0) {
    answer = gemini_refusal(admission);
  } else if (family == SimFamily::document) {
    answer = document_refusal(request, admission);
  } else {
    answer = plain_refusal(admission, family == SimFamily::silent);
  }
  answer.truth = SimTruth::bad;
  return answer;
}

std::string limit_headers(SimFamily family, SimLimiter& limiter, Now now) {
  if (family != SimFamily::openai && family != SimFamily::groq) return "";
  std::string lines;
  // Groq's "requests" are per day, OpenAI's per minute (PROVIDERS 1.1).
  const LimitDimension requests =
      family == SimFamily::groq ? LimitDimension::rpd : LimitDimension::rpm;
  const struct {
    LimitDimension dimension;
    std::string_view suffix;
  } rows[] = {{requests, "requests"}, {LimitDimension::tpm, "tokens"}};
  for (const auto& row : rows) {
    const std::int64_t limit = limiter.limit_of(row.dimension);
    if (limit <= 0) continue;
    const std::string suffix(row.suffix);
    lines += header_line("x-ratelimit-limit-" + suffix, std::to_string(limit));
    lines += header_line("x-ratelimit-remaining-" + suffix,
                         std::to_string(limiter.remaining_of(row.dimension, now)));
    lines += header_line("x-ratelimit-reset-" + suffix,
                         go_duration(limiter.reset_of(row.dimension, now)));
  }
  return lines;
}

std::string go_duration(Nanos duration) {
  std::int64_t ms = to_ms_ceil(duration);
  if (ms < 1000) return std::to_string(ms) + "ms";
  std::string text;
  if (ms >= 3'600'000) text += std::to_string(ms / 3'600'000) + "h";
  if (ms >= 60'000) text += std::to_string(ms / 60'000 % 60) + "m";
  ms %= 60'000;
  text += std::to_string(ms / 1000);
  if (ms % 1000 != 0) {
    std::string fraction = std::to_string(1000 + ms % 1000).substr(1);
    while (fraction.back() == '0')
      fraction.pop_back();
    text += "." + fraction;
  }
  return text + "s";
}

std::string rfc3339(Nanos unix_time) {
  const std::int64_t seconds = whole_seconds(unix_time);
  const std::int64_t days = seconds / 86400;
  // Howard Hinnant's civil_from_days, for days after 1970.
  const std::int64_t shifted = days + 719468;
  const std::int64_t era = shifted / 146097;
  const std::int64_t day_of_era = shifted - era * 146097;
  const std::int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const std::int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t shifted_month = (5 * day_of_year + 2) / 153;
  const std::int64_t day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
  const std::int64_t month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
  const std::int64_t year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
  const auto padded = [](std::int64_t number, std::size_t width) {
    std::string text = std::to_string(number);
    return std::string(width > text.size() ? width - text.size() : 0, '0') + text;
  };
  return padded(year, 4) + "-" + padded(month, 2) + "-" + padded(day, 2) + "T" +
         padded(seconds / 3600 % 24, 2) + ":" + padded(seconds / 60 % 60, 2) + ":" +
         padded(seconds % 60, 2) + "Z";
}

}  // namespace holysheep
