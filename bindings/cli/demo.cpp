// `holysheep demo`: the main job on an embedded mock pool. The first endpoint is limited to 30
// requests a minute, the second fails now and then; calls flow, and none may fail.
#include <map>
#include <string>

#include "bindings/cli/command.h"
#include "bindings/cli/configuration.h"
#include "bindings/cli/demo_view.h"
#include "bindings/cli/failure.h"
#include "bindings/cli/interrupt.h"
#include "bindings/cli/json.h"
#include "bindings/cli/preset.h"
#include "bindings/cli/stopwatch.h"
#include "bindings/cli/terminal.h"

namespace holysheep::cli {
namespace {

constexpr std::int64_t kPaceNs = 50'000'000;  // a new call every 50 ms
constexpr std::int64_t kViewNs = 100'000'000;
constexpr std::int64_t kCallTimeoutMs = 20'000;
constexpr std::int64_t kInFlightMax = 64;  // a stuck pool must not pile up calls
constexpr std::int64_t kSecondsMax = 86'400;
constexpr std::int64_t kCallsMax = 10'000'000;
constexpr std::string_view kBody =
    R"({"model":"gpt-4.1","messages":[{"role":"user","content":"Say hello"}]})";

class Demo {
 public:
  Demo(holysheep_client* client, holysheep_queue* queue, std::int64_t seconds, std::int64_t calls)
      : client_(client),
        queue_(queue),
        calls_max_(calls),
        end_ns_(now_ns() + seconds * kSecondNs) {}

  DemoTotals run(const Interrupt& interrupt, DemoView& view);

 private:
  static constexpr std::int64_t kSecondNs = 1'000'000'000;

  bool more(std::int64_t now) const {
    return !stopped_ && totals_.calls < calls_max_ && now < end_ns_;
  }
  std::int64_t in_flight() const { return totals_.calls - totals_.answered - totals_.failed; }
  void submit();
  void take();
  void show(DemoView& view, std::int64_t now, bool last);

  holysheep_client* client_;
  holysheep_queue* queue_;
  std::int64_t calls_max_;
  std::int64_t begin_ns_ = now_ns();
  std::int64_t end_ns_;
  bool stopped_ = false;
  DemoTotals totals_;
};

void Demo::submit() {
  holysheep_request request = HOLYSHEEP_REQUEST_INIT;
  request.body = kBody.data();
  request.body_size = kBody.size();
  request.timeout_ms = kCallTimeoutMs;
  holysheep_request_id id = 0;
  holysheep_error error = HOLYSHEEP_ERROR_INIT;
  ++totals_.calls;
  if (holysheep_submit(client_, queue_, &request, &id, &error) != HOLYSHEEP_OK) {
    ++totals_.failed;
    totals_.last_error = describe(error);
  }
}

void Demo::take() {
  holysheep_batch* drained = nullptr;
  holysheep_queue_drain(queue_, 0, 0, &drained);
  const Batch batch(drained);
  for (std::size_t i = 0; i < holysheep_batch_count(batch.get()); ++i) {
    holysheep_event event = HOLYSHEEP_EVENT_INIT;
    holysheep_batch_event(batch.get(), i, &event);
    if (event.kind != HOLYSHEEP_EVENT_DONE) continue;
    if (event.status != HOLYSHEEP_OK) {
      ++totals_.failed;
      totals_.last_error =
          describe(event.status, event.retry_after_ms, {event.name, event.name_size});
      continue;
    }
    ++totals_.answered;
    const char* meta = nullptr;
    std::size_t size = 0;
    if (holysheep_batch_meta(batch.get(), i, &meta, &size) != HOLYSHEEP_OK) continue;
    const JsonDocument document({meta, size});
    ++totals_.served_by[std::string(document.root()["endpoint"].text("?"))];
  }
}

void Demo::show(DemoView& view, std::int64_t now, bool last) {
  holysheep_text* made = nullptr;
  if (holysheep_client_status(client_, &made) != HOLYSHEEP_OK) return;
  const Text text(made);
  const JsonDocument document(cli::view(text));
  totals_.failovers = document.root()["failovers"].integer();
  totals_.rate_limited = 0;
  for (const Json& endpoint : document.root()["endpoints"].items()) {
    totals_.rate_limited += endpoint["rate_limited"].integer();
  }
  totals_.seconds = static_cast<double>(now - begin_ns_) / 1e9;
  view.show(document.root(), totals_, last);
}

DemoTotals Demo::run(const Interrupt& interrupt, DemoView& view) {
  std::int64_t next_call = now_ns();
  std::int64_t next_view = next_call;
  for (;;) {
    const std::int64_t now = now_ns();
    if (!stopped_ && (interrupt.happened() || output_failed())) {
      stopped_ = true;
      totals_.interrupted = interrupt.happened();
      holysheep_client_close(client_);
    }
    if (more(now) && now >= next_call) {
      if (in_flight() < kInFlightMax) submit();
      next_call += kPaceNs;
      if (next_call < now) next_call = now;  // a suspended machine does not catch up
    }
    take();
    if (!more(now) && in_flight() == 0) break;
    if (now >= next_view) {
      show(view, now, false);
      next_view = now + kViewNs;
    }
    const std::int64_t until = more(now) ? std::min(next_call, next_view) : next_view;
    const std::int64_t left_ms = (until - now_ns()) / 1'000'000;
    interrupt.wait(queue_, static_cast<int>(left_ms > 0 ? left_ms : 0) + 1);
  }
  show(view, now_ns(), true);
  return totals_;
}

int run_demo(const Arguments& arguments) {
  const auto seconds =
      arguments.integer("--seconds", arguments.has("--calls") ? kSecondsMax : 5, 1, kSecondsMax);
  const auto calls = arguments.integer("--calls", kCallsMax, 1, kCallsMax);
  if (!seconds || !calls) return kMisused;
  const std::string_view script = find_preset("demo")->script;
  holysheep_mock* opened = nullptr;
  holysheep_error error = HOLYSHEEP_ERROR_INIT;
  if (holysheep_mock_open(script.data(), script.size(), &opened, &error) != HOLYSHEEP_OK) {
    complain(describe(error));
    return kFailed;
  }
  const Mock mock(opened);
  holysheep_text* made = nullptr;
  holysheep_mock_config(mock.get(), &made);
  const Text configuration(made);
  const Client client = open_client(std::string(view(configuration)));
  holysheep_queue* queue_made = nullptr;
  if (!client || holysheep_queue_new(&queue_made) != HOLYSHEEP_OK) return kFailed;
  const Queue queue(queue_made);
  const Interrupt interrupt;
  DemoView shown;
  shown.begin();
  const DemoTotals totals = Demo(client.get(), queue.get(), *seconds, *calls).run(interrupt, shown);
  shown.end(totals);
  if (totals.interrupted) return kInterruptedStatus;
  return totals.failed == 0 && totals.failovers > 0 ? kOk : kFailed;
}

}  // namespace

Command demo_command() {
  return {
      "demo",
      "[--seconds N] [--calls N]",
      "watch a pool fail while its calls do not",
      "Starts three fake endpoints in this process - the first limited to 30 requests a minute, "
      "the\n"
      "second answering 503 now and then, the third slow but well - and makes 20 calls a second "
      "to\n"
      "them through one client. Nothing leaves this machine. On a terminal a live table, else "
      "plain\n"
      "lines; at the end a summary. Exit status: 0 if no call failed and at least one call moved "
      "to\n"
      "another endpoint, else 1.\n\n"
      "  holysheep demo\n"
      "  holysheep demo --seconds 30\n",
      {{"--seconds", "N", "how long new calls are made; default 5"},
       {"--calls", "N", "how many calls at most"}},
      run_demo,
  };
}

}  // namespace holysheep::cli
