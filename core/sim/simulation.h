// Drives the real Engine in virtual time against simulated providers, and checks at every step what
// must always hold (sim_checks.h). Time moves only from one event to the next: the engine's
// earliest timer, the transport's earliest event, or an action that was planned. The same inputs
// and seed give the same run, step by step; trace_hash() is its proof. One thread.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/engine.h"
#include "core/sim/sim_call.h"
#include "core/sim/sim_checks.h"
#include "core/sim/sim_model.h"
#include "core/sim/sim_transport.h"
#include "core/sim/trace_hash.h"

namespace holysheep {

// 2026-01-01T00:00:00Z: the wall clock at the beginning of every simulation.
constexpr Nanos kSimUnixBegin = 1'767'225'600 * kSecond;
// The monotonic clock at the beginning: not 0, so that a forgotten instant is seen.
constexpr Nanos kSimMonoBegin = 1000 * kSecond;
// So many steps without time moving on are no progress.
constexpr int kSimStillStepsMax = 20'000;

class Simulation {
 public:
  // A provider for each endpoint of the configuration, in any order.
  Simulation(std::shared_ptr<const Config> config, std::vector<SimProviderModel> providers,
             std::uint64_t seed);

  // Returns the call's number. A call that was refused is `done` at once, with the error.
  std::size_t submit(const SimCallInput& input);
  void cancel(std::size_t call);
  // Plans an action for an instant (since the beginning).
  void at(Nanos since_begin, std::function<void()> action);
  void reset(std::string_view endpoint);
  void set_key(std::string_view endpoint, std::string_view key);

  // To the next instant at which something happens; false if nothing will, or not by `latest`.
  bool step(Nanos latest = kNever);
  // Until nothing is left to happen: no planned action, no call.
  Status run();
  // For so long, whether something happens or not.
  Status run_for(Nanos duration);

  // Since the beginning.
  Nanos elapsed() const { return now_.mono - kSimMonoBegin; }
  const SimCall& call(std::size_t number) const { return calls_[number]; }
  const std::deque<SimCall>& calls() const { return calls_; }
  const SimTransport& transport() const { return transport_; }
  SimProvider& provider(std::string_view name) {
    return transport_.provider(transport_.find(name));
  }
  Engine& engine() { return engine_; }
  Now now() const { return now_; }
  std::uint64_t steps() const { return steps_; }
  std::uint64_t trace_hash() const { return trace_.value(); }
  // "" while every check held; else the seed, the step and what broke.
  const std::string& breach() const { return checks_.breach(); }
  // Texts of streams are kept only when wanted: long runs need none.
  void keep_texts(bool keep) { keep_texts_ = keep; }

 private:
  Nanos next_instant() const;
  void move_to(Nanos instant);
  void run_actions();
  void take_completions();
  void take_completion(Completion& completion);
  void give_credit(std::size_t number, std::size_t bytes);
  void trace(const std::vector<TransportEvent>& events);

  std::shared_ptr<const Config> config_;
  SimTransport transport_;
  Engine engine_;
  std::shared_ptr<Queue> queue_;
  SimChecks checks_;
  TraceHash trace_;
  std::deque<SimCall> calls_;  // references stay good
  std::size_t active_ = 0;
  std::map<std::pair<Nanos, std::uint64_t>, std::function<void()>> actions_;
  std::uint64_t action_order_ = 0;
  std::uint64_t steps_ = 0;
  int still_steps_ = 0;
  Now now_;
  Nanos timer_ = kNever;
  bool inbox_ = false;  // something waits for the engine's next turn
  bool keep_texts_ = true;
  std::vector<TransportEvent> events_;
  std::vector<Completion> completions_;
};

}  // namespace holysheep
