// One budget of retries for the whole pool, so that an outage does not multiply the load (AWS's
// retry quota; ALGORITHMS 2.2 and 3.6).
#pragma once

#include <algorithm>

namespace holysheep {

constexpr int kBudgetCapacity = 500;
// Low traffic does not begin with a full budget.
constexpr int kBudgetStart = 100;
constexpr int kBudgetCostFault = 14;
constexpr int kBudgetCostThrottle = 5;
constexpr int kBudgetGain = 1;

class RetryBudget {
 public:
  bool take(int cost) {
    if (tokens_ < cost) return false;
    tokens_ -= cost;
    return true;
  }
  // A success; `refund` is what the call's last retry had cost.
  void succeeded(int refund) {
    tokens_ = std::min(kBudgetCapacity, tokens_ + kBudgetGain + refund);
  }
  // What a retry had cost that was not made.
  void give_back(int cost) { tokens_ = std::min(kBudgetCapacity, tokens_ + cost); }
  int tokens() const { return tokens_; }

 private:
  int tokens_ = kBudgetStart;
};

}  // namespace holysheep
