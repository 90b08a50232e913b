#include "core/sim/sim_answer.h"

#include <algorithm>

#include "core/json.h"

namespace holysheep {
namespace {

// The usual rule of thumb; the simulated prompts are plain ASCII.
constexpr std::int64_t kBytesPerToken = 4;
constexpr std::string_view kTokenText = "token ";
constexpr std::string_view kStreamHeader = "content-type: text/event-stream\r\n";

std::string repeated_tokens(std::int64_t count) {
  std::string text;
  text.reserve(static_cast<std::size_t>(count) * kTokenText.size());
  for (std::int64_t i = 0; i < count; ++i)
    text += kTokenText;
  return text;
}

void write_usage(JsonWriter& writer, const SimRequest& request, std::int64_t tokens) {
  writer.key("usage")
      .begin_object()
      .member("prompt_tokens", request.input_tokens)
      .member("completion_tokens", tokens)
      .member("total_tokens", request.input_tokens + tokens)
      .end_object();
}

std::string whole_completion(const SimRequest& request, std::int64_t tokens, bool cut_short) {
  JsonWriter writer;
  writer.begin_object();
  writer.member("id", "chatcmpl-simulated").member("object", "chat.completion");
  writer.member("created", 1767225600).member("model", std::string_view(request.model));
  writer.key("choices").begin_array().begin_object().member("index", 0);
  writer.key("message").begin_object().member("role", "assistant");
  writer.member("content", std::string_view(repeated_tokens(tokens))).end_object();
  writer.member("finish_reason", cut_short ? "length" : "stop").end_object().end_array();
  write_usage(writer, request, tokens);
  writer.end_object();
  return writer.take();
}

void begin_chunk(JsonWriter& writer, const SimRequest& request) {
  writer.begin_object();
  writer.member("id", "chatcmpl-simulated").member("object", "chat.completion.chunk");
  writer.member("created", 1767225600).member("model", std::string_view(request.model));
  writer.key("choices").begin_array();
}

std::string role_chunk(const SimRequest& request) {
  JsonWriter writer;
  begin_chunk(writer, request);
  writer.begin_object().member("index", 0).key("delta").begin_object();
  writer.member("role", "assistant").member("content", "").end_object();
  writer.key("finish_reason").null().end_object().end_array().end_object();
  return writer.take();
}

std::string content_chunk(const SimRequest& request, std::int64_t tokens) {
  JsonWriter writer;
  begin_chunk(writer, request);
  writer.begin_object().member("index", 0).key("delta").begin_object();
  writer.member("content", std::string_view(repeated_tokens(tokens))).end_object();
  writer.key("finish_reason").null().end_object().end_array().end_object();
  return writer.take();
}

std::string finish_chunk(const SimRequest& request, bool cut_short) {
  JsonWriter writer;
  begin_chunk(writer, request);
  writer.begin_object().member("index", 0).key("delta").begin_object().end_object();
  writer.member("finish_reason", cut_short ? "length" : "stop");
  writer.end_object().end_array().end_object();
  return writer.take();
}

std::string usage_chunk(const SimRequest& request, std::int64_t tokens) {
  JsonWriter writer;
  begin_chunk(writer, request);
  writer.end_array();
  write_usage(writer, request, tokens);
  writer.end_object();
  return writer.take();
}

void add_event(SimAnswer& answer, std::string payload) {
  answer.pieces.push_back({0, "data: " + payload + "\n\n"});
  answer.payloads.push_back(std::move(payload));
}

SimAnswer chat_stream(const SimRequest& request, std::int64_t tokens, int pieces, bool cut_short) {
  SimAnswer answer;
  answer.status = 200;
  answer.headers = kStreamHeader;
  add_event(answer, role_chunk(request));
  const std::int64_t count = std::clamp<std::int64_t>(pieces, 1, std::max<std::int64_t>(1, tokens));
  std::int64_t sent = 0;
  for (std::int64_t i = 1; i <= count; ++i) {
    const std::int64_t until = tokens * i / count;
    add_event(answer, content_chunk(request, until - sent));
    sent = until;
  }
  add_event(answer, finish_chunk(request, cut_short));
  if (request.include_usage) add_event(answer, usage_chunk(request, tokens));
  add_event(answer, "[DONE]");
  return answer;
}

struct ErrorWords {
  std::string_view message;
  std::string_view type;
  std::string_view code;  // "": null
};

ErrorWords words_of(int status) {
  switch (status) {
    case 400:
      return {"Invalid value for 'messages'.", "invalid_request_error", ""};
    case 401:
      return {
          "Invalid API key provided. You can find your API key at "
          "https://api.holysheep.ai/dashboard",
          "authentication_error", "401"};
    case 402:
      return {"Insufficient Balance", "insufficient_quota", "insufficient_quota"};
    case 403:
      return {"You are not allowed to use this model.", "permission_error", ""};
    case 404:
      return {"The model does not exist.", "invalid_request_error", "model_not_found"};
    case 429:
      return {"Rate limit exceeded.", "rate_limit_error", "429"};
    case 503:
      return {"The server is temporarily unavailable. Please try again later.", "server_error",
              "503"};
    case 529:
      return {"Overloaded", "overloaded_error", ""};
    default:
      return {"The server had an error while processing your request.", "server_error", ""};
  }
}

}  // namespace

SimRequest read_sim_request(const HttpRequest& request) {
  SimRequest found;
  std::string_view url = request.url;
  const std::size_t scheme = url.find("://");
  if (scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
  const std::size_t slash = url.find('/');
  if (slash != std::string_view::npos) {
    url.remove_prefix(slash);
    found.path = url.substr(0, url.find('?'));
  }
  if (request.body == nullptr) return found;
  found.input_tokens = static_cast<std::int64_t>(request.body->size()) / kBytesPerToken;
  Result<JsonDocument> document = JsonDocument::parse(*request.body, "request", Status::request);
  if (!document.ok()) return found;
  const JsonValue root = document.value().root();
  found.model = root.member("model").string_or("");
  found.stream = root.member("stream").boolean_or(false);
  found.include_usage = root.member("stream_options").member("include_usage").boolean_or(false);
  found.max_tokens = std::max(root.member("max_tokens").integer_or(0),
                              root.member("max_completion_tokens").integer_or(0));
  return found;
}

SimAnswer success_answer(const SimRequest& request, std::int64_t tokens, int pieces) {
  const bool cut_short = request.max_tokens > 0 && tokens >= request.max_tokens;
  if (cut_short) tokens = request.max_tokens;
  SimAnswer answer;
  answer.truth = SimTruth::good;
  const bool chat = request.path.ends_with("/chat/completions");
  if (chat && request.stream) {
    answer = chat_stream(request, tokens, pieces, cut_short);
    answer.truth = SimTruth::good;
    return answer;
  }
  answer.status = 200;
  answer.headers = kSimJsonHeader;
  std::string body = chat ? whole_completion(request, tokens, cut_short)
                          : std::string(R"({"object":"list","data":[]})");
  answer.payloads.push_back(body);
  answer.pieces.push_back({0, std::move(body)});
  return answer;
}

std::string error_body(std::string_view message, std::string_view type, std::string_view code) {
  JsonWriter writer;
  writer.begin_object().key("error").begin_object();
  writer.member("message", message).member("type", type).key("param").null();
  writer.key("code");
  if (code.empty()) {
    writer.null();
  } else {
    writer.value(code);
  }
  writer.end_object().end_object();
  return writer.take();
}

SimAnswer error_answer(int status) {
  const ErrorWords words = words_of(status);
  SimAnswer answer;
  answer.status = status;
  answer.headers = kSimJsonHeader;
  answer.pieces.push_back({0, error_body(words.message, words.type, words.code)});
  answer.truth = SimTruth::bad;
  return answer;
}

}  // namespace holysheep
