// A client's own monitor: what the engine's thread notes of each attempt and each call, and what
// follows from it (cost, budget, alerts, the last traces). The engine calls attempt_ended(),
// call_ended() and turn_ended(); the rest is for readers.
//
// Threads: those three and refuses_calls() belong to the engine's; readers are any. Numbers are
// tallies without locks; the traces have a lock that a turn takes at most once.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/alert_deliveries.h"
#include "core/budget.h"
#include "core/call.h"
#include "core/head_room.h"
#include "core/ledger.h"
#include "core/monitor.h"
#include "core/snapshot.h"

namespace holysheep {

// A call that has ended, for the monitor page.
struct KeptTrace {
  CallId call = 0;
  Nanos ended_unix = 0;
  std::string tag;
  std::shared_ptr<const CallReport> report;
};

// The call failed by what was asked, not by who was asked.
bool is_requests_fault(Verdict verdict);

class ClientMonitor {
 public:
  static constexpr std::size_t kTracesMax = 50;

  ClientMonitor(std::shared_ptr<const Config> config, std::shared_ptr<Counters> counters);

  // -- the engine's thread ---------------------------------------------------------------------
  // The call's last trace line is complete.
  void attempt_ended(const Call& call, const Classification& found, Now now);
  // What the answer of an attempt costs; nothing if no price is known.
  std::optional<NanoUsd> cost(const TraceLine& line, const Usage& usage) const;
  void call_ended(const Call& call, const std::shared_ptr<const CallReport>& report, Now now);
  // `fresh`: the snapshot that this turn published, or null.
  void turn_ended(const std::shared_ptr<const Snapshot>& fresh, Now now);
  bool refuses_calls(Now now) const { return budget_.refuses(now.unix); }
  const Budget& budget() const { return budget_; }
  // When a turn is wanted though nothing happens: an alert may be over. kNever: not.
  Nanos next_instant() const;

  // -- any thread ------------------------------------------------------------------------------
  Monitor& monitor() { return monitor_; }
  const Monitor& monitor() const { return monitor_; }
  const Config& config() const { return *config_; }
  const Ledger& models() const { return models_; }
  const Ledger& tags() const { return tags_; }
  // One line for each endpoint, in the configuration's order.
  const std::vector<std::unique_ptr<LedgerLine>>& endpoint_lines() const { return endpoints_; }
  // Likewise.
  const std::vector<std::unique_ptr<HeadRoom>>& head_rooms() const { return head_rooms_; }
  // Calls that ended in the window, cancelled ones left out: `rejected` counts those whose request
  // was at fault, `failed` those that brought another error.
  const RateWindow& calls() const { return calls_; }
  AlertDeliveries& deliveries() { return deliveries_; }
  const AlertDeliveries& deliveries() const { return deliveries_; }
  // Somebody looks at the traces, or waits for alerts: they are kept, and turns are made for them.
  void watch() { watched_.set(true); }
  std::vector<KeptTrace> traces() const;  // the newest first

 private:
  std::optional<Price> price_of(std::uint32_t endpoint, const std::string& model) const;
  void estimate(const Call& call, const TraceLine& line, Now now);
  void warn_unpriced(const std::string& model, Now now);
  void warn_unpriced_models(Now now);
  void keep(const Call& call, const std::shared_ptr<const CallReport>& report, Now now);
  void judge_limited(Now now);
  void raise_limited(Now now);
  void judge_deliveries(Now now);

  std::shared_ptr<const Config> config_;
  std::shared_ptr<Counters> counters_;
  Monitor monitor_;
  Ledger models_;
  Ledger tags_;
  std::vector<std::unique_ptr<LedgerLine>> endpoints_;
  std::vector<std::unique_ptr<HeadRoom>> head_rooms_;
  RateWindow calls_;
  Budget budget_;
  AlertDeliveries deliveries_;
  Single<bool> watched_;

  // The engine's.
  std::shared_ptr<const Snapshot> snapshot_;
  Nanos ticked_ = 0;
  std::uint64_t limited_alert_id_ = 0;
  Nanos limited_since_ = -1;  // nobody has taken calls since; -1: somebody does
  Nanos limited_last_ = 0;
  bool some_limited_ = false;  // then: by a 429, and not only by refusals and faults
  std::uint64_t delivery_alert_id_ = 0;
  bool begun_ = false;
  std::vector<KeptTrace> fresh_traces_;  // of this turn
  Nanos plain_kept_ = 0;                 // when a plain success was kept last

  mutable std::mutex traces_mutex_;
  std::deque<KeptTrace> traces_;  // under traces_mutex_; the newest first
};

// Whether an endpoint can take a call: not while it is limited or down.
bool can_take_calls(const EndpointView& endpoint, Nanos now_mono);
// At `mono`, if nothing else happens until then.
bool nobody_takes_calls(const Snapshot& snapshot, Nanos mono);

}  // namespace holysheep
