// What must hold at every step of every simulation (DESIGN 5), checked against the transport's own
// account of what the engine did, not against the engine's. The first breach is kept; it names the
// seed and the step, from which the run replays exactly.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/config.h"
#include "core/sim/sim_call.h"
#include "core/sim/sim_transport.h"
#include "core/snapshot.h"

namespace holysheep {

class SimChecks {
 public:
  SimChecks(const Config& config, const SimTransport& transport, std::uint64_t seed)
      : config_(config), transport_(transport), seed_(seed) {}

  void accepted(std::size_t number, const SimCall& call);
  // A completion, before it is written down in `call`.
  void completion(std::size_t number, const SimCall& call, const Completion& completion, Now now);
  // After a turn: its completions are in `calls`; `ended`: the attempts that ended in this step.
  void after_turn(std::deque<SimCall>& calls, const std::vector<std::size_t>& ended,
                  const Snapshot& snapshot, Now now, std::uint64_t step);
  // When nothing is left to happen.
  void at_end(const std::deque<SimCall>& calls, const Snapshot& snapshot);
  // A change from outside (reset, a new key), which may end blocks.
  void changed_from_outside() { excused_ = true; }
  // The same for one endpoint (all: ""), which forgets what it was told.
  void reset(std::string_view endpoint);
  void fail(std::string_view what);

  const std::string& breach() const { return breach_; }

 private:
  struct Block {
    EndpointStatus status = EndpointStatus::healthy;
    std::string reason;
    Nanos until = 0;
    Nanos since = 0;
  };
  using RouteName = std::pair<std::size_t, std::string>;

  bool keeps_blocks() const;
  void check_start(const SimAttempt& attempt, const SimCall& call, Now now);
  void check_counts(const SimAttempt& attempt, const SimCall& call);
  bool has_begun(const SimCall& call) const;
  void check_success(const SimCall& call, const Completion& completion);
  void note_told(const SimAttempt& attempt);
  void check_in_flight(const Snapshot& snapshot);
  void check_blocks(const Snapshot& snapshot, const std::vector<std::size_t>& ended, Now now);
  void check_probes(const Snapshot& snapshot, Now now);
  void check_idle_capacity(const std::deque<SimCall>& calls, const Snapshot& snapshot, Now now);
  bool is_narrowed(const SimCall& call) const;
  bool is_free(const EndpointView& endpoint, const std::string& model, Now now) const;

  const Config& config_;
  const SimTransport& transport_;
  std::uint64_t seed_;
  std::uint64_t step_ = 0;
  std::string breach_;
  std::size_t seen_attempts_ = 0;
  std::map<RouteName, Block> blocks_;
  std::map<RouteName, Nanos> told_;  // until when a route is to be left alone
  std::set<std::pair<Nanos, std::size_t>> deadlines_;
  std::set<std::size_t> resting_;  // calls without an attempt under way
  bool excused_ = false;
};

}  // namespace holysheep
