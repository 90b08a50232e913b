#include "core/sim/sim_checks.h"

#include <algorithm>

#include "core/gate.h"

namespace holysheep {
namespace {

// Requests of a call to the only route that it has.
constexpr int kOneRouteMax = 3;

bool is_closed(EndpointStatus status) {
  return status == EndpointStatus::down || status == EndpointStatus::rate_limited;
}

bool is_local(TransportError error) {
  switch (error) {
    case TransportError::local_descriptors:
    case TransportError::local_memory:
    case TransportError::local_ports:
    case TransportError::local_network:
    case TransportError::local_files:
      return true;
    default:
      return false;
  }
}

// Sent, and never answered.
bool is_unanswered(const SimAttempt& attempt) {
  return attempt.sent && attempt.status == 0 && attempt.ended != kNever;
}

}  // namespace

void SimChecks::fail(std::string_view what) {
  if (!breach_.empty()) return;
  breach_ = "seed " + std::to_string(seed_) + ", step " + std::to_string(step_) + ": ";
  breach_ += what;
}

// The document's clients force a call to the first endpoint though it is limited, and call it
// degraded when that fails: what is said about blocks holds for `smart` only (SEMANTICS 4).
bool SimChecks::keeps_blocks() const {
  return config_.policy.when_none == WhenNone::wait;
}

void SimChecks::note_told(const SimAttempt& attempt) {
  if (attempt.told_until == 0) return;
  // After an hour one call may try, whatever was told (SEMANTICS 4).
  Nanos& until = told_[{attempt.provider, attempt.model}];
  until = std::max(until, std::min(attempt.told_until, attempt.ended + kHour));
}

void SimChecks::reset(std::string_view endpoint) {
  changed_from_outside();
  for (auto& [route, until] : told_) {
    if (endpoint.empty() || route.first == transport_.find(endpoint)) until = 0;
  }
}

void SimChecks::accepted(std::size_t number, const SimCall& call) {
  if (call.deadline != kNever) deadlines_.emplace(call.deadline, number);
  resting_.insert(number);
}

// Of a stream: content has come, delivered or held back until the answer is whole.
bool SimChecks::has_begun(const SimCall& call) const {
  const auto has_data = [this](std::size_t place) { return transport_.attempts()[place].data; };
  return call.first_piece != kNever ||
         (call.streams && std::any_of(call.attempts.begin(), call.attempts.end(), has_data));
}

void SimChecks::completion(std::size_t number, const SimCall& call, const Completion& completion,
                           Now now) {
  if (!call.accepted || call.id != completion.call) fail("a completion with another call's id");
  if (call.done != kNever) fail("a completion after DONE");
  if (completion.kind != Completion::Kind::done) {
    if (call.cancelled < now.mono) fail("a piece after cancel");
    return;
  }
  resting_.erase(number);
  deadlines_.erase({call.deadline, number});
  if (now.mono > call.deadline && !has_begun(call)) fail("DONE after the total limit");
  if (completion.status == Status::ok) check_success(call, completion);
}

void SimChecks::check_success(const SimCall& call, const Completion& completion) {
  if (call.attempts.empty()) return fail("a success without an attempt");
  const SimAttempt& last = transport_.attempts()[call.attempts.back()];
  if (last.status < 200 || last.status > 299) return fail("a success without a 2xx answer");
  if (last.truth == SimTruth::bad) return fail("a broken answer was reported as a success");
  if (last.truth != SimTruth::good) return;
  if (call.delivery == Delivery::whole) {
    const std::vector<std::string> body{completion.data};
    if (!call.streams && reader_hash(body) != last.reader_hash) {
      fail("the body is not the provider's");
    }
  } else if (call.delivery == Delivery::events && call.streams &&
             call.read.value() != last.reader_hash) {
    fail("the pieces of a stream are not the provider's");
  }
}

void SimChecks::after_turn(std::deque<SimCall>& calls, const std::vector<std::size_t>& ended,
                           const Snapshot& snapshot, Now now, std::uint64_t step) {
  step_ = step;
  for (const std::size_t place : ended) {
    const std::size_t number = transport_.attempts()[place].call;
    if (calls[number].active()) resting_.insert(number);
    // A cancel of the same turn comes first: the engine never sees that answer.
    if (calls[number].cancelled == kNever) note_told(transport_.attempts()[place]);
  }
  for (; seen_attempts_ < transport_.attempts().size(); ++seen_attempts_) {
    const SimAttempt& attempt = transport_.attempts()[seen_attempts_];
    if (attempt.call >= calls.size()) return fail("an attempt of nobody's call");
    SimCall& call = calls[attempt.call];
    check_start(attempt, call, now);
    call.attempts.push_back(seen_attempts_);
    resting_.erase(attempt.call);
  }
  while (!deadlines_.empty() && deadlines_.begin()->first <= now.mono) {
    const SimCall& call = calls[deadlines_.begin()->second];
    if (call.active() && !has_begun(call)) fail("a call outlived its total limit");
    deadlines_.erase(deadlines_.begin());
  }
  check_in_flight(snapshot);
  check_blocks(snapshot, ended, now);
  check_probes(snapshot, now);
  check_idle_capacity(calls, snapshot, now);
  excused_ = false;
}

// The call's own attempts, as they were before this one.
void SimChecks::check_start(const SimAttempt& attempt, const SimCall& call, Now now) {
  if (!call.accepted || call.done != kNever) return fail("an attempt of a call that is done");
  if (call.cancelled != kNever) return fail("an attempt after cancel");
  // Of a stream `total` ended at its first content; one that begins again has it anew.
  if (now.mono >= call.deadline && !has_begun(call)) {
    return fail("an attempt after the total limit");
  }
  if (!call.attempts.empty() && transport_.attempts()[call.attempts.back()].ended == kNever) {
    return fail("two attempts of one call at once");
  }
  const Policy& policy = config_.policy;
  if (policy.obey_hints && keeps_blocks()) {
    if (now.mono < told_[{attempt.provider, attempt.model}]) {
      fail("an attempt before the time that the provider had told");
    }
  }
  check_counts(attempt, call);
}

void SimChecks::check_counts(const SimAttempt& attempt, const SimCall& call) {
  const Policy& policy = config_.policy;
  int counted = 0;
  int unanswered = 0;
  int here = 0;
  for (const std::size_t place : call.attempts) {
    const SimAttempt& each = transport_.attempts()[place];
    if (is_local(each.error)) continue;
    if (is_unanswered(each)) ++unanswered;
    if (each.status == 429 && !policy.rate_limited_counts) continue;
    // Where a number of attempts holds for one model, the backup model has its own.
    if (policy.per_route || each.model == attempt.model) ++counted;
    if (each.provider == attempt.provider && each.model == attempt.model) ++here;
  }
  if (keeps_blocks() && unanswered >= kUnansweredMax) {
    fail("an attempt after two that were never answered");
  }
  int most = policy.max_attempts > 0 ? policy.max_attempts : kAttemptsMax;
  int most_here = policy.route_attempts_max;
  // More where a call has fewer routes than attempts, which may become so while it runs.
  if (most_here > 1) {
    most_here = std::max(most_here, policy.max_attempts > 0 || !call.plain ? most : kOneRouteMax);
  }
  for (const RetryOverride& each : policy.overrides) {
    most = std::max(most, each.max_attempts);
    most_here = most_here > 0 ? std::max(most_here, each.max_attempts) : 0;
  }
  if (call.plain && counted >= most) fail("more attempts than max_attempts");
  if (most_here > 0 && here >= most_here) fail("more attempts on a route than allowed");
}

void SimChecks::check_in_flight(const Snapshot& snapshot) {
  for (std::size_t i = 0; i < snapshot.endpoints.size(); ++i) {
    const std::size_t provider = transport_.find(snapshot.endpoints[i]->name);
    const std::uint64_t leased = snapshot.counters->endpoints[i].in_flight.load();
    if (leased != transport_.running_on(provider)) {
      fail("the engine counts " + std::to_string(leased) + " attempts in flight on " +
           snapshot.endpoints[i]->name + ", there are " +
           std::to_string(transport_.running_on(provider)));
    }
  }
}

// A block that is in force ends at its time or later; only a probe's success, or somebody outside,
// may end it sooner.
void SimChecks::check_blocks(const Snapshot& snapshot, const std::vector<std::size_t>& ended,
                             Now now) {
  if (!keeps_blocks()) return;
  for (const auto& endpoint : snapshot.endpoints) {
    const std::size_t provider = transport_.find(endpoint->name);
    for (const RouteView& route : endpoint->routes) {
      Block& block = blocks_[{provider, route.model}];
      const Block before = block;
      const bool same = before.status == route.status && before.reason == route.reason;
      block.status = route.status;
      block.reason = route.reason;
      block.until = route.until;
      if (!same || route.until != before.until) block.since = now.mono;
      if (!is_closed(before.status) || before.until <= now.mono || excused_) continue;
      if (is_closed(route.status) && (!same || route.until >= before.until)) continue;
      const bool probed = std::any_of(ended.begin(), ended.end(), [&](std::size_t place) {
        const SimAttempt& attempt = transport_.attempts()[place];
        return attempt.provider == provider && attempt.started >= before.since;
      });
      if (!probed) fail("a block of " + endpoint->name + " ended before its time");
    }
  }
}

// A half-open route has one attempt at most that began since; a blocked one has none, but that a
// pool whose breakers are all open may probe one of them early.
void SimChecks::check_probes(const Snapshot& snapshot, Now now) {
  if (!keeps_blocks()) return;
  for (const auto& endpoint : snapshot.endpoints) {
    const std::size_t provider = transport_.find(endpoint->name);
    if (transport_.running_on(provider) == 0) continue;
    for (const RouteView& route : endpoint->routes) {
      if (!is_closed(route.status)) continue;
      const Nanos since = blocks_[{provider, route.model}].since;
      std::size_t probes = 0;
      transport_.each_running([&](const SimAttempt& attempt) {
        const bool here = attempt.provider == provider && attempt.model == route.model;
        if (here && attempt.started > since) ++probes;
      });
      const bool half_open = route.reason == reason::kBreakerOpen ||
                             route.reason == reason::kAuth ||
                             route.reason == reason::kQuotaExhausted;
      const bool blocked = route.until > now.mono && route.reason != reason::kBreakerOpen;
      if (probes > 1 && half_open) fail("more than one probe of " + endpoint->name);
      if (probes > 0 && blocked) fail("an attempt on " + endpoint->name + " while it is blocked");
    }
  }
}

bool SimChecks::is_free(const EndpointView& endpoint, const std::string& model, Now now) const {
  if (endpoint.routes.empty()) return true;
  for (const RouteView& route : endpoint.routes) {
    if (route.model != model) continue;
    if (route.one_by_one) return false;
    if (is_closed(route.status))
      return route.status == EndpointStatus::rate_limited && route.until > 0 &&
             route.until <= now.mono;
    return route.until <= now.mono;
  }
  return false;  // not known: a host's or a key's state may be in the way
}

// A refused key rules out all endpoints that share it; a local fault waits wherever it goes.
bool SimChecks::is_narrowed(const SimCall& call) const {
  return std::any_of(call.attempts.begin(), call.attempts.end(), [this](std::size_t place) {
    const SimAttempt& attempt = transport_.attempts()[place];
    return is_local(attempt.error) || attempt.status == 401;
  });
}

// "A free endpoint is used now" (SEMANTICS 4): no call of the smart policy rests while there is an
// endpoint that is open and that it has not tried.
void SimChecks::check_idle_capacity(const std::deque<SimCall>& calls, const Snapshot& snapshot,
                                    Now now) {
  const Policy& policy = config_.policy;
  if (policy.delay_on != DelayOn::none || !config_.allow.empty() || resting_.empty()) return;
  for (const std::size_t number : resting_) {
    const SimCall& call = calls[number];
    if (!call.plain || !call.active()) continue;
    if (is_narrowed(call)) continue;
    for (std::size_t i = 0; i < snapshot.endpoints.size(); ++i) {
      const EndpointView& endpoint = *snapshot.endpoints[i];
      const EndpointConfig& configured = config_.endpoints[i];
      if (!configured.models.empty() || !configured.model_names.empty()) continue;
      // A group may be closed by another endpoint's 429 before this one was ever used.
      if (!configured.quota_group.empty() && endpoint.routes.empty()) continue;
      const std::size_t provider = transport_.find(endpoint.name);
      const auto connections_max = static_cast<std::size_t>(configured.connections_max);
      if (connections_max > 0 && transport_.running_on(provider) >= connections_max) continue;
      // Another try may have cost retry budget when the call began to wait, and that was spent.
      if (policy.retry_budget && !call.attempts.empty()) continue;
      const bool tried = std::any_of(
          call.attempts.begin(), call.attempts.end(),
          [&](std::size_t place) { return transport_.attempts()[place].provider == provider; });
      if (!tried && is_free(endpoint, call.model, now)) {
        return fail("call " + std::to_string(number) + " waits though " + endpoint.name +
                    " is free");
      }
    }
  }
}

void SimChecks::at_end(const std::deque<SimCall>& calls, const Snapshot& snapshot) {
  for (std::size_t i = 0; i < calls.size(); ++i) {
    if (calls[i].active()) return fail("call " + std::to_string(i) + " was lost: nothing is due");
    const auto made = static_cast<int>(calls[i].attempts.size());
    if (calls[i].accepted && calls[i].attempts_reported != made) {
      return fail("call " + std::to_string(i) + " names " +
                  std::to_string(calls[i].attempts_reported) + " attempts, there were " +
                  std::to_string(made));
    }
  }
  check_in_flight(snapshot);
}

}  // namespace holysheep
