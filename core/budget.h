// What may be spent in a day (UTC). Warns when most of it is gone and again when all is; where
// asked, refuses calls until the day is over.
//
// Threads: one writer, any readers (tally.h).
#pragma once

#include <cstdint>
#include <string>

#include "core/alert.h"
#include "core/duration.h"
#include "core/price.h"
#include "core/tally.h"

namespace holysheep {

struct BudgetSettings {
  NanoUsd per_day = 0;  // 0: no budget
  bool stops = false;
  std::int64_t warn_percent = 80;
};

class Budget {
 public:
  explicit Budget(const BudgetSettings& settings) : settings_(settings) {}

  // The writer's.
  void spend(NanoUsd amount, Nanos unix_now, AlertBook& alerts);
  // A new day begins: alerts of the old one end.
  void tick(Nanos unix_now, AlertBook& alerts);
  // Whether a call must be refused now.
  bool refuses(Nanos unix_now) const;
  // What its error says.
  std::string refusal() const;

  // Any reader's.
  const BudgetSettings& settings() const { return settings_; }
  NanoUsd spent(Nanos unix_now) const;

 private:
  BudgetSettings settings_;
  Single<std::int64_t> day_;
  Single<NanoUsd> spent_;
  std::uint64_t warning_id_ = 0;
  std::uint64_t spent_id_ = 0;
};

// "$12.50": at least two decimals, exact.
std::string dollars_text(NanoUsd amount);

}  // namespace holysheep
