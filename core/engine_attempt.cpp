// The attempt under way: what the transport reports, and the limits of time.

#include <algorithm>
#include <tuple>

#include "core/classify.h"
#include "core/engine_impl.h"

namespace holysheep {
namespace {

bool is_white(char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

bool starts_with_ignoring_case(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() && equals_ignore_case(text.substr(0, prefix.size()), prefix);
}

}  // namespace

void Engine::Impl::on_event(Call& call, TransportEvent& event) {
  Attempt& attempt = call.attempt;
  switch (event.kind) {
    case TransportEvent::Kind::started:
      attempt.started_at = now.mono;
      --unstarted_count;
      break;
    case TransportEvent::Kind::sent:
      attempt.sent_at = now.mono;
      attempt.reused = event.reused;
      break;
    case TransportEvent::Kind::headers:
      on_headers(call, event);
      break;
    case TransportEvent::Kind::data:
      on_data(call, event);
      break;
    case TransportEvent::Kind::done:
      on_end(call, event);
      return;
  }
  if (call.phase == Call::Phase::attempting) set_timer(call);
}

void Engine::Impl::on_headers(Call& call, TransportEvent& event) {
  Attempt& attempt = call.attempt;
  attempt.answered_at = attempt.byte_at = now.mono;
  room_changed = true;  // now it is known whether the connection carries more of them
  attempt.status = event.status;
  attempt.headers = Headers(std::move(event.bytes));
  if (!is_success(event.status)) return;
  if (call.request.delivery == Delivery::whole) {
    attempt.check.emplace(call.request.dialect);
    return;
  }
  // Some servers call an event stream text/plain, or nothing at all; what calls itself JSON or HTML
  // is judged as a whole.
  const std::string_view type = attempt.headers.find("content-type");
  const bool whole = starts_with_ignoring_case(type, "application/json") ||
                     starts_with_ignoring_case(type, "text/html");
  if (whole && call.request.dialect.kind != DialectKind::opaque) {
    attempt.check.emplace(call.request.dialect);
    return;
  }
  attempt.reader = std::make_unique<StreamReader>(
      call.request.dialect, static_cast<std::size_t>(config->limits.event_bytes_max),
      call.request.choices);
}

void Engine::Impl::on_data(Call& call, TransportEvent& event) {
  Attempt& attempt = call.attempt;
  attempt.byte_at = now.mono;
  if (attempt.body_at < 0 &&
      std::any_of(event.bytes.begin(), event.bytes.end(), [](char c) { return !is_white(c); })) {
    attempt.body_at = now.mono;
  }
  if (attempt.reader != nullptr) return read_stream(call, event.bytes);
  if (attempt.check) attempt.check->feed(event.bytes);
  if (attempt.body.empty()) {
    attempt.body = std::move(event.bytes);
  } else {
    attempt.body += event.bytes;
  }
  const auto size = static_cast<std::int64_t>(attempt.body.size());
  if (size <= config->limits.body_bytes_max) return;
  // Only a stream's error page or a JSON answer to a stream can come here: the transport keeps the
  // limit for the others.
  if (is_success(attempt.status)) {
    return end_by_own_limit(call, "limits.body_bytes_max");
  }
  TransportEvent end;
  end.error = TransportError::body_too_large;
  end.sent_in_full = true;
  stop_attempt(call, false);
  on_end(call, end);
}

Outcome Engine::Impl::outcome_of(const Call& call, TransportError error) const {
  Outcome outcome;
  outcome.transport = error;
  outcome.status = call.attempt.status;
  outcome.headers = &call.attempt.headers;
  outcome.body = call.attempt.body;
  outcome.unix_now = now.unix;
  return outcome;
}

void Engine::Impl::on_end(Call& call, TransportEvent& event) {
  Attempt& attempt = call.attempt;
  attempt_left(attempt);
  const bool success = is_success(attempt.status);
  const bool answered = attempt.status > 0;
  if (success && event.error == TransportError::body_too_large) {
    return end_by_own_limit(call, "limits.body_bytes_max");
  }
  if (attempt.reader != nullptr) {
    const StreamReader& reader = *attempt.reader;
    if (reader.ended() ||
        (event.error == TransportError::none && reader.complete_at_end_of_body())) {
      return attempt_succeeded(call, reader.facts());
    }
    Classification cut;
    if (event.error != TransportError::none && event.error != TransportError::cut) {
      cut = classify(outcome_of(call, event.error));
    }
    cut.verdict = cut.verdict == Verdict::local ? Verdict::local : Verdict::broken_stream;
    cut.rule = event.error != TransportError::none ? "stream cut"
               : reader.done_seen()                ? "[DONE] without an end"
                                                   : "end of body without the dialect's end";
    return attempt_failed(call, cut, event.error, true);
  }
  if (success && event.error == TransportError::none && attempt.check) {
    BodyFacts facts;
    Classification found = attempt.check->finish(outcome_of(call, TransportError::none), facts);
    if (found.verdict == Verdict::ok) return attempt_succeeded(call, facts);
    return attempt_failed(call, found, event.error, true);
  }
  Classification found = classify(outcome_of(call, event.error));
  if (answered && !success && event.error != TransportError::none) {
    // The status said enough, though its body was cut.
    Classification by_status = classify(outcome_of(call, TransportError::none));
    if (by_status.verdict != Verdict::ok) found = std::move(by_status);
  }
  if (found.message.empty()) found.message = event.bytes;
  attempt_failed(call, found, event.error, event.sent_in_full);
}

// ---- limits of time (SEMANTICS 5) ------------------------------------------------------------

// The earliest instant at which a limit of the attempt under way is broken, and which.
Nanos Engine::Impl::attempt_deadline(const Call& call, TimeLimit* which) const {
  const Attempt& attempt = call.attempt;
  const TimeLimits& limits = call.limits;
  Nanos earliest = kNever;
  *which = TimeLimit::none;
  const auto consider = [&](TimeLimit kind, Nanos since, Nanos limit) {
    if (since < 0 || limit <= 0) return;
    const Nanos at = saturating_add(since, limit);
    if (at < earliest) {
      earliest = at;
      *which = kind;
    }
  };
  // Of a stream it ends at the first content, even if that is held back until the answer is whole.
  const bool begun =
      call.committed || (call.request.delivery != Delivery::whole && attempt.content_at >= 0);
  if (!begun && call.total_at < earliest) {
    earliest = call.total_at;
    *which = TimeLimit::total;
  }
  // While the reader holds the stream back every clock but `total` stands still.
  if (call.paused) return earliest;
  if (attempt.ended_at >= 0) {
    const bool done = attempt.reader->done_seen();
    consider(TimeLimit::none, attempt.event_at, done ? kDoneGrace : kEndGrace);
    consider(TimeLimit::none, attempt.ended_at, kEndGraceMax);
    return earliest;
  }
  if (attempt.sent_at < 0) {
    consider(TimeLimit::connect, attempt.started_at, limits.connect);
    return earliest;
  }
  if (attempt.answered_at >= 0) consider(TimeLimit::idle, attempt.byte_at, limits.idle);
  if (call.request.delivery == Delivery::whole) {
    if (attempt.body_at < 0) consider(TimeLimit::response, attempt.sent_at, limits.response);
  } else if (attempt.content_at < 0) {
    consider(TimeLimit::first_token, attempt.sent_at, limits.first_token);
  } else {
    consider(TimeLimit::progress, attempt.content_at, limits.progress);
  }
  return earliest;
}

void Engine::Impl::note_failed(std::uint32_t endpoint, bool unreachable) {
  if (unstarted_count == 0) return;
  for (Failed& each : failed_now) {
    if (each.endpoint != endpoint) continue;
    each.unreachable = each.unreachable || unreachable;
    return;
  }
  failed_now.push_back({endpoint, unreachable});
}

// Whether an attempt that waits in the transport waits in vain.
bool Engine::Impl::is_in_vain(const Call& call) {
  const RouteKey route = call.attempt.lease.route;
  const bool own = call.attempt.lease.own_credential;
  const bool closed = config->policy.per_route && !call.attempt.lease.probe &&
                      pool.closed_until(route, own, now.mono) > now.mono;
  // Once is enough where there was nowhere else to go: it would only build the same request anew.
  const RouteHistory* history = find_history(call.history, route);
  const bool had_its_turn = history != nullptr && history->withdrawn;
  return std::any_of(failed_now.begin(), failed_now.end(), [&](const Failed& each) {
    return ((each.unreachable && !had_its_turn) || closed) &&
           pool.same_host(route.endpoint, each.endpoint);
  });
}

void Engine::Impl::withdraw_unstarted() {
  if (unstarted_count > 0 && !(failed_now.empty() && draining.empty())) {
    for (Call* following = first_call; following != nullptr;) {
      Call& call = *following;
      following = call.next;
      const bool waits = call.phase == Call::Phase::attempting && call.attempt.id != 0 &&
                         call.attempt.started_at < 0 && call.attempt.begun_at < now.mono;
      if (!waits) continue;
      if (is_draining(call)) {
        withdraw(call);
        step(call, [&] { finish_draining(call, kNever); });
      } else if (is_in_vain(call)) {
        withdraw(call);
      }
    }
  }
  failed_now.clear();
}

// Nothing was sent: it is no attempt, and all that it was counted in is taken back. But the call
// has had its turn there, and goes elsewhere if it can.
void Engine::Impl::withdraw(Call& call) {
  Attempt& attempt = call.attempt;
  stop_attempt(call, false);
  attempt.leased = false;
  capacity_changed |= pool.withdraw(attempt.lease);
  const std::uint32_t place = call.trace.back().endpoint;
  call.trace.pop_back();
  --call.attempts;
  if (call.attempts > 0) {
    counters->retries.fetch_sub(1, std::memory_order_relaxed);
    if (call.trace.back().endpoint != place) {
      counters->failovers.fetch_sub(1, std::memory_order_relaxed);
    }
  }
  budget.give_back(call.retry_cost);
  call.retry_cost = 0;
  step(call, [&] {
    RouteHistory& history = history_of(call, attempt.lease.route);
    --history.attempts;
    history.withdrawn = true;
    make_ready(call);
  });
}

void Engine::Impl::stop_attempt(Call& call, bool kill_connection) {
  if (call.attempt.id == 0) return;
  transport.cancel(call.attempt.id, kill_connection);
  attempt_left(call.attempt);
}

// The transport has no more to do with it.
void Engine::Impl::attempt_left(Attempt& attempt) {
  attempts.erase(attempt.id);
  attempt.id = 0;
  if (attempt.started_at < 0) --unstarted_count;
  room_changed = true;
}

void Engine::Impl::time_out(Call& call, TimeLimit which) {
  Attempt& attempt = call.attempt;
  if (attempt.ended_at >= 0 && which == TimeLimit::none) {
    // Everything has come but the end of the body.
    const BodyFacts facts = attempt.reader->facts();
    stop_attempt(call, false);
    return attempt_succeeded(call, facts);
  }
  const bool silent = attempt.sent_at >= 0 && attempt.answered_at < 0;
  const Nanos lasted = now.mono - attempt.begun_at;
  stop_attempt(call, silent);
  Classification found;
  found.verdict = Verdict::timeout;
  found.time_limit = which;
  found.rule = "time limit";
  if (which != TimeLimit::total) {
    return attempt_failed(call, found, TransportError::none, attempt.sent_at >= 0);
  }
  const auto whole = static_cast<double>(now.mono - call.submitted_at);
  const bool to_blame = silent && static_cast<double>(lasted) >= kBlameShare * whole;
  if (attempt.sent_at >= 0) call.maybe_billed = true;
  trace_end(call, found, TransportError::none);
  if (to_blame) {
    release_failed(attempt, found);
  } else {
    attempt.leased = false;
    capacity_changed |= pool.abandon(attempt.lease);
  }
  finish_total(call);
}

}  // namespace holysheep
