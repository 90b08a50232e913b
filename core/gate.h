// A gate before an endpoint, a host, a quota group or a route: open, or closed until an instant.
// Some gates, once that instant has come, let through one call at a time until one succeeds
// (half-open). Instants only ever move later; what may end a block sooner is clear() (SEMANTICS 2).
#pragma once

#include <string_view>

#include "core/duration.h"

namespace holysheep {

// Why a gate is closed, as status and trace name it. Static texts.
namespace reason {
constexpr std::string_view kRateLimited = "rate_limited";
constexpr std::string_view kAuth = "auth";
constexpr std::string_view kQuotaExhausted = "quota_exhausted";
constexpr std::string_view kBreakerOpen = "breaker_open";
constexpr std::string_view kProbing = "probing";
constexpr std::string_view kBackingOff = "backing off";  // the call's own wait
constexpr std::string_view kOverloaded = "overloaded";
constexpr std::string_view kForbidden = "forbidden";
constexpr std::string_view kModelUnavailable = "model_unavailable";
constexpr std::string_view kEasing = "easing";  // open again, but not yet for everybody
constexpr std::string_view kFailed = "failed";
}  // namespace reason

// When a call may pass.
struct Passage {
  Nanos at = 0;        // 0: now; kNever: when a probe that is under way has ended
  bool probe = false;  // passing makes this call the one probe
  std::string_view reason;

  // Passing both: the later instant, a probe if either wants one.
  void narrow(const Passage& other) {
    if (other.at > at) {
      at = other.at;
      reason = other.reason;
    }
    probe = probe || other.probe;
  }
};

class Gate {
 public:
  void close(Nanos now, Nanos until, std::string_view reason, bool probe_after) {
    set_at_ = now;
    if (until >= until_) {
      until_ = until;
      reason_ = reason;
    }
    probe_after_ = probe_after_ || probe_after;
  }

  Passage passage(Nanos now) const {
    if (now < until_) return {until_, probe_after_, reason_};
    if (!probe_after_) return {};
    if (probing_) return {kNever, true, reason::kProbing};
    return {0, true, reason_};
  }

  // An attempt that was sent before the gate was closed says nothing about it.
  bool cleared_by_attempt_of(Nanos sent_at) const { return sent_at > set_at_; }
  void clear() {
    until_ = 0;
    probe_after_ = false;
    reason_ = {};
  }

  void begin_probe() { probing_ = true; }
  void end_probe() { probing_ = false; }
  bool probing() const { return probing_; }
  bool closed(Nanos now) const { return now < until_ || probe_after_; }
  bool needs_probe() const { return probe_after_; }
  Nanos until() const { return until_; }
  std::string_view reason() const { return reason_; }

 private:
  Nanos until_ = 0;
  Nanos set_at_ = 0;
  bool probe_after_ = false;
  bool probing_ = false;
  std::string_view reason_;
};

}  // namespace holysheep
