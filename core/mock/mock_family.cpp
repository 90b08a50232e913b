#include "core/mock/mock_family.h"

#include <algorithm>
#include <utility>

#include "core/json.h"
#include "core/mock/mock_error_table.h"

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

void write_gemini(JsonWriter& writer, const MockErrorRow& row, const std::string& message,
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

void write_openrouter(JsonWriter& writer, const MockErrorRow& row, const std::string& message,
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

void write_openai(JsonWriter& writer, MockFamily family, const MockErrorRow& row,
                  const std::string& message, const MockErrorFacts& facts) {
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

std::string error_body(MockFamily family, const MockErrorRow& row, const MockErrorFacts& facts) {
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

void apply_mock_error(MockFamily family, MockError error, const MockErrorFacts& facts,
                      MockReply& reply) {
  const MockErrorRow& row = mock_error_row(family, error);
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
