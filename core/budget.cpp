#include "core/budget.h"

#include <limits>

namespace holysheep {
namespace {

constexpr NanoUsd kDollar = 1'000'000'000;

NanoUsd saturating_sum(NanoUsd left, NanoUsd right) {
  constexpr NanoUsd kGreatest = std::numeric_limits<NanoUsd>::max();
  return left > kGreatest - right ? kGreatest : left + right;
}

}  // namespace

std::string dollars_text(NanoUsd amount) {
  std::string fraction = std::to_string(amount % kDollar);
  fraction.insert(0, 9 - fraction.size(), '0');
  while (fraction.size() > 2 && fraction.back() == '0')
    fraction.pop_back();
  return "$" + std::to_string(amount / kDollar) + "." + fraction;
}

NanoUsd Budget::spent(Nanos unix_now) const {
  return day_.get() >= unix_now / kDay ? spent_.get() : 0;
}

bool Budget::refuses(Nanos unix_now) const {
  return settings_.stops && settings_.per_day > 0 && spent(unix_now) >= settings_.per_day;
}

std::string Budget::refusal() const {
  return "budget.usd_per_day: the day's budget of " + dollars_text(settings_.per_day) +
         " is spent (" + dollars_text(spent_.get()) +
         "); calls are refused until 00:00 UTC. Raise it, or set budget.action to \"warn\"";
}

void Budget::tick(Nanos unix_now, AlertBook& alerts) {
  // A clock that is set back begins no new day.
  if (settings_.per_day <= 0 || day_.get() >= unix_now / kDay) return;
  day_.set(unix_now / kDay);
  spent_.set(0);
  for (std::uint64_t* id : {&warning_id_, &spent_id_}) {
    if (*id != 0) alerts.resolve(*id, unix_now);
    *id = 0;
  }
}

void Budget::spend(NanoUsd amount, Nanos unix_now, AlertBook& alerts) {
  if (settings_.per_day <= 0) return;
  tick(unix_now, alerts);
  spent_.set(saturating_sum(spent_.get(), amount));
  const bool all = spent_.get() >= settings_.per_day;
  // Thousandths of the budget, so that nothing overflows.
  const bool most = spent_.get() / 100 >= settings_.per_day / 10'000 * settings_.warn_percent;
  Alert alert;
  alert.cause = AlertCause::budget;
  alert.message = dollars_text(spent_.get()) + " of the day's " + dollars_text(settings_.per_day) +
                  " are spent";
  if (all && spent_id_ == 0) {
    alert.severity = AlertSeverity::critical;
    if (settings_.stops) alert.message += "; calls are refused until 00:00 UTC";
    spent_id_ = alerts.raise(alert, unix_now);
    if (warning_id_ != 0) alerts.resolve(warning_id_, unix_now);
    warning_id_ = 0;
  } else if (!all && most && warning_id_ == 0) {
    warning_id_ = alerts.raise(alert, unix_now);
  }
}

}  // namespace holysheep
