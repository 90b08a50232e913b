// What one decision costs: choose, lease, classify (for the 429) and release, with 3 and 100
// endpoints. Time is virtual and goes on by 2 s per decision, so that the blocks that the 429s
// cause end. A sample is the mean of a batch of 20: a clock read costs as much as a small decision.
// Prints one line of JSON. `--quick` takes few samples.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/classify.h"
#include "core/pool.h"

namespace {

using namespace holysheep;

constexpr int kBatch = 20;
constexpr Nanos kStep = 2 * kSecond;
constexpr Nanos kUnixNow = 1'700'000'000 * kSecond;

constexpr std::string_view kHeaders =
    "Content-Type: application/json\r\n"
    "retry-after-ms: 879\r\n"
    "retry-after: 1\r\n"
    "x-request-id: req_0123456789abcdef0123456789abcdef\r\n"
    "x-ratelimit-limit-requests: 10000\r\n"
    "x-ratelimit-limit-tokens: 200000\r\n"
    "x-ratelimit-remaining-requests: 9999\r\n"
    "x-ratelimit-remaining-tokens: 1210\r\n"
    "x-ratelimit-reset-requests: 8.64s\r\n"
    "x-ratelimit-reset-tokens: 879ms\r\n";
constexpr std::string_view kBody =
    "{\"error\":{\"message\":\"Rate limit reached for gpt-4.1-mini in organization org-AbCdEf on "
    "tokens per min (TPM): Limit 200000, Used 198790, Requested 4140. Please try again in 879ms. "
    "Visit https://platform.openai.com/account/rate-limits to learn more.\",\"type\":\"tokens\","
    "\"param\":null,\"code\":\"rate_limit_exceeded\"}}";

std::shared_ptr<const Config> config_of(int endpoint_count) {
  std::string text = "{\"version\":1,\"api_key\":\"sk-bench-0123456789\",\"endpoints\":[";
  for (int i = 0; i < endpoint_count; ++i) {
    if (i > 0) text += ',';
    text += "{\"name\":\"e" + std::to_string(i) +
            "\",\"url\":\"http://127.0.0.1:" + std::to_string(20000 + i) +
            "/v1\",\"share_key\":true}";
  }
  Result<std::shared_ptr<const Config>> parsed = parse_config(text + "]}", Environment{});
  return parsed.ok() ? parsed.value() : nullptr;
}

class Decider {
 public:
  Decider(const std::shared_ptr<const Config>& config, bool limited)
      : pool_(config, std::make_shared<Counters>(config->endpoints.size())),
        headers_(std::string(kHeaders)),
        limited_(limited) {
    for (std::uint32_t i = 0; i < config->endpoints.size(); ++i)
      endpoints_.push_back(i);
    models_.push_back(pool_.hold_model("gpt-4.1-mini", now_));
    wish_.endpoints = &endpoints_;
    wish_.models = &models_;
    wish_.history = &history_;
  }

  // False if there was no route, which the step of time is meant to exclude.
  bool decide() {
    now_ += kStep;
    const Choice choice = pool_.choose(wish_, now_, random_);
    if (choice.kind != Choice::Kind::route) return false;
    const Lease lease = pool_.lease(choice, false, now_);
    if (!limited_) {
      pool_.release(lease, Classification(), 200, now_, random_);
      return true;
    }
    Outcome outcome;
    outcome.status = 429;
    outcome.headers = &headers_;
    outcome.body = kBody;
    outcome.unix_now = kUnixNow + now_;
    const Classification found = classify(outcome);
    pool_.release(lease, found, 429, now_, random_);
    return found.verdict == Verdict::rate_limited;
  }

 private:
  Pool pool_;
  Headers headers_;
  bool limited_;
  Random random_{1};
  Nanos now_ = kSecond;
  std::vector<std::uint32_t> endpoints_;
  std::vector<ModelId> models_;
  std::vector<RouteHistory> history_;
  RouteWish wish_;
};

bool measure(int endpoint_count, bool limited, int samples, const char* end) {
  const std::shared_ptr<const Config> config = config_of(endpoint_count);
  if (config == nullptr) {
    std::fputs("the configuration was refused\n", stderr);
    return false;
  }
  Decider decider(config, limited);
  std::vector<double> took;
  long without = 0;
  for (int sample = -samples / 10; sample < samples; ++sample) {  // the first ones warm up
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < kBatch; ++i)
      without += !decider.decide();
    const std::chrono::duration<double, std::nano> all = std::chrono::steady_clock::now() - begin;
    if (sample >= 0) took.push_back(all.count() / kBatch);
  }
  std::sort(took.begin(), took.end());
  std::printf("{\"endpoints\":%d,\"status\":%d,\"p50_ns\":%.0f,\"p99_ns\":%.0f,", endpoint_count,
              limited ? 429 : 200, took[took.size() / 2], took[took.size() * 99 / 100]);
  std::printf("\"without_route\":%ld}%s", without, end);
  return without == 0;
}

}  // namespace

int main(int count, char** values) {
  const bool quick = count > 1 && std::string_view(values[1]) == "--quick";
  const int samples = quick ? 20 : 20000;
  std::printf("{\"decisions\":[");
  bool good = measure(3, false, samples, ",");
  good = measure(3, true, samples, ",") && good;
  good = measure(100, false, samples, ",") && good;
  good = measure(100, true, samples, "]}\n") && good;
  return good ? 0 : 1;
}
