#include "core/mock/mock_question.h"

#include <algorithm>

#include "core/json.h"

namespace holysheep {
namespace {

// Of English text; what OpenAI's documentation gives as a rule of thumb.
constexpr std::size_t kBytesPerToken = 4;
// Each choice repeats every piece of content; more than a test needs would only eat memory.
constexpr std::int64_t kChoicesMax = 16;
constexpr std::size_t kInputsMax = 2048;

struct Route {
  std::string_view suffix;
  MockApi api;
};

constexpr Route kRoutes[] = {
    {"/chat/completions", MockApi::chat}, {"/completions", MockApi::completions},
    {"/responses", MockApi::responses},   {"/messages", MockApi::messages},
    {"/embeddings", MockApi::embeddings}, {"/models", MockApi::models},
};

MockApi api_of(std::string_view method, std::string_view path) {
  path = path.substr(0, path.find('?'));
  for (const Route& route : kRoutes) {
    if (!path.ends_with(route.suffix)) continue;
    const bool reads = method == "GET" || method == "HEAD";
    return reads == (route.api == MockApi::models) ? route.api : MockApi::other;
  }
  return MockApi::other;
}

std::size_t text_bytes(const JsonValue& value) {
  std::size_t bytes = 0;
  switch (value.kind()) {
    case JsonValue::Kind::string:
      return value.string_or("").size();
    case JsonValue::Kind::array:
      for (const JsonValue& each : value.elements())
        bytes += text_bytes(each);
      return bytes;
    case JsonValue::Kind::object:
      for (const auto& [name, each] : value.members())
        bytes += text_bytes(each);
      return bytes;
    default:
      return 0;
  }
}

}  // namespace

MockQuestion read_mock_question(std::string_view method, std::string_view path,
                                std::string_view body) {
  MockQuestion question;
  question.api = api_of(method, path);
  if (body.empty()) return question;
  const Result<JsonDocument> document = JsonDocument::parse(body, "body", Status::request);
  if (!document.ok()) return question;
  const JsonValue root = document.value().root();
  question.model = root.member("model").string_or("");
  question.stream = root.member("stream").boolean_or(false);
  question.include_usage = root.member("stream_options").member("include_usage").boolean_or(false);
  question.choices =
      static_cast<int>(std::clamp<std::int64_t>(root.member("n").integer_or(1), 1, kChoicesMax));
  const JsonValue input = root.member("input");
  if (input.kind() == JsonValue::Kind::array) {
    question.inputs =
        static_cast<int>(std::clamp<std::size_t>(input.elements().size(), 1, kInputsMax));
  }
  std::size_t bytes = 0;
  for (const char* name : {"messages", "input", "prompt", "system", "instructions"}) {
    bytes += text_bytes(root.member(name));
  }
  question.input_tokens = static_cast<std::int64_t>((bytes + kBytesPerToken - 1) / kBytesPerToken);
  for (const char* name : {"max_completion_tokens", "max_output_tokens", "max_tokens"}) {
    const std::int64_t most = root.member(name).integer_or(-1);
    if (most >= 0 && question.output_tokens_max < 0) question.output_tokens_max = most;
  }
  return question;
}

}  // namespace holysheep
