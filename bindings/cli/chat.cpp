// `holysheep chat`: one chat completion, streamed to a terminal, whole into a pipe.
#include <string>

#include "bindings/cli/command.h"
#include "bindings/cli/configuration.h"
#include "bindings/cli/failure.h"
#include "bindings/cli/interrupt.h"
#include "bindings/cli/json.h"
#include "bindings/cli/number.h"
#include "bindings/cli/terminal.h"
#include "bindings/cli/trace.h"

namespace holysheep::cli {
namespace {

constexpr std::int64_t kTokensMax = 100'000'000;  // beyond any model's
constexpr std::int64_t kSecondsMax = 86'400;

struct Chat {
  std::string body;
  std::string options;
  bool streams = false;
  bool as_json = false;
  bool traces = false;
  std::int64_t timeout_ms = 0;
};

std::optional<std::string> prompt_of(const Arguments& arguments) {
  std::string prompt;
  for (const auto* words : {&arguments.words(), &arguments.rest()}) {
    for (const std::string& word : *words)
      prompt += (prompt.empty() ? "" : " ") + word;
  }
  if (!prompt.empty()) return prompt;
  if (input_is_terminal()) {
    write(Stream::error, "Type the prompt, then Ctrl-D at the beginning of a line.\n");
  }
  std::optional<std::string> read = read_or_complain("-");
  while (read && !read->empty() && read->back() == '\n')
    read->pop_back();
  if (read && read->empty()) {
    complain("there is no prompt; try: holysheep chat \"Say hello\"");
    return std::nullopt;
  }
  return read;
}

std::optional<Chat> read_chat(const Arguments& arguments) {
  Chat chat;
  chat.as_json = arguments.has("--json");
  chat.traces = arguments.has("--trace");
  const bool by_default = is_terminal(Stream::output) && !chat.as_json;
  chat.streams = arguments.has("--stream") || (by_default && !arguments.has("--no-stream"));
  if (chat.streams && chat.as_json) {
    complain("--json prints the whole answer at once; leave --stream out");
    return std::nullopt;
  }
  const auto timeout = arguments.integer("--timeout", 0, 1, kSecondsMax);
  const auto tokens = arguments.integer("--max-tokens", 0, 1, kTokensMax);
  if (!timeout || !tokens) return std::nullopt;
  const std::string temperature = arguments.value("--temperature", "");
  if (!temperature.empty() && !parse_number<double>(temperature)) {
    complain("--temperature: expected a number such as 0.7, found '" + temperature + "'");
    return std::nullopt;
  }
  const std::optional<std::string> prompt = prompt_of(arguments);
  if (!prompt) return std::nullopt;
  chat.timeout_ms = *timeout * 1000;
  chat.body = "{\"model\":" + quote(arguments.value("--model", "gpt-4.1")) + ",\"messages\":[";
  if (const auto system = arguments.value("--system")) {
    chat.body += "{\"role\":\"system\",\"content\":" + quote(*system) + "},";
  }
  chat.body += "{\"role\":\"user\",\"content\":" + quote(*prompt) + "}]";
  if (!temperature.empty()) chat.body += ",\"temperature\":" + temperature;
  if (*tokens > 0) chat.body += ",\"max_tokens\":" + std::to_string(*tokens);
  chat.body += chat.streams ? ",\"stream\":true}" : "}";
  if (const auto endpoint = arguments.value("--endpoint")) {
    chat.options = "{\"allow\":[" + quote(*endpoint) + "]}";
  }
  return chat;
}

// What an answer says, as text; the raw body if it is no chat completion.
class Printer {
 public:
  void piece(std::string_view event) {
    const JsonDocument document(event);
    for (const Json& choice : document.root()["choices"].items())
      say(choice["delta"]);
  }

  void whole(std::string_view body, bool raw) {
    const JsonDocument document(body);
    if (!raw) {
      for (const Json& choice : document.root()["choices"].items())
        say(choice["message"]);
    }
    if (!said_) show(body);
  }

  void end_line() {
    if (said_ && last_ != '\n') write(Stream::output, "\n");
    last_ = '\n';
  }

 private:
  void say(const Json& message) {
    show(message["content"].text());
    show(message["refusal"].text());
  }

  void show(std::string_view text) {
    if (text.empty()) return;
    const std::string shown = terminal_ ? printable_.filter(text) : std::string(text);
    write(Stream::output, shown);
    said_ = true;
    last_ = text.back();
  }

  const bool terminal_ = is_terminal(Stream::output);
  Printable printable_;
  bool said_ = false;
  char last_ = '\n';
};

int finish(const Chat& chat, holysheep_batch* batch, std::size_t index, const holysheep_event& done,
           Printer& printer, const Interrupt& interrupt) {
  const bool ended_well = done.status == HOLYSHEEP_OK;
  if (ended_well && !chat.streams) printer.whole({done.data, done.data_size}, chat.as_json);
  if (!chat.as_json || is_terminal(Stream::output)) printer.end_line();
  const char* meta = nullptr;
  std::size_t size = 0;
  if (chat.traces && holysheep_batch_meta(batch, index, &meta, &size) == HOLYSHEEP_OK) {
    Printable printable;
    write(Stream::error, printable.filter(trace_lines({meta, size})));
  }
  if (ended_well) return kOk;
  if (output_failed() && done.status == HOLYSHEEP_E_CANCELLED) return kFailed;
  if (interrupt.happened() && done.status == HOLYSHEEP_E_CANCELLED) {
    complain("cancelled");
    return kInterruptedStatus;
  }
  complain_about(done.status, done.retry_after_ms, {done.name, done.name_size});
  return kFailed;
}

int run_chat(const Arguments& arguments) {
  const std::optional<Chat> chat = read_chat(arguments);
  if (!chat) return kMisused;
  const Client client = open_client(arguments);
  if (!client) return kFailed;
  holysheep_queue* made = nullptr;
  if (holysheep_queue_new(&made) != HOLYSHEEP_OK) return kFailed;
  const Queue queue(made);

  holysheep_request request = HOLYSHEEP_REQUEST_INIT;
  request.body = chat->body.data();
  request.body_size = chat->body.size();
  request.stream = chat->streams ? HOLYSHEEP_STREAM_EVENTS : HOLYSHEEP_STREAM_NONE;
  request.timeout_ms = chat->timeout_ms;
  if (!chat->options.empty()) {
    request.options = chat->options.data();
    request.options_size = chat->options.size();
  }
  const Interrupt interrupt;
  holysheep_request_id id = 0;
  holysheep_error error = HOLYSHEEP_ERROR_INIT;
  if (holysheep_submit(client.get(), queue.get(), &request, &id, &error) != HOLYSHEEP_OK) {
    complain_about(error);
    return kFailed;
  }
  Printer printer;
  bool cancelled = false;
  for (;;) {
    interrupt.wait(queue.get(), -1);
    holysheep_batch* drained = nullptr;
    holysheep_queue_drain(queue.get(), 0, 0, &drained);
    const Batch batch(drained);
    for (std::size_t i = 0; i < holysheep_batch_count(batch.get()); ++i) {
      holysheep_event event = HOLYSHEEP_EVENT_INIT;
      holysheep_batch_event(batch.get(), i, &event);
      if (event.kind == HOLYSHEEP_EVENT_DATA) {
        printer.piece({event.data, event.data_size});
        holysheep_credit(client.get(), id, event.data_size);
      } else if (event.kind == HOLYSHEEP_EVENT_RESTARTED) {
        printer.end_line();
        write(Stream::error, "(interrupted; another endpoint starts the answer again)\n");
      } else if (event.kind == HOLYSHEEP_EVENT_DONE) {
        return finish(*chat, batch.get(), i, event, printer, interrupt);
      }
    }
    // What nobody can read is not worth its tokens.
    if (!cancelled && (interrupt.happened() || output_failed())) {
      cancelled = true;
      holysheep_cancel(client.get(), id);
    }
  }
}

}  // namespace

Command chat_command() {
  return {
      "chat",
      "[OPTION…] [PROMPT…]",
      "ask a model and print its answer",
      "Sends one chat completion through the pool. On a terminal the answer appears as it is "
      "written;\n"
      "into a pipe it comes whole. Without PROMPT the prompt is read from standard input. Ctrl-C\n"
      "cancels the call. Exit status: 0 answered, 1 failed, 130 cancelled.\n\n"
      "  holysheep chat \"Say hello\"\n"
      "  holysheep chat --model deepseek-v3.2 --system \"Be short\" \"What is a monad?\"\n"
      "  git diff | holysheep chat --system \"Review this patch\" > review.txt\n"
      "  holysheep chat --json --trace \"Say hello\" | jq .usage\n",
      {
          {"--model", "NAME", "the model; default gpt-4.1"},
          {"--system", "TEXT", "a system message before the prompt"},
          {"--temperature", "T", "passed on as it is"},
          {"--max-tokens", "N", "passed on as it is"},
          {"--timeout", "SECONDS", "time limit over all attempts"},
          {"--endpoint", "NAME", "use this endpoint only"},
          {"--stream", "", "print the answer as it comes, into a pipe too"},
          {"--no-stream", "", "wait for the whole answer, on a terminal too"},
          {"--json", "", "print the provider's body untouched"},
          {"--trace", "", "one line per attempt on standard error"},
          config_option(),
      },
      run_chat,
      false,
      std::string::npos,
  };
}

}  // namespace holysheep::cli
