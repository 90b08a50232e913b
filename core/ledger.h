// Tokens and money by name (a model, a tag), in constant memory: names come from users, so that
// only the first are kept apart and the rest is "other". Names never go away.
//
// Threads: one writer, any readers (tally.h).
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "core/dialect.h"
#include "core/price.h"
#include "core/tally.h"

namespace holysheep {

struct LedgerLine {
  std::string name;
  bool warned = false;  // the writer's: that a budget cannot count it
  Tally calls;          // answered ones with usage
  Tally input_tokens;   // cached ones included
  Tally output_tokens;
  Tally cached_tokens;
  Tally unpriced;            // calls with usage and without a price
  Tally estimates;           // attempts that may have been billed and told no usage
  Tally unpriced_estimates;  // further ones, without a price
  Single<NanoUsd> cost;      // by the provider's usage
  Single<NanoUsd> estimate;  // of those attempts
  // Whether anything is known of either: money that is not known is never shown as 0.
  bool has_cost() const { return calls.get() > unpriced.get(); }
  bool has_estimate() const { return estimates.get() > 0; }
};

class Ledger {
 public:
  // Beside "other": a client that really uses more models than this reads its provider's bill.
  static constexpr std::size_t kNamesMax = 50;

  LedgerLine& line(std::string_view name);
  template <typename Visit>
  void each(Visit visit) const {
    const std::size_t count = count_.load(std::memory_order_acquire);
    for (std::size_t i = 0; i < count; ++i)
      visit(static_cast<const LedgerLine&>(*lines_[i]));
  }

 private:
  LedgerLine& add(std::string_view name);

  std::array<std::unique_ptr<LedgerLine>, kNamesMax + 1> lines_;
  std::atomic<std::size_t> count_{0};
  std::unordered_map<std::string, LedgerLine*> places_;  // the writer's; looked up only
  LedgerLine* other_ = nullptr;
};

// Notes an answered call's usage and cost.
void charge(LedgerLine& line, const Usage& usage, const std::optional<NanoUsd>& cost);
// Notes what an attempt may have cost; nothing: that is not known.
void charge_estimate(LedgerLine& line, const std::optional<NanoUsd>& amount);

}  // namespace holysheep
