// What a client's monitor costs: noting the end of an attempt and of a call, as the engine does for
// each; a scrape of a pool with 100 endpoints; memory for each endpoint. Prints one line of JSON.
// `--quick` takes few samples.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/client_monitor.h"
#include "core/prometheus.h"

namespace {

using namespace holysheep;

constexpr int kEndpoints = 100;
constexpr int kBatch = 1000;

std::shared_ptr<const Config> pool_config() {
  std::string text = R"({"version":1,"api_key":"sk-bench-0123456789",)"
                     R"("prices":{"gpt-4.1":{"input":2,"output":8}},"endpoints":[)";
  for (int i = 0; i < kEndpoints; ++i) {
    if (i > 0) text += ',';
    text += R"({"name":"e)" + std::to_string(i) + R"(","url":"http://127.0.0.1:)" +
            std::to_string(20000 + i) + R"(/v1","share_key":true})";
  }
  Result<std::shared_ptr<const Config>> parsed = parse_config(text + "]}", Environment{});
  return parsed.ok() ? parsed.value() : nullptr;
}

// A call whose one attempt was answered, over and over.
struct Answered {
  explicit Answered(const std::shared_ptr<const Config>& config) {
    call.attempts = 1;
    call.request.options.tag = "bench";
    call.trace.emplace_back();
    call.trace.back().model = "gpt-4.1";
    call.trace.back().verdict = Verdict::ok;
    ok.verdict = Verdict::ok;
    auto made = std::make_shared<CallReport>();
    made->config = config;
    made->usage.input = 900;
    made->usage.output = 300;
    made->cost = 4'200'000;
    made->trace = call.trace;
    report = made;
  }
  Call call;
  Classification ok;
  std::shared_ptr<CallReport> report;
};

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

template <typename Body>
double nanoseconds(Body body) {
  const auto begin = std::chrono::steady_clock::now();
  body();
  return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace

int main(int count, char** values) {
  const bool quick = count > 1 && std::string_view(values[1]) == "--quick";
  const int samples = quick ? 5 : 501;
  const std::shared_ptr<const Config> config = pool_config();
  if (config == nullptr) return 1;
  const auto counters = std::make_shared<Counters>(config->endpoints.size());
  ClientMonitor client(config, counters);
  Pool pool(config, counters);
  const std::shared_ptr<const Snapshot> snapshot = pool.publish({kSecond, kSecond});
  Answered answered(config);
  Now now{kSecond, 1'700'000'000 * kSecond};
  std::vector<double> records;
  std::vector<double> scrapes;
  std::size_t bytes = 0;
  for (int sample = 0; sample < samples; ++sample) {
    records.push_back(nanoseconds([&] {
                        for (int i = 0; i < kBatch; ++i) {
                          now.mono += kMillisecond;
                          now.unix += kMillisecond;
                          TraceLine& line = answered.call.trace.back();
                          line.endpoint = static_cast<std::uint32_t>(i % kEndpoints);
                          line.took = (1 + i % 700) * kMillisecond;
                          answered.report->endpoint = line.endpoint;
                          client.attempt_ended(answered.call, answered.ok, now);
                          client.call_ended(answered.call, answered.report, now);
                        }
                      }) /
                      kBatch);
    scrapes.push_back(
        nanoseconds([&] {
          bytes = client_metrics(client, *snapshot, ExpositionFormat::openmetrics, now).size();
        }) /
        1e6);
  }
  std::printf("{\"record_ns\":%.0f,\"metrics_ms\":%.3f,\"metrics_bytes\":%zu,", median(records),
              median(scrapes), bytes);
  std::printf("\"endpoints\":%d,\"endpoint_bytes\":%zu}\n", kEndpoints,
              sizeof(EndpointMetrics) + sizeof(LedgerLine) + sizeof(HeadRoom));
  return 0;
}
