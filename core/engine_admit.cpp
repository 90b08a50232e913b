// Admission: where a call may go, which route takes it now, or how long it waits.

#include <algorithm>

#include "core/backoff.h"
#include "core/engine_impl.h"
#include "core/url.h"

namespace holysheep {
namespace {

// Attempts beyond one per usable route that the smart policy allows by itself.
constexpr int kSpareAttempts = 2;
// Key files are read no more often than this: a rotated key is used within a second.
constexpr Nanos kKeyFileAge = kSecond;

// Why a call does not go to a route that the pool would let it have.
constexpr std::string_view kNoRoom = "no connection free";
constexpr std::string_view kBudgetSpent = "retry budget spent";

bool after_fault(std::string_view why) {
  return why == reason::kBreakerOpen || why == reason::kProbing || why == reason::kOverloaded ||
         why == reason::kBackingOff;
}

// How a call ends that no endpoint can take: as the answers that closed them would have it.
struct Ruling {
  Verdict verdict = Verdict::overloaded;
  Status status = Status::internal_server;
  int http_status = 503;
};

TimeLimits merged(const TimeLimits& call, const TimeLimits& endpoint, const TimeLimits& client) {
  const auto first = [](Nanos a, Nanos b, Nanos c) { return a >= 0 ? a : b >= 0 ? b : c; };
  TimeLimits limits;
  limits.connect = first(call.connect, endpoint.connect, client.connect);
  limits.first_token = first(call.first_token, endpoint.first_token, client.first_token);
  limits.idle = first(call.idle, endpoint.idle, client.idle);
  limits.progress = first(call.progress, endpoint.progress, client.progress);
  limits.response = first(call.response, endpoint.response, client.response);
  limits.total = first(call.total, endpoint.total, client.total);
  return limits;
}

}  // namespace

// Endpoints and models of a call, once. False: nothing remains, and the call has ended.
bool Engine::Impl::resolve(Call& call) {
  const Request& request = call.request;
  std::vector<std::string> names{request.model};
  if (request.options.fallback_models) {
    names.insert(names.end(), request.options.fallback_models->begin(),
                 request.options.fallback_models->end());
  } else {
    auto found = config->fallback_models.find(request.model);
    if (found == config->fallback_models.end()) found = config->fallback_models.find("*");
    if (found != config->fallback_models.end() && !request.model.empty()) {
      for (const std::string& each : found->second) {
        if (each != request.model) names.push_back(each);
      }
    }
  }
  if (request.replay == Replay::bound || request.model_end == 0) names.resize(1);
  if (!request.options.endpoint.empty()) {
    call.forced_endpoint = find_endpoint(request.options.endpoint);
  }
  for (std::uint32_t i = 0; i < config->endpoints.size(); ++i) {
    const EndpointConfig& endpoint = config->endpoints[i];
    if (!is_allowed(endpoint, config->allow) || !is_allowed(endpoint, request.options.allow)) {
      continue;
    }
    // A call's own key goes only where the client's key may go.
    if (request.own_credential && !endpoint.share_key) continue;
    const bool serves = std::any_of(names.begin(), names.end(),
                                    [&](const std::string& name) { return pool.serves(i, name); });
    if (!serves) continue;
    call.endpoints.push_back(i);
  }
  if (request.replay == Replay::bound && !call.endpoints.empty()) bind(call);
  call.models.reserve(names.size());  // what is held must be known
  for (const std::string& name : names)
    call.models.push_back(pool.hold_model(name, now.mono));
  if (!call.endpoints.empty()) return true;
  finish_failed(call, Status::no_route,
                "no endpoint is left for this call: `allow`, `models` of the endpoints or the key "
                "given with the call rule out all of them",
                -1, kFlagNothingSent);
  return false;
}

// Server state is where it was made: on the endpoint that the call names, or that gave the id out,
// else on the first. If the call may not go there, nowhere.
void Engine::Impl::bind(Call& call) {
  std::uint32_t place = call.endpoints.front();
  if (call.forced_endpoint >= 0) {
    place = static_cast<std::uint32_t>(call.forced_endpoint);
  } else if (const auto maker = state_places.find(call.request.state_ids)) {
    place = *maker;
  }
  const bool may =
      std::find(call.endpoints.begin(), call.endpoints.end(), place) != call.endpoints.end();
  call.endpoints.clear();
  if (may) call.endpoints.push_back(place);
}

int Engine::Impl::attempts_max(const Call& call) const {
  if (call.has_cause) {
    const RetryOverride& override =
        config->policy.overrides[static_cast<std::size_t>(call.cause.verdict)];
    if (override.max_attempts > 0) return override.max_attempts;
  }
  if (call.request.options.max_attempts && *call.request.options.max_attempts > 0) {
    return *call.request.options.max_attempts;
  }
  if (config->policy.max_attempts > 0) return config->policy.max_attempts;
  const auto routes = static_cast<int>(call.endpoints.size() * call.models.size());
  return std::min(routes + kSpareAttempts, kAttemptsMax);
}

int Engine::Impl::route_attempts_max(const Call& call) const {
  const int limit = config->policy.route_attempts_max;
  if (limit == 0 || !call.has_cause) return limit;
  const RetryOverride& override =
      config->policy.overrides[static_cast<std::size_t>(call.cause.verdict)];
  return std::max(limit, override.max_attempts);
}

// Where no other route can take the call: as many as it may make in all; 0: no limit of the
// route's.
int Engine::Impl::only_route_attempts_max(const Call& call) const {
  const bool told =
      call.request.options.max_attempts.value_or(0) > 0 || config->policy.max_attempts > 0;
  return told ? 0 : 1 + kSpareAttempts;
}

RouteHistory& Engine::Impl::history_of(Call& call, RouteKey route) {
  for (RouteHistory& each : call.history) {
    if (each.route == route) return each;
  }
  RouteHistory& fresh = call.history.emplace_back();
  fresh.route = route;
  return fresh;
}

// The pool's first choice that has a connection free and that the retry budget allows; the budget
// is charged. What no connection is free for waits here, not in the transport: it goes where one
// comes free first, and never to a route that closed meanwhile.
Choice Engine::Impl::choose(Call& call, RouteWish& wish) {
  call.retry_cost = 0;
  bool full = false;
  for (;;) {
    Choice choice = pool.choose(wish, now.mono, random);
    if (choice.kind != Choice::Kind::route) {
      if (full) {
        const bool opens = choice.kind == Choice::Kind::wait && !choice.hopeless;
        choice.at = opens ? choice.at : kNever;
        choice.kind = Choice::Kind::wait;
        choice.reason = kNoRoom;
        choice.all_rate_limited = choice.hopeless = false;
        choice.for_room = true;
      }
      return choice;
    }
    const std::uint32_t endpoint = choice.route.endpoint;
    const int cost = retry_cost(call, choice.route);
    const bool affordable = cost <= budget.tokens();
    if (affordable &&
        (!config->policy.per_route || transport.has_room(config->endpoints[endpoint]))) {
      budget.take(cost);
      call.retry_cost = cost;
      return choice;
    }
    full = full || affordable;
    wish.barred.push_back({endpoint, affordable ? kNoRoom : kBudgetSpent});
  }
}

// By the retry budget: nothing else is left. Where a failure closed the route that the call would
// wait for, that will cost, too; a route that it has tried costs nothing after a wait of its own.
bool Engine::Impl::is_held_back(const RouteWish& wish, const Choice& choice) const {
  const bool spent =
      std::any_of(wish.barred.begin(), wish.barred.end(),
                  [](const PassedOver& each) { return each.reason == kBudgetSpent; });
  if (!spent || choice.kind == Choice::Kind::route) return false;
  return choice.kind == Choice::Kind::exhausted || after_fault(choice.reason);
}

// Instead of the quick repeat that the budget does not allow, the one after a wait. False: the call
// has waited already, or may not.
bool Engine::Impl::slow_down(Call& call) {
  if (call.repeats > 0 || !config->policy.breaker) return false;
  return delay_repeats(call);
}

void Engine::Impl::finish_held_back(Call& call) {
  call.held_back = true;
  finish_cause(call, kFlagRetryable, -1);
}

void Engine::Impl::admit(Call& call) {
  if (call.ending) return finish_cause(call, call.end_flags, call.end_retry_after);
  if (call.total_at <= now.mono) return finish_total(call);
  if (!key_files.empty() && now.mono - key_files_read_at >= kKeyFileAge) read_key_files();
  RouteWish wish;
  wish.endpoints = &call.endpoints;
  wish.models = &call.models;
  wish.history = &call.history;
  wish.forced_endpoint = call.attempts == 0 || call.same_route_next ? call.forced_endpoint : -1;
  wish.route_attempts_max = route_attempts_max(call);
  wish.may_probe = call.request.replay == Replay::free;
  wish.own_credential = call.request.own_credential;
  wish.other_models = call.other_models;
  wish.backs_off_first =
      call.repeats == 0 && (!call.has_cause || call.cause.verdict != Verdict::overloaded);
  Choice choice = choose(call, wish);
  if ((choice.kind == Choice::Kind::exhausted || choice.hopeless) && wish.route_attempts_max > 1) {
    wish.route_attempts_max = only_route_attempts_max(call);
    wish.barred.clear();
    choice = choose(call, wish);
  }
  if (is_held_back(wish, choice)) {
    if (!slow_down(call)) return finish_held_back(call);
    wish.barred.clear();
    wish.backs_off_first = false;
    choice = choose(call, wish);
  }
  switch (choice.kind) {
    case Choice::Kind::route:
      return start(call, std::move(choice));
    case Choice::Kind::wait:
      return wait(call, choice);
    case Choice::Kind::exhausted:
      if (call.has_cause) return finish_cause(call, kFlagAllEndpointsFailed, -1);
      return finish_failed(call, Status::no_route, "no endpoint can take this call", -1,
                           kFlagNothingSent);
  }
}

// Waits for capacity, if it comes inside `total` and `max_wait`; else the call fails now.
void Engine::Impl::wait(Call& call, const Choice& choice) {
  const Nanos max_wait = call.request.options.max_wait.value_or(config->policy.max_wait);
  const bool own_backoff = choice.reason == reason::kBackingOff;
  // Who does not want to wait for capacity does not want to wait seconds to repeat himself, either.
  const Nanos latest =
      own_backoff && call.repeats == 0
          ? call.total_at
          : std::min(call.total_at, saturating_add(now.mono, max_wait - call.waited));
  const bool unknown = choice.at == kNever;
  if (choice.hopeless) return fail_waiting(call, choice);
  if (is_draining(call)) return finish_draining(call, choice.at);
  // A connection may come free at any time: then another route's opening is only one more chance.
  const bool any_time = unknown || choice.for_room;
  if (any_time ? latest <= now.mono : choice.at > latest || choice.at > call.total_at) {
    return fail_waiting(call, choice);
  }
  if (choice.for_room) room_lines.add(call);
  call.phase = Call::Phase::waiting;
  call.opens_at = choice.at;
  call.wake_at = std::min(choice.at, latest);
  call.wait_since = own_backoff ? -1 : now.mono;
  call.backing_off = own_backoff;
  ++waiting_count;
  counters->calls_waiting.store(waiting_count, std::memory_order_relaxed);
  if (log.wants(LogLevel::info)) {
    log.write(
        LogLevel::info, now.unix, "waiting for capacity",
        {log_number("call", static_cast<std::int64_t>(call.id)), log_text("reason", choice.reason),
         log_number("wait_ms", to_ms_ceil(call.wake_at - now.mono))});
  }
  set_timer(call);
}

void Engine::Impl::fail_waiting(Call& call, const Choice& choice) {
  const Nanos retry_after = choice.at == kNever ? -1 : choice.at - now.mono;
  std::uint32_t flags = kFlagRetryable;
  // One that was only full has neither failed nor been ruled out.
  if (!choice.for_room) flags |= kFlagAllEndpointsFailed;
  if (call.attempts > 0 && call.has_cause) return finish_cause(call, flags, retry_after);
  if (choice.for_room) return fail_without_room(call);
  flags |= kFlagNothingSent;
  std::string message =
      choice.all_rate_limited ? "all endpoints are rate limited" : "no endpoint can take the call";
  message.append(" (").append(choice.reason).append(")");
  if (retry_after >= 0) {
    message += "; the first is open again in " + std::to_string(to_ms_ceil(retry_after)) + " ms";
    if (!choice.hopeless) message += ", beyond the call's time limit or max_wait_ms";
  }
  Ruling ruling;
  if (choice.all_rate_limited) {
    ruling = {Verdict::rate_limited, Status::rate_limit, 429};
  } else if (choice.reason == reason::kAuth) {
    ruling = {Verdict::auth, Status::authentication, 401};
  } else if (choice.reason == reason::kForbidden) {
    ruling = {Verdict::forbidden, Status::permission_denied, 403};
  } else if (choice.reason == reason::kModelUnavailable) {
    ruling = {Verdict::model_unavailable, Status::not_found, 404};
  }
  call.cause.verdict = ruling.verdict;
  call.cause_status = ruling.http_status;
  finish_failed(call, ruling.status, std::move(message), retry_after, flags);
}

void Engine::Impl::fail_without_room(Call& call) {
  call.cause.verdict = Verdict::local;
  finish_failed(call, Status::limit,
                "limits.connections_max or the endpoint's connections_max: all connections stayed "
                "in use for the call's time limit or max_wait_ms",
                -1, kFlagNothingSent | kFlagRetryable);
}

HttpRequest Engine::Impl::make_http(const Call& call, RouteKey route) const {
  const Request& request = call.request;
  const EndpointConfig& endpoint = config->endpoints[route.endpoint];
  std::string_view model = pool.model_name(route.model);
  const auto renamed = endpoint.model_names.find(std::string(model));
  if (renamed != endpoint.model_names.end()) model = renamed->second;
  HttpRequest http;
  http.endpoint = &endpoint;
  http.method = request.method;
  http.url = endpoint_url(endpoint, request.path, model);
  http.body = body_for_model(request, model, without_usage[route.endpoint] != 0);
  http.stream = request.delivery != Delivery::whole;
  http.connect_limit = std::max<Nanos>(call.limits.connect, 0);
  const auto own = [&](std::string_view name) {
    return std::any_of(
        request.headers.begin(), request.headers.end(), [&](const std::string& line) {
          return line.size() > name.size() && line[name.size()] == ':' &&
                 equals_ignore_case(std::string_view(line).substr(0, name.size()), name);
        });
  };
  http.headers.reserve(request.headers.size() + endpoint.headers.size() + 4);
  if (http.body != nullptr && !request.content_type.empty()) {
    http.headers.push_back("Content-Type: " + request.content_type);
  }
  if (!own("accept")) {
    http.headers.emplace_back(http.stream ? "Accept: text/event-stream, application/json"
                                          : "Accept: application/json");
  }
  if (!own("user-agent")) http.headers.emplace_back("User-Agent: holysheep/" HOLYSHEEP_VERSION);
  const std::string& key = pool.key_of(route.endpoint);
  if (!request.own_credential && !key.empty()) {
    switch (endpoint.auth) {
      case Auth::bearer:
        http.headers.push_back("Authorization: Bearer " + key);
        break;
      case Auth::api_key:
        http.headers.push_back("api-key: " + key);
        break;
      case Auth::x_api_key:
        http.headers.push_back("x-api-key: " + key);
        break;
      case Auth::none:
        break;
    }
  }
  for (const auto& [name, value] : endpoint.headers) {
    if (own(name)) continue;
    std::string& line = http.headers.emplace_back(name);
    line.append(": ").append(value);
  }
  http.headers.insert(http.headers.end(), request.headers.begin(), request.headers.end());
  return http;
}

void Engine::Impl::start(Call& call, Choice choice) {
  static std::atomic<AttemptId> next_attempt_id{1};
  const EndpointConfig& endpoint = config->endpoints[choice.route.endpoint];
  call.phase = Call::Phase::attempting;
  call.limits = merged(call.request.options.time_limits, endpoint.time_limits, config->time_limits);
  TraceLine line;
  line.endpoint = choice.route.endpoint;
  line.model = pool.model_name(choice.route.model);
  line.at = now.mono - call.submitted_at;
  line.waited = now.mono - call.previous_end;
  // "Again at once" is for that endpoint alone; it may have been full.
  const bool again =
      call.same_route_next && static_cast<int>(choice.route.endpoint) == call.forced_endpoint;
  line.why = again && !call.forced_why.empty() ? call.forced_why : choice.reason;
  line.others = std::move(choice.passed_over);
  if (call.attempts > 0) {
    counters->retries.fetch_add(1, std::memory_order_relaxed);
    if (call.trace.back().endpoint != line.endpoint) {
      counters->failovers.fetch_add(1, std::memory_order_relaxed);
    }
  }
  call.trace.push_back(std::move(line));
  ++call.attempts;
  RouteHistory& history = history_of(call, choice.route);
  ++history.attempts;
  call.attempt = Attempt();
  call.attempt.id = next_attempt_id.fetch_add(1, std::memory_order_relaxed);
  call.attempt.begun_at = now.mono;
  call.attempt.lease = pool.lease(choice, call.request.own_credential, now.mono);
  call.attempt.leased = true;
  attempts.emplace(call.attempt.id, &call);
  ++unstarted_count;
  if (choice.forced && log.wants(LogLevel::warning)) {
    log.write(LogLevel::warning, now.unix, "no endpoint is available, forced back to the first",
              {log_number("call", static_cast<std::int64_t>(call.id)),
               log_text("endpoint", endpoint.name)});
  }
  if (log.wants(LogLevel::info)) {
    log.write(LogLevel::info, now.unix, "attempt",
              {log_number("call", static_cast<std::int64_t>(call.id)),
               log_text("endpoint", endpoint.name), log_number("attempt", call.attempts),
               log_number("attempts_max", attempts_max(call)),
               log_text("model", call.trace.back().model), log_text("why", choice.reason)});
  }
  HttpRequest http = make_http(call, choice.route);
  http.fresh_connection = again;
  call.same_route_next = false;
  call.forced_why = {};
  transport.start(call.attempt.id, std::move(http));
  set_timer(call);
}

}  // namespace holysheep
