#include "core/ledger.h"

#include "core/label.h"

namespace holysheep {
namespace {

constexpr std::string_view kOther = "other";

}  // namespace

LedgerLine& Ledger::add(std::string_view name) {
  const std::size_t count = count_.load(std::memory_order_relaxed);
  lines_[count] = std::make_unique<LedgerLine>();
  lines_[count]->name = name;
  count_.store(count + 1, std::memory_order_release);
  return *lines_[count];
}

LedgerLine& Ledger::line(std::string_view name) {
  const auto found = places_.find(std::string(name));
  if (found != places_.end()) return *found->second;
  if (!is_label(name)) return line(as_label(name));
  // A user may name something "other": it has the rest's line, since no two may bear one name.
  if (places_.size() >= kNamesMax || name == kOther) {
    if (other_ == nullptr) other_ = &add(kOther);
    return *other_;
  }
  LedgerLine& fresh = add(name);
  places_.emplace(fresh.name, &fresh);
  return fresh;
}

void charge(LedgerLine& line, const Usage& usage, const std::optional<NanoUsd>& cost) {
  line.calls.add(1);
  if (!usage.known()) return;
  if (usage.input > 0) line.input_tokens.add(static_cast<std::uint64_t>(usage.input));
  if (usage.output > 0) line.output_tokens.add(static_cast<std::uint64_t>(usage.output));
  if (usage.cached > 0) line.cached_tokens.add(static_cast<std::uint64_t>(usage.cached));
  if (cost) {
    line.cost.add(*cost);
  } else {
    line.unpriced.add(1);
  }
}

void charge_estimate(LedgerLine& line, const std::optional<NanoUsd>& amount) {
  if (!amount) {
    line.unpriced_estimates.add(1);
    return;
  }
  line.estimate.add(*amount);
  line.estimates.add(1);
}

}  // namespace holysheep
