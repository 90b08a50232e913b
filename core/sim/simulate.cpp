#include "core/sim/simulate.h"

#include <algorithm>

#include "core/json.h"
#include "core/sim/sim_report.h"

namespace holysheep {
namespace {

// The stream of chance that shapes the load; providers have those from 0 on.
constexpr std::uint64_t kLoadStream = 1'000'000;
constexpr std::size_t kBytesPerToken = 4;

// Makes the calls of a run, one after the other: each arrival plans the next.
class LoadMaker {
 public:
  LoadMaker(const SimScenario& scenario, Simulation& simulation, std::uint64_t seed)
      : scenario_(scenario),
        load_(scenario.load),
        simulation_(simulation),
        random_(stream_seed(seed, kLoadStream)) {}

  void plan_next() {
    if (made_ >= load_.calls_max) return;
    if (load_.arrivals == SimArrivals::listed) {
      if (static_cast<std::size_t>(made_) >= load_.at.size()) return;
      next_ = load_.at[static_cast<std::size_t>(made_)];
    } else if (load_.arrivals == SimArrivals::poisson) {
      next_ = saturating_add(next_, exponential_gap(load_.per_second, random_));
    } else if (made_ > 0) {
      next_ += static_cast<Nanos>(static_cast<double>(kSecond) / load_.per_second);
    }
    if (next_ >= scenario_.duration && load_.arrivals != SimArrivals::listed) return;
    simulation_.at(next_, [this] { arrive(); });
  }

 private:
  void arrive() {
    ++made_;
    const std::size_t number = simulation_.submit(make_call());
    if (load_.cancel_share > 0 && random_.uniform() < load_.cancel_share) {
      const Nanos after = load_.cancel_after_ms.sample_ms(random_);
      Simulation& simulation = simulation_;
      simulation_.at(next_ + after, [&simulation, number] { simulation.cancel(number); });
    }
    plan_next();
  }

  SimCallInput make_call() {
    SimCallInput call;
    const bool stream = load_.stream_share > 0 && random_.uniform() < load_.stream_share;
    const std::int64_t input = load_.input_tokens.sample_count(random_, 1);
    const std::int64_t output = load_.max_tokens.sample_count(random_, 0);
    JsonWriter writer;
    writer.begin_object().member("model", load_.model).key("messages").begin_array();
    writer.begin_object().member("role", "user");
    writer.member("content", std::string(static_cast<std::size_t>(input) * kBytesPerToken, 'x'));
    writer.end_object().end_array();
    if (output > 0) writer.member("max_tokens", output);
    if (stream) writer.member("stream", true);
    writer.end_object();
    call.body = writer.take();
    call.delivery = stream ? Delivery::events : Delivery::whole;
    call.timeout_ms = load_.timeout_ms;
    call.options = load_.options;
    call.read_time = load_.read_ms.sample_ms(random_);
    return call;
  }

  const SimScenario& scenario_;
  const SimLoad& load_;
  Simulation& simulation_;
  Random random_;
  std::int64_t made_ = 0;
  Nanos next_ = 0;
};

}  // namespace

std::unique_ptr<Simulation> run_scenario(const SimScenario& scenario, std::uint64_t seed) {
  auto simulation = std::make_unique<Simulation>(scenario.config, scenario.providers, seed);
  simulation->keep_texts(false);
  LoadMaker load(scenario, *simulation, seed);
  load.plan_next();
  simulation->run();
  return simulation;
}

Result<std::string> simulate(std::string_view text, std::uint64_t seed) {
  Result<SimScenario> scenario = parse_scenario(text);
  if (!scenario.ok()) return scenario.error();
  if (seed == 0) seed = scenario.value().seed;
  const std::unique_ptr<Simulation> simulation = run_scenario(scenario.value(), seed);
  if (!simulation->breach().empty()) {
    return Error{Status::internal, "simulation: " + simulation->breach()};
  }
  return simulation_report(scenario.value(), seed, *simulation);
}

}  // namespace holysheep
