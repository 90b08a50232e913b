// `holysheep bench`: load through the engine, measured from submit to DONE in this process.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "bindings/cli/command.h"
#include "bindings/cli/configuration.h"
#include "bindings/cli/failure.h"
#include "bindings/cli/interrupt.h"
#include "bindings/cli/json.h"
#include "bindings/cli/number.h"
#include "bindings/cli/stopwatch.h"
#include "bindings/cli/terminal.h"

namespace holysheep::cli {
namespace {

constexpr std::int64_t kCallsMax = 10'000'000;  // 16 bytes are kept for each
constexpr std::int64_t kConcurrencyMax = 100'000;
// Ctrl-C is looked for this often while nothing comes. Waiting for it with poll() would put a
// system call beside each batch of what is measured.
constexpr std::int64_t kLookMs = 100;

struct Load {
  std::string body;
  std::string path;
  bool streams = false;
  std::size_t calls = 0;
  std::size_t concurrency = 0;
};

struct Outcome {
  std::vector<std::int64_t> started_ns;
  std::vector<std::int64_t> latencies_ns;
  std::size_t submitted = 0;
  std::size_t ended = 0;
  std::size_t failed = 0;
  std::size_t cancelled = 0;  // by Ctrl-C, neither answered nor failed
  std::size_t chunks = 0;
  std::string first_error;

  void fail(holysheep_status status, std::string_view message) {
    if (failed++ == 0) first_error = describe(status, -1, message);
  }
};

void submit(holysheep_client* client, holysheep_queue* queue, const Load& load, Outcome& outcome) {
  holysheep_request request = HOLYSHEEP_REQUEST_INIT;
  request.body = load.body.data();
  request.body_size = load.body.size();
  request.path = load.path.data();
  request.path_size = load.path.size();
  request.stream = load.streams ? HOLYSHEEP_STREAM_EVENTS : HOLYSHEEP_STREAM_NONE;
  request.user_data = outcome.submitted;
  outcome.started_ns[outcome.submitted++] = now_ns();
  holysheep_request_id id = 0;
  holysheep_error error = HOLYSHEEP_ERROR_INIT;
  if (holysheep_submit(client, queue, &request, &id, &error) != HOLYSHEEP_OK) {
    outcome.fail(error.status, error.message);
    ++outcome.ended;
  }
}

// Takes what the queue holds. Credit goes back once per run of events of the same stream.
void take(holysheep_client* client, holysheep_batch* batch, Outcome& outcome) {
  holysheep_request_id credited = 0;
  std::size_t bytes = 0;
  const auto give_back = [&] {
    if (bytes > 0) holysheep_credit(client, credited, bytes);
    bytes = 0;
  };
  const std::int64_t now = now_ns();
  const std::size_t count = holysheep_batch_count(batch);
  for (std::size_t i = 0; i < count; ++i) {
    holysheep_event event = HOLYSHEEP_EVENT_INIT;
    holysheep_batch_event(batch, i, &event);
    if (event.kind == HOLYSHEEP_EVENT_DATA) {
      if (event.request != credited) give_back();
      credited = event.request;
      bytes += event.data_size;
      ++outcome.chunks;
    } else if (event.kind == HOLYSHEEP_EVENT_DONE) {
      ++outcome.ended;
      if (event.status == HOLYSHEEP_E_CANCELLED) {
        ++outcome.cancelled;
      } else if (event.status == HOLYSHEEP_OK) {
        outcome.latencies_ns.push_back(now - outcome.started_ns[event.user_data]);
      } else {
        outcome.fail(event.status, {event.name, event.name_size});
      }
    }
  }
  give_back();
}

Outcome run_load(holysheep_client* client, holysheep_queue* queue, const Load& load,
                 const Interrupt& interrupt) {
  Outcome outcome;
  bool stopped = false;
  outcome.started_ns.resize(load.calls);
  outcome.latencies_ns.reserve(load.calls);
  while (outcome.ended < (stopped ? outcome.submitted : load.calls)) {
    if (interrupt.happened() && !stopped) {
      stopped = true;
      holysheep_client_close(client);
    }
    while (!stopped && outcome.submitted < load.calls &&
           outcome.submitted - outcome.ended < load.concurrency) {
      submit(client, queue, load, outcome);
    }
    if (outcome.ended == outcome.submitted) continue;
    holysheep_batch* drained = nullptr;
    const holysheep_status status = holysheep_queue_drain(queue, 0, kLookMs, &drained);
    if (status == HOLYSHEEP_E_WAIT) continue;
    if (status != HOLYSHEEP_OK) break;
    const Batch batch(drained);
    take(client, batch.get(), outcome);
  }
  return outcome;
}

double percentile_us(std::vector<std::int64_t>& sorted, double share) {
  if (sorted.empty()) return 0;
  const double rank = share * static_cast<double>(sorted.size() - 1);
  return static_cast<double>(sorted[static_cast<std::size_t>(std::lround(rank))]) / 1000;
}

// One JSON line. Calls that Ctrl-C cancelled are none.
std::string figures(Outcome& outcome, double seconds, double cpu, bool streams) {
  const std::size_t calls = outcome.ended - outcome.cancelled;
  std::sort(outcome.latencies_ns.begin(), outcome.latencies_ns.end());
  std::string line = "{\"calls\":" + std::to_string(calls) + ",\"seconds\":" + fixed(seconds, 6) +
                     ",\"cpu_us_per_call\":" +
                     fixed(cpu / static_cast<double>(std::max<std::size_t>(1, calls)), 2) +
                     ",\"p50_us\":" + fixed(percentile_us(outcome.latencies_ns, 0.50), 1) +
                     ",\"p99_us\":" + fixed(percentile_us(outcome.latencies_ns, 0.99), 1) +
                     ",\"failed\":" + std::to_string(outcome.failed);
  if (streams) line += ",\"chunks\":" + std::to_string(outcome.chunks);
  return line + "}\n";
}

std::string configuration_for(const std::string& url, const Arguments& arguments) {
  const std::string key = arguments.has("--with-key")
                              ? ",\"api_key\":{\"env\":\"HOLYSHEEP_API_KEY\"}"
                              : ",\"auth\":\"none\"";
  return "{\"version\":1,\"isolated\":true,\"endpoints\":[{\"name\":\"bench\",\"url\":" +
         quote(url) + key + "}]}";
}

std::optional<Load> read_load(const Arguments& arguments) {
  const auto calls = arguments.integer("-n", 1000, 1, kCallsMax);
  const auto concurrency = arguments.integer("-c", 64, 1, kConcurrencyMax);
  if (!calls || !concurrency) return std::nullopt;
  Load load;
  load.calls = static_cast<std::size_t>(*calls);
  load.concurrency = static_cast<std::size_t>(*concurrency);
  load.streams = arguments.has("--stream");
  load.path = arguments.value("--path", "/chat/completions");
  load.body = "{\"model\":" + quote(arguments.value("--model", "gpt-4.1")) +
              ",\"messages\":[{\"role\":\"user\",\"content\":\"ping\"}]" +
              (load.streams ? ",\"stream\":true}" : "}");
  if (const auto file = arguments.value("--body")) {
    std::optional<std::string> body = read_or_complain(*file);
    if (!body) return std::nullopt;
    load.body = std::move(*body);
  }
  return load;
}

int run_bench(const Arguments& arguments) {
  const std::optional<Load> load = read_load(arguments);
  if (!load) return kMisused;
  const std::optional<std::string> url = arguments.value("--url");
  if (url && arguments.has("--config")) {
    complain("give either --url or --config");
    return kMisused;
  }
  if (!url && configuration_source(arguments) == kDefaultConfiguration) {
    complain("say what to load: --url URL or --config FILE; a default would cost money");
    return kMisused;
  }
  const Client client =
      url ? open_client(configuration_for(*url, arguments)) : open_client(arguments);
  holysheep_queue* made = nullptr;
  if (!client || holysheep_queue_new(&made) != HOLYSHEEP_OK) return kFailed;
  const Queue queue(made);

  const Interrupt interrupt;
  const double cpu_before = cpu_us();
  const std::int64_t begin = now_ns();
  Outcome outcome = run_load(client.get(), queue.get(), *load, interrupt);
  const double seconds = static_cast<double>(now_ns() - begin) / 1e9;
  const double cpu = cpu_us() - cpu_before;

  write(Stream::output, figures(outcome, seconds, cpu, load->streams));
  if (outcome.failed > 0) {
    complain(counted(outcome.failed, "call") + " failed; the first: " + outcome.first_error);
  }
  if (interrupt.happened()) {
    complain("interrupted after " + std::to_string(outcome.ended - outcome.cancelled) + " of " +
             counted(load->calls, "call"));
    return kInterruptedStatus;
  }
  return outcome.failed == 0 ? kOk : kFailed;
}

}  // namespace

Command bench_command() {
  return {
      "bench",
      "(--url URL | --config FILE) [-n N] [-c C] [--stream]",
      "measure load through the engine",
      "Makes N calls, C at a time, and prints one JSON line: calls, seconds, cpu_us_per_call "
      "(this\n"
      "process, all threads), p50_us and p99_us (submit to completion), failed; with --stream "
      "also\n"
      "chunks. Against a paid API this costs N calls. No key is sent to URL unless --with-key "
      "says\n"
      "so. Ctrl-C ends it early: the line is then about the calls that ended before.\n"
      "Exit status: 0 if no call failed, else 1; 130 after Ctrl-C.\n\n"
      "  holysheep bench --url http://127.0.0.1:8080/v1 -n 10000 -c 64\n"
      "  holysheep mock --preset healthy -- holysheep bench -n 2000 -c 32 --stream\n",
      {{"--url", "URL", "base URL of one endpoint, such as http://127.0.0.1:8080/v1"},
       {"-n", "N", "calls; default 1000"},
       {"-c", "C", "calls at a time; default 64"},
       {"--stream", "", "stream the answers"},
       {"--model", "NAME", "the model; default gpt-4.1"},
       {"--path", "PATH", "below the base URL; default /chat/completions"},
       {"--body", "FILE", "the request's body instead of a short chat"},
       {"--with-key", "", "send HOLYSHEEP_API_KEY to URL"},
       config_option()},
      run_bench,
  };
}

}  // namespace holysheep::cli
