#include "core/mock/mock_answer.h"

#include <algorithm>
#include <utility>

#include "core/json.h"

namespace holysheep {
namespace {

// 2023-11-14T22:13:20Z: an answer must not differ from run to run.
constexpr std::int64_t kCreated = 1'700'000'000;
constexpr std::string_view kDefaultModel = "mock-model";
constexpr std::string_view kFillerWord = " sheep";
constexpr int kEmbeddingSize = 8;
// What GET /models lists when the script names none.
constexpr std::string_view kListedModels[] = {"gpt-4.1", "claude-sonnet-4.5", "gemini-2.5-flash",
                                              "deepseek-v3.2"};

// The answer's content in pieces: words with the space before them.
std::vector<std::string> pieces_of(const MockReply& reply, std::string_view endpoint) {
  std::vector<std::string> pieces;
  if (reply.tokens >= 0) {
    pieces.assign(static_cast<std::size_t>(reply.tokens), std::string(kFillerWord));
    return pieces;
  }
  const std::string text =
      reply.text.empty() ? "Hello from " + std::string(endpoint) + "." : reply.text;
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t word = text.find_first_not_of(' ', begin);
    const std::size_t end = word == std::string::npos ? text.size() : text.find(' ', word);
    pieces.push_back(text.substr(begin, end == std::string::npos ? end : end - begin));
    begin = end == std::string::npos ? text.size() : end;
  }
  return pieces;
}

// One answer on its way into the shape of an API.
class Answer {
 public:
  Answer(const MockReply& reply, const MockQuestion& question, std::string_view endpoint)
      : reply_(reply), question_(question), pieces_(pieces_of(reply, endpoint)) {
    model_ = !reply.model.empty()      ? std::string_view(reply.model)
             : !question.model.empty() ? std::string_view(question.model)
                                       : kDefaultModel;
  }

  std::string json() const;
  std::vector<MockEvent> events();

 private:
  std::string text() const;
  std::string finish_reason(std::string_view usual) const;
  bool has_usage() const { return reply_.usage.value_or("") != "null"; }
  std::string usage(std::string_view input, std::string_view output) const;
  std::string chat_json() const;
  std::string responses_json(std::string_view status) const;
  std::string messages_json() const;
  std::string embeddings_json() const;
  std::string other_json() const;

  void add(MockPart part, std::string_view data, std::string_view name = {});
  void add_chat(MockPart part, int choice, std::string_view delta, std::string_view finish);
  void fault_before(std::size_t token);
  void chat_events();
  void responses_events();
  void messages_events();
  void scripted_events();

  const MockReply& reply_;
  const MockQuestion& question_;
  std::vector<std::string> pieces_;
  std::string_view model_;
  std::vector<MockEvent> events_;
  bool faulted_ = false;
};

std::string Answer::text() const {
  std::string text;
  for (const std::string& piece : pieces_)
    text += piece;
  return text;
}

std::string Answer::finish_reason(std::string_view usual) const {
  return reply_.finish_reason.empty() ? std::string(usual) : reply_.finish_reason;
}

std::string Answer::usage(std::string_view input, std::string_view output) const {
  if (reply_.usage) return *reply_.usage;
  const auto output_tokens = static_cast<std::int64_t>(pieces_.size()) * question_.choices;
  JsonWriter writer;
  writer.begin_object().member(input, question_.input_tokens).member(output, output_tokens);
  if (question_.api != MockApi::messages) {
    writer.member("total_tokens", question_.input_tokens + output_tokens);
  }
  return writer.end_object().take();
}

std::string Answer::chat_json() const {
  const bool chat = question_.api == MockApi::chat;
  JsonWriter writer;
  writer.begin_object().member("id", chat ? "chatcmpl-mock" : "cmpl-mock");
  writer.member("object", chat ? "chat.completion" : "text_completion");
  writer.member("created", kCreated).member("model", model_).key("choices").begin_array();
  for (int choice = 0; choice < question_.choices; ++choice) {
    writer.begin_object().member("index", choice);
    if (chat) {
      writer.key("message").begin_object().member("role", "assistant");
      writer.member("content", std::string_view(text())).end_object();
    } else {
      writer.member("text", std::string_view(text()));
    }
    writer.key("finish_reason");
    if (reply_.no_finish_reason) {
      writer.null();
    } else {
      writer.value(std::string_view(finish_reason("stop")));
    }
    writer.end_object();
  }
  writer.end_array();
  if (has_usage()) writer.key("usage").raw(usage("prompt_tokens", "completion_tokens"));
  return writer.end_object().take();
}

std::string Answer::responses_json(std::string_view status) const {
  const bool whole = status == "completed";
  JsonWriter writer;
  writer.begin_object().member("id", "resp_mock").member("object", "response");
  writer.member("created_at", kCreated).member("status", status).member("model", model_);
  writer.key("output").begin_array();
  if (whole) {
    writer.begin_object().member("type", "message").member("id", "msg_mock");
    writer.member("role", "assistant").member("status", "completed");
    writer.key("content").begin_array().begin_object().member("type", "output_text");
    writer.member("text", std::string_view(text())).end_object().end_array().end_object();
  }
  writer.end_array();
  if (whole && has_usage()) writer.key("usage").raw(usage("input_tokens", "output_tokens"));
  return writer.end_object().take();
}

std::string Answer::messages_json() const {
  JsonWriter writer;
  writer.begin_object().member("id", "msg_mock").member("type", "message");
  writer.member("role", "assistant").member("model", model_).key("content").begin_array();
  writer.begin_object().member("type", "text").member("text", std::string_view(text()));
  writer.end_object().end_array();
  writer.member("stop_reason", std::string_view(finish_reason("end_turn")));
  if (has_usage()) writer.key("usage").raw(usage("input_tokens", "output_tokens"));
  return writer.end_object().take();
}

std::string Answer::embeddings_json() const {
  JsonWriter writer;
  writer.begin_object().member("object", "list").key("data").begin_array();
  for (int input = 0; input < question_.inputs; ++input) {
    writer.begin_object().member("object", "embedding").member("index", input);
    writer.key("embedding").begin_array();
    for (int i = 0; i < kEmbeddingSize; ++i)
      writer.value(0.125 * (i + 1));
    writer.end_array().end_object();
  }
  writer.end_array().member("model", model_).key("usage").begin_object();
  writer.member("prompt_tokens", question_.input_tokens);
  writer.member("total_tokens", question_.input_tokens).end_object();
  return writer.end_object().take();
}

std::string Answer::other_json() const {
  JsonWriter writer;
  writer.begin_object().member("object", "mock").member("text", std::string_view(text()));
  return writer.end_object().take();
}

std::string Answer::json() const {
  switch (question_.api) {
    case MockApi::chat:
    case MockApi::completions:
      return chat_json();
    case MockApi::responses:
      return responses_json("completed");
    case MockApi::messages:
      return messages_json();
    case MockApi::embeddings:
      return embeddings_json();
    default:
      return other_json();
  }
}

void Answer::add(MockPart part, std::string_view data, std::string_view name) {
  std::string text;
  if (!name.empty()) text.append("event: ").append(name).append("\n");
  text.append("data: ").append(data).append("\n\n");
  events_.push_back({part, std::move(text)});
}

void Answer::add_chat(MockPart part, int choice, std::string_view delta, std::string_view finish) {
  const bool chat = question_.api == MockApi::chat;
  JsonWriter writer;
  writer.begin_object().member("id", chat ? "chatcmpl-mock" : "cmpl-mock");
  writer.member("object", chat ? "chat.completion.chunk" : "text_completion");
  writer.member("created", kCreated).member("model", model_).key("choices").begin_array();
  if (choice >= 0) {
    writer.begin_object().member("index", choice);
    if (!chat) {
      writer.member("text", delta);
    } else {
      writer.key("delta").begin_object();
      if (part == MockPart::opening) writer.member("role", "assistant");
      if (part != MockPart::closing) writer.member("content", delta);
      writer.end_object();
    }
    writer.key("finish_reason");
    if (finish.empty()) {
      writer.null();
    } else {
      writer.value(finish);
    }
    writer.end_object();
  }
  writer.end_array();
  if (question_.include_usage && has_usage()) {
    writer.key("usage");
    if (choice >= 0) {
      writer.null();
    } else {
      writer.raw(usage("prompt_tokens", "completion_tokens"));
    }
  }
  add(part, writer.end_object().text());
}

void Answer::fault_before(std::size_t token) {
  if (!reply_.in_band_error || faulted_) return;
  const auto after = static_cast<std::size_t>(reply_.in_band_error->after_tokens);
  if (token < std::min(after, pieces_.size())) return;
  faulted_ = true;
  const bool named = question_.api == MockApi::messages || question_.api == MockApi::responses;
  add(MockPart::fault, mock_fault_json(*reply_.in_band_error, question_.api), named ? "error" : "");
}

void Answer::chat_events() {
  if (question_.api == MockApi::chat) {
    for (int choice = 0; choice < question_.choices; ++choice) {
      add_chat(MockPart::opening, choice, "", "");
    }
  }
  for (std::size_t token = 0; token <= pieces_.size(); ++token) {
    fault_before(token);
    if (faulted_) break;
    if (token == pieces_.size()) break;
    for (int choice = 0; choice < question_.choices; ++choice) {
      add_chat(MockPart::content, choice, pieces_[token], "");
    }
  }
  if (!faulted_) {
    for (int choice = 0; choice < question_.choices && !reply_.no_finish_reason; ++choice) {
      add_chat(MockPart::closing, choice, "", finish_reason("stop"));
    }
    if (question_.include_usage && has_usage()) add_chat(MockPart::closing, -1, "", "");
  }
  const bool done = faulted_ ? reply_.in_band_error->done : !reply_.no_done;
  if (done) add(MockPart::done, "[DONE]");
}

void Answer::responses_events() {
  const auto add_response = [this](MockPart part, std::string_view name, std::string_view status) {
    JsonWriter writer;
    writer.begin_object().member("type", name).key("response").raw(responses_json(status));
    add(part, writer.end_object().text(), name);
  };
  add_response(MockPart::opening, "response.created", "in_progress");
  add_response(MockPart::opening, "response.in_progress", "in_progress");
  for (std::size_t token = 0; token <= pieces_.size(); ++token) {
    fault_before(token);
    if (faulted_) return;
    if (token == pieces_.size()) break;
    constexpr std::string_view kName = "response.output_text.delta";
    JsonWriter writer;
    writer.begin_object().member("type", kName).member("item_id", "msg_mock");
    writer.member("output_index", 0).member("content_index", 0);
    writer.member("delta", std::string_view(pieces_[token])).end_object();
    add(MockPart::content, writer.text(), kName);
  }
  if (reply_.no_done || reply_.no_finish_reason) return;
  add_response(MockPart::done, "response.completed", "completed");
}

void Answer::messages_events() {
  JsonWriter start;
  start.begin_object().member("type", "message_start").key("message").begin_object();
  start.member("id", "msg_mock").member("type", "message").member("role", "assistant");
  start.member("model", model_).key("content").begin_array().end_array().key("usage");
  start.begin_object().member("input_tokens", question_.input_tokens).member("output_tokens", 1);
  start.end_object().end_object().end_object();
  add(MockPart::opening, start.text(), "message_start");
  add(MockPart::opening,
      R"({"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}})",
      "content_block_start");
  add(MockPart::opening, R"({"type":"ping"})", "ping");
  for (std::size_t token = 0; token <= pieces_.size(); ++token) {
    fault_before(token);
    if (faulted_) return;
    if (token == pieces_.size()) break;
    JsonWriter writer;
    writer.begin_object().member("type", "content_block_delta").member("index", 0).key("delta");
    writer.begin_object().member("type", "text_delta");
    writer.member("text", std::string_view(pieces_[token])).end_object().end_object();
    add(MockPart::content, writer.text(), "content_block_delta");
  }
  add(MockPart::closing, R"({"type":"content_block_stop","index":0})", "content_block_stop");
  if (!reply_.no_finish_reason) {
    JsonWriter writer;
    writer.begin_object().member("type", "message_delta").key("delta").begin_object();
    writer.member("stop_reason", std::string_view(finish_reason("end_turn"))).end_object();
    writer.key("usage").begin_object();
    writer.member("output_tokens", static_cast<std::int64_t>(pieces_.size())).end_object();
    add(MockPart::closing, writer.end_object().text(), "message_delta");
  }
  if (!reply_.no_done) add(MockPart::done, R"({"type":"message_stop"})", "message_stop");
}

void Answer::scripted_events() {
  for (const std::string& event : reply_.events) {
    add(event == "[DONE]" ? MockPart::done : MockPart::content, event);
  }
}

std::vector<MockEvent> Answer::events() {
  if (!reply_.events.empty()) {
    scripted_events();
  } else if (question_.api == MockApi::responses) {
    responses_events();
  } else if (question_.api == MockApi::messages) {
    messages_events();
  } else {
    chat_events();
  }
  return std::move(events_);
}

}  // namespace

std::string mock_answer_json(const MockReply& reply, const MockQuestion& question,
                             std::string_view endpoint) {
  return Answer(reply, question, endpoint).json();
}

std::string mock_fault_json(const MockInBandError& error, MockApi api) {
  if (!error.body.empty()) return error.body;
  constexpr std::string_view kMessage =
      "The server had an error while processing your request. Sorry about that!";
  JsonWriter writer;
  writer.begin_object();
  if (api == MockApi::responses) {
    writer.member("type", "error").member("code", "server_error").member("message", kMessage);
    return writer.key("param").null().end_object().take();
  }
  if (api == MockApi::messages) writer.member("type", "error");
  writer.key("error").begin_object();
  writer.member("message", kMessage);
  writer.member("type", api == MockApi::messages ? "api_error" : "server_error");
  if (api != MockApi::messages) writer.key("param").null().key("code").null();
  return writer.end_object().end_object().take();
}

std::vector<MockEvent> mock_answer_events(const MockReply& reply, const MockQuestion& question,
                                          std::string_view endpoint) {
  return Answer(reply, question, endpoint).events();
}

std::string mock_models_json(const std::vector<std::string>& models) {
  JsonWriter writer;
  writer.begin_object().member("object", "list").key("data").begin_array();
  const auto add = [&writer](std::string_view model) {
    writer.begin_object().member("id", model).member("object", "model");
    writer.member("created", kCreated).member("owned_by", "mock").end_object();
  };
  if (models.empty()) {
    for (const std::string_view model : kListedModels)
      add(model);
  }
  for (const std::string& model : models)
    add(model);
  return writer.end_array().end_object().take();
}

std::int64_t mock_answer_tokens(const MockReply& reply, std::string_view endpoint) {
  if (reply.tokens >= 0) return reply.tokens;
  return static_cast<std::int64_t>(pieces_of(reply, endpoint).size());
}

}  // namespace holysheep
