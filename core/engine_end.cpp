// What an attempt's outcome leads to: another attempt, a wait, or DONE.

#include <algorithm>

#include "core/backoff.h"
#include "core/chat_chunk.h"
#include "core/config_secrets.h"
#include "core/engine_impl.h"
#include "core/utf8.h"

namespace holysheep {
namespace {

// A local fault (no descriptors, no network) is waited out in steps that grow from here to a
// second.
constexpr Nanos kLocalDelayBase = 50 * kMillisecond;
constexpr Nanos kLocalDelayMax = kSecond;

// Of a failed call's body so much is passed on: no error says more, and scrubbing takes its time.
constexpr std::size_t kErrorBodyMax = 64 * 1024;

// How a call that ended with this cause is called in the C ABI.
Status status_of(const Classification& cause, int http_status) {
  switch (cause.verdict) {
    case Verdict::timeout:
      return Status::timeout;
    case Verdict::network:
      return Status::connection;
    case Verdict::local:
      return Status::local;
    case Verdict::cancelled:
      return Status::cancelled;
    case Verdict::redirected:
      return Status::api_status;
    default:
      break;
  }
  if (http_status >= 400) return status_from_http(http_status);
  switch (cause.verdict) {
    case Verdict::rate_limited:
    case Verdict::quota_exhausted:
    case Verdict::too_large:
      return Status::rate_limit;
    case Verdict::auth:
      return Status::authentication;
    case Verdict::forbidden:
      return Status::permission_denied;
    case Verdict::model_unavailable:
      return Status::not_found;
    case Verdict::invalid_request:
    case Verdict::context_length:
    case Verdict::content_filter:
      return Status::bad_request;
    case Verdict::overloaded:
      return Status::internal_server;
    case Verdict::server_error:
      // A page in the place of the answer says nothing of a status, in-band errors do.
      return cause.rule == "html_in_success" ? Status::response : Status::internal_server;
    case Verdict::transient:
      return http_status == 0 ? Status::connection : Status::internal_server;
    default:
      return Status::response;
  }
}

// Whether the answer's id may be named by later calls. Responses are stored unless they say
// otherwise.
bool makes_state(const Request& request) {
  return request.replay == Replay::bound || request.dialect.kind == DialectKind::responses;
}

bool retryable(Verdict verdict) {
  switch (verdict) {
    case Verdict::rate_limited:
    case Verdict::overloaded:
    case Verdict::server_error:
    case Verdict::transient:
    case Verdict::network:
    case Verdict::timeout:
    case Verdict::broken_stream:
    case Verdict::local:
      return true;
    default:
      return false;
  }
}

}  // namespace

void Engine::Impl::trace_end(Call& call, const Classification& found,
                             TransportError transport_error) {
  TraceLine& line = call.trace.back();
  line.status = call.attempt.status;
  line.verdict = found.verdict;
  line.dimension = found.dimension;
  line.time_limit = found.time_limit;
  line.transport = transport_error;
  line.rule = found.rule;
  line.took = now.mono - call.attempt.begun_at;
  call.previous_end = now.mono;
  monitor.attempt_ended(call, found, now);
}

void Engine::Impl::attempt_succeeded(Call& call, const BodyFacts& facts) {
  Classification ok;
  ok.verdict = Verdict::ok;
  trace_end(call, ok, TransportError::none);
  call.attempt.leased = false;
  capacity_changed |= pool.release(call.attempt.lease, ok, call.attempt.status, now.mono, random);
  budget.succeeded(call.retry_cost);
  if (log.wants(LogLevel::info)) {
    log.write(LogLevel::info, now.unix, "succeeded",
              {log_number("call", static_cast<std::int64_t>(call.id)),
               log_text("endpoint", config->endpoints[call.attempt.lease.route.endpoint].name),
               log_number("attempt", call.attempts),
               log_number("took_ms", to_ms(now.mono - call.attempt.begun_at))});
  }
  finish_ok(call, facts);
}

// Gives the lease back with its outcome, and lets those look again whom that concerns.
void Engine::Impl::release_failed(Attempt& attempt, const Classification& found) {
  const RouteKey route = attempt.lease.route;
  const auto closed = [&] {
    return !room_lines.empty() &&
           pool.closed_until(route, attempt.lease.own_credential, now.mono) > now.mono;
  };
  const bool was_closed = closed();
  attempt.leased = false;
  if (found.verdict == Verdict::local) {
    capacity_changed |= pool.abandon(attempt.lease);
  } else {
    capacity_changed |= pool.release(attempt.lease, found, attempt.status, now.mono, random);
  }
  route_closed = route_closed || (!was_closed && closed());
}

void Engine::Impl::log_failed(const Call& call, const Classification& found) {
  const TraceLine& line = call.trace.back();
  const LogLevel level = line.status == 429 ? LogLevel::warning : LogLevel::error;
  if (log.wants(level)) {
    const std::string request_id = scrubbed(call, found.request_id);
    log.write(level, now.unix,
              line.status == 429 ? "rate limited, cooldown begins" : "attempt failed",
              {log_number("call", static_cast<std::int64_t>(call.id)),
               log_text("endpoint", config->endpoints[line.endpoint].name),
               log_number("attempt", call.attempts), log_text("verdict", name_of(found.verdict)),
               log_text("outcome", describe_attempt(line)), log_text("rule", found.rule),
               log_text("request_id", request_id)});
  }
}

void Engine::Impl::attempt_failed(Call& call, const Classification& found,
                                  TransportError transport_error, bool sent_in_full) {
  Attempt& attempt = call.attempt;
  const RouteKey route = attempt.lease.route;
  // A 200 that then says nothing is being worked on, and so billed, like no answer at all.
  const bool success = is_success(attempt.status);
  const bool unanswered =
      sent_in_full && (attempt.answered_at < 0 || (success && found.verdict == Verdict::timeout));
  if (unanswered) ++call.unanswered;
  if (unanswered || found.verdict == Verdict::broken_stream) call.maybe_billed = true;
  trace_end(call, found, transport_error);
  const bool unreachable = attempt.sent_at < 0 && found.verdict != Verdict::local;
  release_failed(attempt, found);
  log_failed(call, found);
  if (!call.committed && attempt.content_at >= 0) renew_total(call);
  // A later route that does not like the request says nothing about the first one's fault.
  const bool keeps_first = call.has_cause && found.verdict == Verdict::invalid_request;
  if (!keeps_first) {
    call.cause = found;
    call.cause_status = attempt.status;
    call.cause_headers = std::move(attempt.headers);
    call.cause_body = std::move(attempt.body);
    call.cause_endpoint = route.endpoint;
    call.has_cause = true;
  }
  RouteHistory& history = history_of(call, route);
  if (found.verdict == Verdict::rate_limited && attempt.lease.own_credential) {
    history.own_quota.rate_limited(now.mono, found, config->policy);
  }
  const bool rate_limited = found.verdict == Verdict::rate_limited;
  const bool policy_counts = config->policy.rate_limited_counts;
  if (rate_limited && !policy_counts) --history.attempts;
  const bool counts = call.request.options.rate_limited_counts.value_or(policy_counts);
  if (found.verdict != Verdict::local && (!rate_limited || counts)) ++call.attempts_counted;
  attempt.reader.reset();
  call.paused = false;
  if (call.committed) {
    if (!may_restart(call)) {
      return finish_failed(call, Status::stream_interrupted,
                           "the stream broke after content had been delivered: " +
                               describe_attempt(call.trace.back()),
                           -1, kFlagRetryable);
    }
    restart(call);
    history.excluded = true;
  }
  call.held.clear();
  call.held_bytes = 0;
  after_failure(call, found, route);
  note_failed(route.endpoint, unreachable);
}

// Refused before anything was done: no connection, a key or a limit in the way.
bool Engine::Impl::provably_unprocessed(const Classification& found, const TraceLine& line) const {
  switch (line.transport) {
    case TransportError::resolve:
    case TransportError::connect:
    case TransportError::tls:
    case TransportError::certificate:
    case TransportError::proxy:
    case TransportError::local_descriptors:
    case TransportError::local_memory:
    case TransportError::local_ports:
    case TransportError::local_network:
    case TransportError::local_files:
      return true;
    default:
      break;
  }
  return line.status == 401 || line.status == 407 || line.status == 429 ||
         found.verdict == Verdict::auth ||
         (found.verdict == Verdict::timeout && found.time_limit == TimeLimit::connect);
}

Nanos Engine::Impl::retry_delay(const Call& call, Verdict verdict) {
  const Policy& policy = config->policy;
  const RetryOverride& override = policy.overrides[static_cast<std::size_t>(verdict)];
  const Nanos base = override.base_delay >= 0 ? override.base_delay : policy.base_delay;
  const int exponent = std::max(call.attempts - 1, 0);
  return policy.jitter ? full_jitter_delay(base, exponent, policy.delay_max, random)
                       : exponential_delay(base, exponent, policy.delay_max);
}

// What the retry budget is charged for this route after what has happened to the call.
int Engine::Impl::retry_cost(const Call& call, RouteKey route) {
  if (!config->policy.retry_budget || !call.has_cause) return 0;
  const Classification& found = call.cause;
  if (found.verdict == Verdict::local) return 0;
  // A connection that its server had closed: nobody did any work, there is no load to hold back.
  if (call.trace.back().transport == TransportError::reused_dead) return 0;
  const std::uint32_t failed = call.trace.back().endpoint;
  const bool first_try = find_history(call.history, route) == nullptr;
  // One that has waited its second and more is no storm: its wait and the breaker, which lets one
  // call at a time try what fails, hold the load back.
  if (!first_try && call.repeats > 0 && config->policy.breaker) return 0;
  // A 429 closes its route, so going elsewhere cannot become a storm; after a fault only a host in
  // good health is free.
  const bool limited = found.verdict == Verdict::rate_limited;
  if (first_try && !pool.same_host(failed, route.endpoint) &&
      (limited || pool.in_good_health(route, now.mono))) {
    return 0;
  }
  return action_of(found.verdict, config->policy).throttle ? kBudgetCostThrottle : kBudgetCostFault;
}

// After a 401: has the key changed since the attempt was sent? Key files are read again for that.
// True: the route is tried with the new one.
bool Engine::Impl::retry_with_new_key(Call& call, RouteKey route) {
  if (call.request.own_credential || call.reread) return false;
  call.reread = true;
  read_key_files();
  if (!pool.key_changed_since(call.attempt.lease)) return false;
  call.same_route_next = true;
  call.forced_endpoint = static_cast<int>(route.endpoint);
  return true;
}

// A server that does not know the `stream_options` that we put into the body is asked without them,
// from now on. True: the route is tried so.
bool Engine::Impl::retry_without_usage(Call& call, const Classification& found, RouteKey route) {
  const auto names_it = [](std::string_view text) {
    return text.find("stream_options") != std::string_view::npos ||
           text.find("include_usage") != std::string_view::npos;
  };
  if (found.verdict != Verdict::invalid_request || !call.request.usage_added) return false;
  if (without_usage[route.endpoint] != 0 || !(names_it(found.message) || names_it(found.param))) {
    return false;
  }
  without_usage[route.endpoint] = 1;
  // The fault was ours: it is no attempt of the call's.
  --call.attempts_counted;
  --history_of(call, route).attempts;
  call.has_cause = false;
  call.same_route_next = true;
  call.forced_endpoint = static_cast<int>(route.endpoint);
  call.forced_why = "again, without the stream_options that the budget had added";
  if (log.wants(LogLevel::warning)) {
    log.write(LogLevel::warning, now.unix, "the endpoint does not know stream_options",
              {log_number("call", static_cast<std::int64_t>(call.id)),
               log_text("endpoint", config->endpoints[route.endpoint].name)});
  }
  return true;
}

// A fault of this process says nothing of an endpoint: the call waits and tries again, as long as
// `max_wait` and `total` allow.
void Engine::Impl::wait_out_local_fault(Call& call, RouteKey route) {
  const Nanos delay = full_jitter_delay(kLocalDelayBase, call.attempts, kLocalDelayMax, random) +
                      kLocalDelayBase / 2;
  const Nanos max_wait = call.request.options.max_wait.value_or(config->policy.max_wait);
  --history_of(call, route).attempts;
  if (call.waited + delay > max_wait || now.mono + delay >= call.total_at) {
    return finish_cause(call, 0, -1);
  }
  call.waited += delay;
  pause_until(call, now.mono + delay);
}

bool Engine::Impl::has_override(Verdict verdict) const {
  return config->policy.overrides[static_cast<std::size_t>(verdict)].max_attempts > 0;
}

// Where the number of attempts is fixed (the document's policy, an override), they are made for one
// model; then the backup model has as many, as in the document's recipe for 503. False: there is
// none, or the attempts were a budget for all models.
bool Engine::Impl::next_model(Call& call, const Classification& found, RouteKey route) {
  const Policy& policy = config->policy;
  const bool for_one_model = !policy.per_route || has_override(found.verdict);
  if (!for_one_model || !action_of(found.verdict, smart_policy()).other_model) return false;
  if (call.models.size() < 2 || call.attempts >= kAttemptsMax) return false;
  drop_models_through(call, route.model);
  call.attempts_counted = 0;
  return !call.models.empty();
}

void Engine::Impl::drop_models_through(Call& call, ModelId model) {
  const auto end = std::find(call.models.begin(), call.models.end(), model) + 1;
  for (auto each = call.models.begin(); each != end; ++each)
    pool.drop_model(*each);
  call.models.erase(call.models.begin(), end);
}

// Under the document's policy its number of attempts is what "all" means; else every route that is
// left to the call has been tried.
bool Engine::Impl::was_everywhere(const Call& call) const {
  if (!config->policy.per_route) return true;
  for (const std::uint32_t endpoint : call.endpoints) {
    for (const ModelId model : call.models) {
      if (!pool.serves(endpoint, pool.model_name(model))) continue;
      if (find_history(call.history, {endpoint, model}) == nullptr) return false;
    }
  }
  return true;
}

// Narrows what the call may still do, then lets it be admitted again, at once or after a delay.
void Engine::Impl::after_failure(Call& call, const Classification& found, RouteKey route) {
  const Policy& policy = config->policy;
  const Action& action = action_of(found.verdict, policy);
  const Request& request = call.request;
  if (found.verdict == Verdict::auth && retry_with_new_key(call, route)) return make_ready(call);
  if (retry_without_usage(call, found, route)) return make_ready(call);
  const bool may_repeat = request.replay == Replay::free ||
                          (request.replay == Replay::bound && request.method == "GET") ||
                          provably_unprocessed(found, call.trace.back());
  const bool first = call.attempts == 1;
  if (!may_repeat || (action.final_from_first && first) || call.unanswered >= kUnansweredMax) {
    return finish_cause(call, 0, -1);
  }
  if (call.attempts_counted >= attempts_max(call) && !next_model(call, found, route)) {
    return finish_cause(call, was_everywhere(call) ? kFlagAllEndpointsFailed : 0, -1);
  }
  if (found.verdict == Verdict::local) return wait_out_local_fault(call, route);
  RouteHistory& history = history_of(call, route);
  if (!action.same_route || found.same_route_forbidden) history.excluded = true;
  if (action.other_key_only) {
    call.endpoints.erase(std::remove_if(call.endpoints.begin(), call.endpoints.end(),
                                        [&](std::uint32_t each) {
                                          return request.own_credential ||
                                                 pool.same_key(each, route.endpoint);
                                        }),
                         call.endpoints.end());
    if (call.endpoints.empty()) return finish_cause(call, 0, -1);
  }
  if (!action.elsewhere) {
    // Not this model any more; later ones may do.
    if (!action.other_model) return finish_cause(call, 0, -1);
    drop_models_through(call, route.model);
    if (call.models.empty()) return finish_cause(call, 0, -1);
  }
  // A number of attempts that was configured for this verdict is used up before the model changes.
  call.other_models = action.other_model && !has_override(found.verdict);
  const bool delayed =
      policy.delay_on == DelayOn::any_failure ||
      (policy.delay_on == DelayOn::rate_limited && call.trace.back().status == 429);
  if (delayed) return pause_until(call, saturating_add(now.mono, retry_delay(call, found.verdict)));
  if (policy.routing != Routing::sticky && action.same_route && !history.excluded) {
    if (action.at_once && history.attempts == 1) {
      call.same_route_next = true;
      call.forced_endpoint = static_cast<int>(route.endpoint);
      call.forced_why = "again at once, on a fresh connection";
    } else if (found.verdict != Verdict::rate_limited) {
      history.not_before = now.mono + retry_delay(call, found.verdict);
    }
    const bool repeated = history.attempts > 1 || call.repeats > 0;
    if (found.verdict != Verdict::rate_limited && repeated) delay_repeats(call);
  }
  make_ready(call);
}

// A repeat has failed, or is not allowed yet: what is wrong lasts longer than the quick ones span.
// Where the call has been, it does not go again for a while; untried routes and backup models stay
// open to it. False: the policy has no such wait for this failure.
bool Engine::Impl::delay_repeats(Call& call) {
  const Policy& policy = config->policy;
  if (policy.repeat_delay == 0 || has_override(call.cause.verdict)) return false;
  if (call.repeat_at <= now.mono) {
    const Nanos delay =
        equal_jitter_delay(policy.repeat_delay, call.repeats++, policy.delay_max, random);
    // A short time limit is used rather than given up.
    call.repeat_at = now.mono + std::min(delay, (call.total_at - now.mono) / 2);
  }
  for (RouteHistory& each : call.history)
    each.not_before = std::max(each.not_before, call.repeat_at);
  return true;
}

// A wait of the call's own making: not for capacity.
void Engine::Impl::pause_until(Call& call, Nanos at) {
  if (is_draining(call)) return finish_draining(call, at);
  if (at >= call.total_at) return finish_cause(call, 0, -1);
  call.phase = Call::Phase::waiting;
  call.wake_at = call.opens_at = at;
  call.wait_since = -1;
  ++waiting_count;
  counters->calls_waiting.store(waiting_count, std::memory_order_relaxed);
  if (log.wants(LogLevel::info)) {
    log.write(LogLevel::info, now.unix, "waiting before the next attempt",
              {log_number("call", static_cast<std::int64_t>(call.id)),
               log_number("wait_ms", to_ms_ceil(at - now.mono))});
  }
  set_timer(call);
}

// ---- DONE ------------------------------------------------------------------------------------

void Engine::Impl::finish_draining(Call& call, Nanos open_at) {
  finish_failed(call, Status::closed, "the client is draining: the call was still waiting",
                open_at == kNever ? -1 : open_at - now.mono, kFlagRetryable);
}

std::string Engine::Impl::scrubbed(const Call& call, std::string text, bool was_cut) const {
  return scrub(*config, std::move(text), later_secrets.get(), &call.request.secrets, was_cut);
}

std::shared_ptr<CallReport> Engine::Impl::report_of(Call& call) {
  auto report = std::make_shared<CallReport>();
  report->config = config;
  report->later_secrets = later_secrets;
  report->call_secrets = call.request.secrets;
  report->model = call.request.model;
  report->attempts = call.attempts;
  report->waited = call.waited;
  report->took = now.mono - call.submitted_at;
  report->maybe_billed = call.maybe_billed;
  report->trace = std::move(call.trace);
  return report;
}

void Engine::Impl::close(Call& call, const std::shared_ptr<const CallReport>& report) {
  try {
    monitor.call_ended(call, report, now);
  } catch (const std::bad_alloc&) {
    memory_short = true;  // the call ends all the same
  }
  if (call.phase == Call::Phase::waiting) {
    --waiting_count;
    counters->calls_waiting.store(waiting_count, std::memory_order_relaxed);
  }
  if (call.phase == Call::Phase::given_up) --given_up_count;
  room_lines.remove(call);
  call.phase = Call::Phase::done;
  if (call.maybe_billed) counters->maybe_billed.fetch_add(1, std::memory_order_relaxed);
  outstanding_total -= call.outstanding;
  for (const ModelId model : call.models)
    pool.drop_model(model);
  call.models.clear();
  unlink(call);
  ended.push_back(call.id);
  const auto found = calls.find(call.id);
  graveyard.push_back(std::move(found->second));
  calls.erase(found);
}

void Engine::Impl::finish_ok(Call& call, const BodyFacts& facts) {
  Attempt& attempt = call.attempt;
  if (call.request.delivery != Delivery::whole && !call.committed) {
    commit(call);  // buffer mode, or an answer without content
    if (attempt.reader == nullptr && !attempt.body.empty()) {
      const bool chat = call.request.dialect.kind == DialectKind::chat &&
                        call.request.delivery == Delivery::events;
      send_piece(call, {}, chat ? chunk_of_completion(attempt.body) : std::move(attempt.body));
      attempt.body.clear();
    }
  }
  const std::uint32_t endpoint = attempt.lease.route.endpoint;
  if (makes_state(call.request)) state_places.remember(facts.id, endpoint);
  std::shared_ptr<CallReport> report = report_of(call);
  report->endpoint = endpoint;
  report->has_endpoint = true;
  report->http_status = attempt.status;
  report->headers = std::move(attempt.headers);
  report->usage = facts.usage;
  report->model_served = facts.model;
  if (facts.usage.known()) {
    const std::optional<NanoUsd> cost = monitor.cost(report->trace.back(), facts.usage);
    report->cost = cost;
    if (cost) counters->cost_nano_usd.fetch_add(*cost, std::memory_order_relaxed);
  }
  Completion done;
  done.http_status = attempt.status;
  done.attempts = call.attempts;
  done.flags = call.maybe_billed ? kFlagMaybeBilled : 0;
  attempt.answer_bytes = static_cast<std::int64_t>(attempt.body.size());
  done.data = std::move(attempt.body);
  done.report = report;
  make_room_for_end();
  out(call, std::move(done));
  counters->calls_succeeded.fetch_add(1, std::memory_order_relaxed);
  close(call, report);
}

void Engine::Impl::finish_failed(Call& call, Status status, std::string message, Nanos retry_after,
                                 std::uint32_t flags) {
  if (call.restarting && status != Status::cancelled) {
    // The reader still has the text that broke.
    message =
        "the stream broke after content had been delivered, and no other route could begin "
        "it again" +
        (message.empty() ? "" : ": " + message);
    status = Status::stream_interrupted;
  }
  std::shared_ptr<CallReport> report = report_of(call);
  report->failed = true;
  report->status = status;
  report->has_endpoint = call.has_cause;
  report->endpoint = call.cause_endpoint;
  report->http_status = call.cause_status;
  report->headers = std::move(call.cause_headers);
  report->cause = std::move(call.cause);
  report->retry_after_ms = retry_after < 0 ? -1 : to_ms_ceil(retry_after);
  const std::string history = describe_failure(*report);
  if (!history.empty()) message.append(message.empty() ? "" : ": ").append(history);
  if ((flags & kFlagAllEndpointsFailed) != 0) report->service = known_of_service();
  if (!report->service.empty()) message.append("; ").append(report->service);
  report->message = scrubbed(call, std::move(message));
  if (call.maybe_billed) flags |= kFlagMaybeBilled;
  if (call.attempts == 0) flags |= kFlagNothingSent;
  if (log.wants(LogLevel::error) && status != Status::cancelled) {
    log.write(LogLevel::error, now.unix, "call failed",
              {log_number("call", static_cast<std::int64_t>(call.id)),
               log_text("status", status_name(status)), log_text("detail", report->message)});
  }
  Completion done;
  done.status = status;
  done.http_status = call.cause_status;
  done.attempts = call.attempts;
  done.flags = flags;
  done.retry_after_ms = report->retry_after_ms;
  done.name = report->message;
  const bool cut = call.cause_body.size() > kErrorBodyMax;
  if (cut) call.cause_body.resize(cut_utf8(call.cause_body, kErrorBodyMax).size());
  done.data = scrubbed(call, std::move(call.cause_body), cut);
  done.report = report;
  make_room_for_end();
  out(call, std::move(done));
  if (status != Status::cancelled && is_requests_fault(report->cause.verdict)) {
    counters->calls_rejected.fetch_add(1, std::memory_order_relaxed);
  }
  (status == Status::cancelled ? counters->calls_cancelled : counters->calls_failed)
      .fetch_add(1, std::memory_order_relaxed);
  close(call, report);
}

void Engine::Impl::finish_cause(Call& call, std::uint32_t flags, Nanos retry_after) {
  if (waits_for_service(call, flags, retry_after)) return;
  if (retry_after < 0 && call.cause.hint) retry_after = call.cause.hint->wait;
  if (retryable(call.cause.verdict)) flags |= kFlagRetryable;
  std::string message;
  if ((flags & kFlagAllEndpointsFailed) != 0) {
    message = "all endpoints failed (" + std::to_string(call.attempts) +
              (call.attempts == 1 ? " attempt)" : " attempts)");
  }
  if (call.cause.verdict == Verdict::local && !call.cause.message.empty()) {
    message = call.cause.message;
  }
  if (call.held_back) {
    message = "not repeated: the retry budget of the pool is spent (retry.budget)";
  }
  if (call.cause.verdict == Verdict::redirected) {
    message = "redirects are never followed, since they would carry the key";
  }
  finish_failed(call, status_of(call.cause, call.cause_status), std::move(message), retry_after,
                flags);
}

void Engine::Impl::finish_total(Call& call) {
  if (!call.has_cause) {
    call.cause = Classification();
    call.cause.verdict = Verdict::timeout;
    call.cause.time_limit = TimeLimit::total;
    if (!call.trace.empty()) {
      call.cause_endpoint = call.trace.back().endpoint;
      call.has_cause = true;
    }
  }
  finish_failed(
      call, Status::timeout,
      "the call's time limit (total, " + std::to_string(to_ms(call.total)) + " ms) has passed", -1,
      kFlagRetryable);
}

void Engine::Impl::finish_cancelled(Call& call) {
  if (call.phase == Call::Phase::done) return;
  if (call.phase == Call::Phase::attempting) {
    Attempt& attempt = call.attempt;
    if (attempt.sent_at >= 0) call.maybe_billed = true;
    stop_attempt(call, false);
    Classification cancelled;
    cancelled.verdict = Verdict::cancelled;
    trace_end(call, cancelled, TransportError::none);
    counters->endpoints[attempt.lease.route.endpoint].cancelled.fetch_add(
        1, std::memory_order_relaxed);
    attempt.leased = false;
    capacity_changed |= pool.abandon(attempt.lease);
  }
  call.cause = Classification();
  call.cause.verdict = Verdict::cancelled;
  call.cause_status = 0;
  call.cause_body.clear();
  finish_failed(call, Status::cancelled, "cancelled", -1, 0);
}

}  // namespace holysheep
