#include "core/mock/mock_limit_headers.h"

#include <string_view>

#include "core/calendar.h"

namespace holysheep {
namespace {

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

}  // namespace holysheep
