// `holysheep check`: does each endpoint answer with the given key? One attempt each, no failover,
// so that a broken endpoint cannot hide behind a healthy one.
#include "bindings/cli/check.h"

#include <algorithm>

#include "bindings/cli/command.h"
#include "bindings/cli/configuration.h"
#include "bindings/cli/failure.h"
#include "bindings/cli/json.h"
#include "bindings/cli/number.h"
#include "bindings/cli/table.h"
#include "bindings/cli/terminal.h"

namespace holysheep::cli {
namespace {

// One of the calls that the library gives, about to be made with `model`, or with its own if empty.
void submit(holysheep_client* client, holysheep_queue* queue, const Json& check,
            const std::string& model, std::size_t index, CheckResult& result) {
  result.endpoint = check["endpoint"].text();
  result.model = model.empty() ? check["body"]["model"].text() : model;
  std::string body;
  for (const auto& [name, value] : check["body"].members()) {
    body += body.empty() ? "{" : ",";
    body += quote(name) + ":" + (name == "model" ? quote(result.model) : value.raw());
  }
  body += "}";
  const std::string options = check["options"].raw();
  holysheep_request request = HOLYSHEEP_REQUEST_INIT;
  request.body = body.data();
  request.body_size = body.size();
  request.options = options.data();
  request.options_size = options.size();
  request.timeout_ms = check["timeout_ms"].integer();
  request.user_data = index;
  holysheep_request_id id = 0;
  holysheep_error error = HOLYSHEEP_ERROR_INIT;
  result.status = holysheep_submit(client, queue, &request, &id, &error);
  result.message = error.message;
}

void read_result(holysheep_batch* batch, std::size_t index, const holysheep_event& done,
                 CheckResult& result) {
  result.status = done.status;
  result.http_status = done.http_status;
  result.message.assign(done.name == nullptr ? "" : done.name, done.name_size);
  const char* meta = nullptr;
  std::size_t size = 0;
  if (holysheep_batch_meta(batch, index, &meta, &size) == HOLYSHEEP_OK) {
    const JsonDocument document({meta, size});
    result.took_ms = document.root()["took_ms"].number();
  }
}

}  // namespace

std::vector<CheckResult> check_endpoints(holysheep_client* client, const std::string& model,
                                         const Interrupt& interrupt) {
  holysheep_text* text = nullptr;
  holysheep_client_checks(client, &text);
  const Text checks(text);
  const JsonDocument document(view(checks));
  std::vector<CheckResult> results;
  holysheep_queue* made = nullptr;
  if (holysheep_queue_new(&made) != HOLYSHEEP_OK) return results;
  const Queue queue(made);
  std::size_t running = 0;
  for (const Json& check : document.root().items()) {
    CheckResult& result = results.emplace_back();
    submit(client, queue.get(), check, model, results.size() - 1, result);
    if (result.status == HOLYSHEEP_OK) ++running;
  }
  bool closed = false;
  while (running > 0) {
    interrupt.wait(queue.get(), -1);
    if (interrupt.happened() && !closed) {
      closed = true;
      holysheep_client_close(client);
    }
    holysheep_batch* drained = nullptr;
    holysheep_queue_drain(queue.get(), 0, 0, &drained);
    const Batch batch(drained);
    for (std::size_t i = 0; i < holysheep_batch_count(batch.get()); ++i) {
      holysheep_event event = HOLYSHEEP_EVENT_INIT;
      holysheep_batch_event(batch.get(), i, &event);
      if (event.kind != HOLYSHEEP_EVENT_DONE || event.user_data >= results.size()) continue;
      read_result(batch.get(), i, event, results[event.user_data]);
      --running;
    }
  }
  return results;
}

bool print_checks(const std::vector<CheckResult>& results) {
  Table table({{"endpoint"}, {"result"}, {"http", true}, {"time", true}, {"model"}, {"detail"}});
  bool passed = !results.empty();
  for (const CheckResult& result : results) {
    const bool ok = result.status == HOLYSHEEP_OK;
    passed = passed && ok;
    Printable printable;
    std::string detail;
    if (!ok) detail = printable.filter(describe(result.status, -1, result.message));
    std::replace(detail.begin(), detail.end(), '\n', ' ');
    table.add({{result.endpoint},
               {ok ? "ok" : "failed", ok ? Colour::green : Colour::red},
               {result.http_status > 0 ? std::to_string(result.http_status) : "-"},
               {fixed(result.took_ms, 0) + " ms"},
               {result.model},
               {detail}});
  }
  write(Stream::output, table.text());
  return passed;
}

namespace {

// What the provider's status page says, in one line. False: the URL is none.
bool print_status_page(const std::string& url) {
  holysheep_text* made = nullptr;
  holysheep_error error = HOLYSHEEP_ERROR_INIT;
  if (holysheep_check_service(url.data(), url.size(), 0, &made, &error) != HOLYSHEEP_OK) {
    complain("--status-page: " + std::string(error.message));
    return false;
  }
  const Text text(made);
  const JsonDocument document(view(text));
  const Json& found = document.root();
  std::string line(found["description"].text());
  if (line.empty()) line = found["indicator"].text();
  if (line.empty() && found["http_status"].integer() != 0) {
    line = "HTTP status " + found["http_status"].shown();
  }
  if (line.empty()) line = "no answer";
  Printable printable;
  const Colour colour = found["ok"].boolean() ? Colour::green : Colour::red;
  write(Stream::output,
        "status page " + url + ": " + paint(Stream::output, colour, printable.filter(line)) + "\n");
  return true;
}

int run_check(const Arguments& arguments) {
  const Client client = open_client(arguments);
  if (!client) return kFailed;
  const Interrupt interrupt;
  const std::vector<CheckResult> results =
      check_endpoints(client.get(), arguments.value("--model", ""), interrupt);
  const bool passed = print_checks(results);
  if (interrupt.happened()) return kInterruptedStatus;
  const auto page = arguments.value("--status-page");
  if (page && !print_status_page(*page)) return kMisused;
  if (passed) return kOk;
  for (const CheckResult& result : results) {
    const std::string_view hint = advice(result.status);
    if (result.status == HOLYSHEEP_OK || hint.empty()) continue;
    write(Stream::error, "  " + result.endpoint + ": " + std::string(hint) + "\n");
  }
  return kFailed;
}

}  // namespace

Command check_command() {
  return {
      "check",
      "[OPTION…]",
      "test each endpoint with the key, one line each",
      "Sends one chat completion of at most ten tokens to each endpoint of the configuration, "
      "each\n"
      "by itself and without failover, and prints a line for it. It costs what such a call costs.\n"
      "Exit status: 0 all answered, 1 at least one did not.\n\n"
      "  HOLYSHEEP_API_KEY=… holysheep check\n"
      "  holysheep check --config pool.json --model deepseek-v3.2\n",
      {{"--model", "NAME", "the model; default: the endpoint's first, else gpt-4.1"},
       {"--status-page", "URL", "also what this status page says, as https://status.holysheep.ai"},
       config_option()},
      run_check,
  };
}

}  // namespace holysheep::cli
