// Many random scenarios: limits, latencies and every kind of fault in all mixtures, under every
// setting of the policies. The simulator's checks hold at each step; a breach names the seed that
// replays it. HOLYSHEEP_SIM_SEEDS sets how many there are.
#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <string>

#include "core/json.h"
#include "core/sim/simulate.h"

namespace holysheep {
namespace {

constexpr std::uint64_t kSeedsByDefault = 200;

std::uint64_t seeds_wanted() {
  const char* text = std::getenv("HOLYSHEEP_SIM_SEEDS");  // NOLINT(concurrency-mt-unsafe)
  return text == nullptr ? kSeedsByDefault : std::strtoull(text, nullptr, 10);
}

std::uint64_t first_seed() {
  const char* text = std::getenv("HOLYSHEEP_SIM_FIRST_SEED");  // NOLINT(concurrency-mt-unsafe)
  return text == nullptr ? 1 : std::strtoull(text, nullptr, 10);
}

class RandomScenario {
 public:
  explicit RandomScenario(std::uint64_t seed) : random_(stream_seed(seed, 77)) {}

  std::string make() {
    endpoints_ = 1 + random_.below(4);
    writer_.begin_object().member("version", 1);
    writer_.member("duration_ms", static_cast<std::int64_t>(20'000 + random_.below(280'000)));
    write_config();
    write_providers();
    write_load();
    writer_.end_object();
    return writer_.take();
  }

 private:
  bool chance(double share) { return random_.uniform() < share; }
  std::string_view one_of(std::initializer_list<std::string_view> names) {
    return *(names.begin() + random_.below(names.size()));
  }
  std::int64_t between(std::int64_t least, std::int64_t most) {
    return least +
           static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(most - least + 1)));
  }
  static std::string name_of(std::size_t index) { return "endpoint-" + std::to_string(index); }

  void write_config() {
    writer_.key("config").begin_object().member("version", 1);
    writer_.key("endpoints").begin_array();
    for (std::size_t i = 0; i < endpoints_; ++i) {
      writer_.begin_object().member("name", name_of(i));
      writer_.member("url", "https://" + name_of(i) + ".example/v1");
      if (chance(0.5)) {
        writer_.member("api_key", "key-" + std::to_string(i));
      } else {
        writer_.member("share_key", true);
      }
      if (chance(0.2)) writer_.member("priority", between(0, 2));
      if (chance(0.2)) writer_.member("connections_max", between(1, 4));
      if (chance(0.2)) writer_.member("quota_group", "group");
      writer_.end_object();
    }
    writer_.end_array();
    const bool document = chance(0.2);
    if (document) writer_.member("policy", "document");
    if (!document && chance(0.5)) {
      writer_.member("routing", one_of({"sequential", "round_robin", "weighted", "least_busy"}));
    }
    if (chance(0.3)) writer_.member("max_wait_ms", between(0, 30'000));
    if (chance(0.3)) writer_.member("stream_recovery", one_of({"restart", "buffer"}));
    if (chance(0.3)) writer_.member("breaker", false);
    if (chance(0.2)) writer_.member("slow_start", false);
    if (chance(0.2)) writer_.member("cooldown_ms", between(60'000, 90'000));
    if (chance(0.3)) writer_.member("stream_credit_bytes", 4096);
    writer_.key("retry").begin_object();
    if (chance(0.3)) writer_.member("max_attempts", between(1, 6));
    if (chance(0.3)) writer_.member("budget", false);
    if (document && chance(0.5)) writer_.member("delay_on", "any_failure");
    writer_.end_object();
    if (chance(0.3)) {
      writer_.key("fallback_models").begin_array().value("small-model").end_array();
    }
    writer_.key("time_limits").begin_object();
    writer_.member("response_ms", between(500, 20'000));
    writer_.member("first_token_ms", between(500, 20'000));
    writer_.member("idle_ms", between(500, 20'000));
    writer_.member("progress_ms", between(500, 20'000));
    writer_.member("total_ms", between(1'000, 120'000));
    writer_.end_object().end_object();
  }

  void write_fault() {
    writer_.begin_object();
    const std::string_view kind =
        one_of({"status", "status", "status", "refuse", "resolve", "unreachable", "local",
                "dead_connection", "reset", "stall", "slow", "cut", "silence", "truncated",
                "in_band", "html", "error_object", "done_only"});
    writer_.member("fault", kind);
    if (kind == "status") {
      constexpr int kStatuses[] = {400, 401, 402, 403, 404, 408, 409, 413, 422, 429,
                                   429, 429, 500, 500, 502, 503, 503, 504, 529, 302};
      const int status = kStatuses[random_.below(std::size(kStatuses))];
      writer_.member("status", status);
      if (status == 429 && chance(0.7)) {
        writer_.key("headers").begin_object();
        writer_.member("Retry-After", std::to_string(between(0, 40)));
        writer_.end_object();
      }
    }
    if (chance(0.6)) {
      const std::int64_t from = between(0, 200'000);
      writer_.member("from_ms", from).member("until_ms", from + between(1, 60'000));
    }
    writer_.member("rate", random_.uniform());
    writer_.end_object();
  }

  void write_providers() {
    writer_.key("providers").begin_object();
    for (std::size_t i = 0; i < endpoints_; ++i) {
      writer_.key(name_of(i)).begin_object();
      writer_.member("family", one_of({"openai", "groq", "azure", "anthropic", "gemini", "document",
                                       "plain", "silent"}));
      if (chance(0.5)) {
        writer_.key("limits").begin_object();
        if (chance(0.7)) writer_.member("rpm", between(5, 200));
        if (chance(0.3)) writer_.member("tpm", between(500, 50'000));
        if (chance(0.1)) writer_.member("rpd", between(50, 500));
        if (chance(0.2)) writer_.member("concurrency", between(1, 10));
        if (chance(0.3)) writer_.member("window", "fixed");
        if (chance(0.3)) writer_.member("refused_count", true);
        writer_.end_object();
      }
      if (chance(0.7)) {
        writer_.key("latency").begin_object();
        writer_.key("first_token_ms").begin_object().key("lognormal").begin_array();
        writer_.value(between(0, 1500)).value(0.6).end_array().end_object();
        writer_.member("token_ms", between(0, 60)).member("connect_ms", between(0, 300));
        writer_.end_object();
      }
      writer_.key("faults").begin_array();
      for (std::int64_t faults = between(0, 4); faults > 0; --faults)
        write_fault();
      writer_.end_array().end_object();
    }
    writer_.end_object();
  }

  void write_load() {
    writer_.key("load").begin_object();
    writer_.key("arrivals").begin_object();
    writer_.member(chance(0.7) ? "poisson_per_s" : "uniform_per_s", 0.2 + 4 * random_.uniform());
    writer_.end_object();
    writer_.member("calls_max", 400);
    writer_.member("stream_share", random_.uniform());
    if (chance(0.5)) writer_.member("cancel_share", 0.2 * random_.uniform());
    writer_.key("cancel_after_ms").begin_object().key("uniform").begin_array();
    writer_.value(0).value(5000).end_array().end_object();
    if (chance(0.3)) writer_.member("read_ms", between(0, 800));
    writer_.end_object();
  }

  Random random_;
  JsonWriter writer_;
  std::size_t endpoints_ = 1;
};

void check_seed(std::uint64_t seed) {
  const std::string text = RandomScenario(seed).make();
  Result<SimScenario> scenario = parse_scenario(text);
  INFO(text);
  if (!scenario.ok()) FAIL(scenario.error().message);
  const std::unique_ptr<Simulation> simulation = run_scenario(scenario.value(), seed);
  CHECK(simulation->breach() == "");
}

}  // namespace

TEST_CASE("what must always hold holds in random scenarios") {
  const std::uint64_t seeds = seeds_wanted();
  for (std::uint64_t seed = first_seed(); seed <= seeds; ++seed)
    check_seed(seed);
}

TEST_CASE("large simulations", "[.]") {
  for (std::uint64_t seed = 10'000; seed < 12'000; ++seed)
    check_seed(seed);
}

TEST_CASE("a random scenario replays exactly") {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const Result<SimScenario> scenario = parse_scenario(RandomScenario(seed).make());
    REQUIRE(scenario.ok());
    const auto first = run_scenario(scenario.value(), seed);
    const auto second = run_scenario(scenario.value(), seed);
    CHECK(first->trace_hash() == second->trace_hash());
    CHECK(first->steps() == second->steps());
  }
}

}  // namespace holysheep
