#include "core/pool.h"

#include <algorithm>
#include <utility>

#include "core/backoff.h"
#include "core/config_endpoints.h"

namespace holysheep {
namespace {

// A refused key, a forbidden model: tried again by one real call after 30 s, doubling to 5 min.
constexpr Nanos kRefusedBase = 30 * kSecond;
constexpr Nanos kRefusedMax = 5 * kMinute;
// Calls that must not be lost (replay class bound, once) leave half-open routes to others for so
// long.
constexpr Nanos kProbeGrace = 10 * kSecond;

bool is_refusal(std::string_view why) {
  return why == reason::kAuth || why == reason::kForbidden || why == reason::kModelUnavailable;
}

const PassedOver* find_bar(const RouteWish& wish, std::uint32_t endpoint) {
  for (const PassedOver& each : wish.barred) {
    if (each.endpoint == endpoint) return &each;
  }
  return nullptr;
}

// When a gate lets calls pass again; `now` if it does.
Nanos close_of(const Gate& gate, Nanos now) {
  return gate.closed(now) ? std::max(gate.until(), now) : now;
}

const RouteHistory* find_history(const RouteWish& wish, RouteKey key) {
  return wish.history == nullptr ? nullptr : find_history(*wish.history, key);
}

}  // namespace

Pool::Pool(std::shared_ptr<const Config> config, std::shared_ptr<Counters> counters)
    : config_(std::move(config)), counters_(std::move(counters)) {
  std::vector<std::string> hosts;
  std::vector<std::string> groups;
  const auto place = [](std::vector<std::string>& names, const std::string& name) {
    const auto found = std::find(names.begin(), names.end(), name);
    if (found != names.end()) return static_cast<std::uint32_t>(found - names.begin());
    names.push_back(name);
    return static_cast<std::uint32_t>(names.size() - 1);
  };
  for (const EndpointConfig& each : config_->endpoints) {
    Endpoint endpoint;
    endpoint.config = &each;
    if (each.auth != Auth::none) {
      const KeySource& source = holysheep::key_of(each, *config_);
      endpoint.shares_client_key = &source == &config_->api_key;
      if (source.kind == KeySource::Kind::text) endpoint.key = source.value;
    }
    endpoint.host = place(hosts, each.scheme + "://" + each.host + ":" + std::to_string(each.port));
    if (!each.quota_group.empty()) {
      endpoint.quota_group = static_cast<int>(place(groups, each.quota_group));
    }
    endpoints_.push_back(std::move(endpoint));
  }
  hosts_.resize(hosts.size());
  groups_.resize(groups.size());
  views_.resize(endpoints_.size());
  const auto endpoint_count =
      static_cast<std::int64_t>(std::max<std::size_t>(endpoints_.size(), 1));
  models_max_ = static_cast<std::size_t>(
      std::max<std::int64_t>(config_->limits.routes_max / endpoint_count, 8));
  // Where a policy keeps one state per endpoint, it is that of place 0, held for good.
  if (!config_->policy.per_route) hold_model({}, 0);
}

bool Pool::serves(std::uint32_t endpoint, std::string_view model) const {
  const std::vector<std::string>& models = endpoints_[endpoint].config->models;
  return models.empty() || model.empty() ||
         std::find(models.begin(), models.end(), model) != models.end();
}

ModelId Pool::hold_model(std::string_view name, Nanos now) {
  const auto found = model_places_.find(std::string(name));
  if (found != model_places_.end()) {
    models_[found->second].used_at = now;
    ++models_[found->second].holders;
    return found->second;
  }
  if (model_places_.size() >= models_max_) forget_oldest_model();
  // What needs memory comes first, so that without it nothing changes.
  Model fresh;
  fresh.name = name;
  fresh.used_at = now;
  fresh.holders = 1;
  fresh.routes.resize(endpoints_.size());
  const bool added = free_places_.empty();
  const ModelId place = added ? static_cast<ModelId>(models_.size()) : free_places_.back();
  if (added && place == models_.capacity()) models_.reserve(2 * models_.capacity() + 1);
  free_places_.reserve(models_.capacity());  // forgetting one needs none
  model_places_.emplace(std::string(name), place);
  if (added) {
    models_.push_back(std::move(fresh));
  } else {
    free_places_.pop_back();
    models_[place] = std::move(fresh);
  }
  return place;
}

void Pool::drop_model(ModelId model) {
  --models_[model].holders;
  if (model_places_.size() > models_max_) forget_oldest_model();
}

// Frees the place that was asked for longest ago among those that no call holds, if there is one.
void Pool::forget_oldest_model() {
  Nanos oldest = kNever;
  ModelId place = 0;
  for (ModelId i = 0; i < models_.size(); ++i) {
    const Model& each = models_[i];
    if (each.holders > 0 || each.routes.empty() || each.used_at >= oldest) continue;
    oldest = each.used_at;
    place = i;
  }
  if (oldest == kNever) return;
  model_places_.erase(models_[place].name);
  models_[place] = Model();
  free_places_.push_back(place);
  changed_ = true;
  for (Endpoint& each : endpoints_)
    each.changed = true;
}

Quota& Pool::quota_at(RouteKey key) {
  const int group = endpoints_[key.endpoint].quota_group;
  return group >= 0 ? groups_[static_cast<std::size_t>(group)] : route_at(key).quota;
}

Passage Pool::limits_passage(RouteKey key, const RouteWish& wish, Nanos now) {
  const RouteKey state{key.endpoint, state_model(key.model)};
  Passage passage = route_at(state).block.passage(now);
  if (wish.own_credential) {
    // A key of the call's own: the client's limits are not its limits, nor the other way round.
    const RouteHistory* history = find_history(wish, key);
    if (history != nullptr) passage.narrow(history->own_quota.passage(now));
    return passage;
  }
  passage.narrow(quota_at(state).passage(now));
  passage.narrow(endpoints_[key.endpoint].credential.passage(now));
  return passage;
}

Passage Pool::breakers_passage(RouteKey key, Nanos now) {
  Passage passage = route_at({key.endpoint, state_model(key.model)}).health.passage(now);
  passage.narrow(hosts_[endpoints_[key.endpoint].host].passage(now));
  return passage;
}

// Since when a probe could have passed.
Nanos Pool::probe_since(RouteKey key) {
  const RouteKey state{key.endpoint, state_model(key.model)};
  const Endpoint& endpoint = endpoints_[key.endpoint];
  const Route& route = route_at(state);
  return std::max({quota_at(state).gate().until(), route.block.until(), route.health.gate().until(),
                   hosts_[endpoint.host].gate().until(), endpoint.credential.until()});
}

void Pool::pass_over(std::uint32_t endpoint, std::string_view why) {
  if (survey_.passed_over.size() < kPassedOverMax) survey_.passed_over.push_back({endpoint, why});
}

void Pool::consider(const RouteWish& wish, RouteKey key, Nanos now) {
  if (const PassedOver* bar = find_bar(wish, key.endpoint)) {
    return pass_over(key.endpoint, bar->reason);
  }
  const RouteHistory* history = find_history(wish, key);
  if (history != nullptr) {
    if (history->excluded) return pass_over(key.endpoint, "failed in this call");
    if (wish.route_attempts_max > 0 && history->attempts >= wish.route_attempts_max) {
      return pass_over(key.endpoint, "tried enough in this call");
    }
  }
  Passage passage = limits_passage(key, wish, now);
  const bool within_limits = passage.at <= now;
  passage.narrow(breakers_passage(key, now));
  const int turns =
      history == nullptr ? 0 : history->attempts + static_cast<int>(history->withdrawn);
  Candidate candidate{key, turns, passage.probe,
                      static_cast<int>(key.endpoint) == wish.forced_endpoint, passage.at};
  if (passage.at <= now && passage.probe && !wish.may_probe) {
    // Somebody else's call tries it first; where nobody does, this one has to in the end.
    const Nanos own_turn = saturating_add(probe_since(key), kProbeGrace);
    if (now < own_turn) {
      passage.at = own_turn;
      passage.reason = reason::kProbing;
    }
  }
  if (passage.at <= now) {
    if (history == nullptr || history->not_before <= now) {
      survey_.open.push_back(candidate);
      return;
    }
    survey_.backing_off = true;
    passage.at = history->not_before;
    passage.reason = reason::kBackingOff;
  } else if (within_limits && passage.reason == reason::kBreakerOpen && history != nullptr &&
             history->not_before > now) {
    // Its breaker would let this call try if all were open, but only after the call's own wait.
    passage.at = history->not_before;
    passage.reason = reason::kBackingOff;
  } else {
    ++survey_.closed;
    if (passage.reason == reason::kRateLimited || passage.reason == reason::kQuotaExhausted ||
        passage.reason == reason::kEasing) {
      ++survey_.rate_limited;
    }
    if (within_limits && passage.reason == reason::kBreakerOpen) {
      survey_.broken.push_back(candidate);
    }
  }
  pass_over(key.endpoint, passage.reason);
  if (is_refusal(passage.reason)) {
    ++survey_.refused;
    if (survey_.refused_reason.empty() || passage.at < survey_.refused_until) {
      survey_.refused_until = passage.at;
      survey_.refused_reason = passage.reason;
    }
    return;
  }
  if (passage.at < survey_.earliest || survey_.earliest_reason.empty()) {
    survey_.earliest = passage.at;
    survey_.earliest_reason = passage.reason;
  }
}

Choice Pool::take(const Candidate& candidate, std::string_view why) {
  Choice choice;
  choice.kind = Choice::Kind::route;
  choice.route = candidate.route;
  choice.probe = candidate.probe;
  choice.reason = why;
  choice.passed_over = survey_.passed_over;
  return choice;
}

bool Pool::is_probed(RouteKey key) {
  return route_at({key.endpoint, state_model(key.model)}).health.gate().probing() ||
         hosts_[endpoints_[key.endpoint].host].gate().probing();
}

Choice Pool::choose(const RouteWish& wish, Nanos now, Random& random) {
  survey_.open.clear();
  survey_.broken.clear();
  survey_.passed_over.clear();
  survey_.earliest = kNever;
  survey_.earliest_reason = {};
  survey_.refused_until = kNever;
  survey_.refused_reason = {};
  survey_.closed = survey_.refused = survey_.rate_limited = 0;
  survey_.backing_off = false;
  if (config_->policy.routing == Routing::sticky) return choose_sticky(wish, now);

  for (std::size_t m = 0; m < wish.models->size(); ++m) {
    if (m > 0 && (!wish.other_models || (survey_.backing_off && wish.backs_off_first))) break;
    const ModelId model = (*wish.models)[m];
    for (const std::uint32_t endpoint : *wish.endpoints) {
      if (serves(endpoint, models_[model].name)) consider(wish, {endpoint, model}, now);
    }
    if (!survey_.open.empty()) {
      const Candidate& chosen = pick(now, random);
      return take(chosen, m > 0          ? "fallback model"
                          : chosen.probe ? "probe of a recovering route"
                                         : "first free");
    }
  }
  if (survey_.earliest_reason.empty()) {
    Choice none;
    none.passed_over = survey_.passed_over;
    if (survey_.refused_reason.empty()) return none;
    none.kind = Choice::Kind::wait;
    none.at = survey_.refused_until;
    none.reason = survey_.refused_reason;
    none.hopeless = true;
    return none;
  }
  // Never eject everything: when breakers alone close all routes, but those that refuse a key or a
  // model, the next to open is probed now.
  const int closed = survey_.closed - survey_.refused;
  if (!survey_.broken.empty() && static_cast<int>(survey_.broken.size()) == closed &&
      !survey_.backing_off && wish.barred.empty()) {
    const auto next = std::min_element(
        survey_.broken.begin(), survey_.broken.end(),
        [](const Candidate& left, const Candidate& right) { return left.until < right.until; });
    const bool probing = is_probed(next->route);
    if (probing) {
      // Its outcome is an answer away, and lets everybody in or the next one try; if it hangs, the
      // next route that may be probed does not wait for it.
      survey_.earliest = kNever;
      survey_.earliest_reason = reason::kProbing;
      for (const Candidate& each : survey_.broken) {
        if (is_probed(each.route) || each.until >= survey_.earliest) continue;
        survey_.earliest = each.until;
        survey_.earliest_reason = reason::kBreakerOpen;
      }
    } else if (wish.may_probe) {
      next->probe = true;
      return take(*next, "probe: every route is down");
    }
  }
  Choice wait;
  wait.kind = Choice::Kind::wait;
  wait.at = survey_.earliest;
  wait.reason = survey_.earliest_reason;
  wait.all_rate_limited =
      survey_.closed > 0 && survey_.rate_limited == survey_.closed && !survey_.backing_off;
  wait.passed_over = survey_.passed_over;
  return wait;
}

const Pool::Candidate& Pool::pick(Nanos now, Random& random) {
  std::vector<Candidate>& open = survey_.open;
  for (const Candidate& each : open) {
    if (each.forced) return each;
  }
  // Elsewhere before again, then the lowest tier.
  const auto rank = [this](const Candidate& each) {
    return std::pair<int, int>(each.attempts, endpoints_[each.route.endpoint].config->priority);
  };
  std::pair<int, int> best = rank(open.front());
  for (const Candidate& each : open)
    best = std::min(best, rank(each));
  std::size_t count = 0;
  for (std::size_t i = 0; i < open.size(); ++i) {
    if (rank(open[i]) == best) open[count++] = open[i];
  }
  return pick_by_routing(count, now, random);
}

const Pool::Candidate& Pool::pick_by_routing(std::size_t count, Nanos now, Random& random) {
  const std::vector<Candidate>& open = survey_.open;
  if (count < 2) return open.front();
  const auto share = [&](const Candidate& each) {
    if (!config_->policy.slow_start) return 1.0;
    return route_at({each.route.endpoint, state_model(each.route.model)}).health.share(now);
  };
  const auto weight = [&](const Candidate& each) {
    return std::max(endpoints_[each.route.endpoint].config->weight, 1e-9) * share(each);
  };
  switch (config_->policy.routing) {
    case Routing::round_robin:
      return open[turn_++ % count];
    case Routing::weighted: {
      double total = 0;
      for (std::size_t i = 0; i < count; ++i)
        total += weight(open[i]);
      double left = random.uniform() * total;
      for (std::size_t i = 0; i < count; ++i) {
        left -= weight(open[i]);
        if (left < 0) return open[i];
      }
      return open[count - 1];
    }
    case Routing::least_busy: {
      std::size_t best = 0;
      const auto load = [&](const Candidate& each) {
        return (endpoints_[each.route.endpoint].in_flight + 1) / weight(each);
      };
      for (std::size_t i = 1; i < count; ++i) {
        if (load(open[i]) < load(open[best])) best = i;
      }
      return open[best];
    }
    case Routing::sequential:
    case Routing::sticky:
      break;
  }
  for (std::size_t i = 0; i + 1 < count; ++i) {
    const double part = share(open[i]);
    if (part >= 1 || random.uniform() < part) return open[i];
  }
  return open[count - 1];
}

// The document's search: from the current endpoint on, once round; then back to the first by force.
// A call that may not go everywhere, or that names its endpoint, does not move the others.
Choice Pool::choose_sticky(const RouteWish& wish, Nanos now) {
  const ModelId model = wish.models->front();
  const auto allowed = [&](std::uint32_t endpoint) {
    return std::find(wish.endpoints->begin(), wish.endpoints->end(), endpoint) !=
               wish.endpoints->end() &&
           serves(endpoint, models_[model].name);
  };
  const auto count = static_cast<int>(endpoints_.size());
  const bool named = wish.forced_endpoint >= 0;
  const int begin = named ? wish.forced_endpoint : current_endpoint_;
  bool skipped = named;
  for (int checked = 0; checked < count; ++checked) {
    const int place = (begin + checked) % count;
    const auto endpoint = static_cast<std::uint32_t>(place);
    if (!allowed(endpoint)) {
      skipped = true;
      continue;
    }
    consider(wish, {endpoint, model}, now);
    skipped = skipped || find_bar(wish, endpoint) != nullptr;
    if (survey_.open.empty()) continue;
    if (!skipped) current_endpoint_ = place;
    return take(survey_.open.front(), "current endpoint");
  }
  Choice none;
  none.passed_over = survey_.passed_over;
  if (survey_.earliest_reason.empty()) return none;
  if (config_->policy.when_none == WhenNone::wait) {
    none.kind = Choice::Kind::wait;
    none.at = survey_.earliest;
    none.reason = survey_.earliest_reason;
    none.all_rate_limited = survey_.rate_limited == survey_.closed;
    return none;
  }
  for (const std::uint32_t endpoint : *wish.endpoints) {
    if (!serves(endpoint, models_[model].name)) continue;
    const RouteHistory* history = find_history(wish, {endpoint, model});
    if (history != nullptr && history->excluded) continue;
    if (find_bar(wish, endpoint) != nullptr) continue;
    if (!skipped) current_endpoint_ = static_cast<int>(endpoint);
    Choice forced = take({{endpoint, model}, 0, false, true, 0}, "forced: none is available");
    forced.forced = true;
    return forced;
  }
  return none;
}

Lease Pool::lease(const Choice& choice, bool own_credential, Nanos now) {
  // What passes a closed gate in the very turn that closed it was sent after that.
  Endpoint& endpoint = endpoints_[choice.route.endpoint];
  Lease lease{choice.route, now + (choice.probe || choice.forced ? 1 : 0), choice.probe,
              own_credential, endpoint.key_version};
  const RouteKey state{choice.route.endpoint, state_model(choice.route.model)};
  Route& route = route_at(state);
  route.used = true;
  ++route.in_flight;
  route.health.sent(lease.sent_at);
  hosts_[endpoint.host].sent(lease.sent_at);
  if (!own_credential) quota_at(state).leased(now);
  ++endpoint.in_flight;
  if (choice.probe) {
    if (route.health.gate().needs_probe()) route.health.gate().begin_probe();
    if (route.block.needs_probe()) route.block.begin_probe();
    if (hosts_[endpoint.host].gate().needs_probe()) hosts_[endpoint.host].gate().begin_probe();
    if (!own_credential) {
      if (quota_at(state).gate().needs_probe()) quota_at(state).gate().begin_probe();
      if (endpoint.credential.needs_probe()) endpoint.credential.begin_probe();
    }
  }
  counters_->endpoints[choice.route.endpoint].attempts.fetch_add(1, std::memory_order_relaxed);
  counters_->endpoints[choice.route.endpoint].in_flight.fetch_add(1, std::memory_order_relaxed);
  return lease;
}

void Pool::end_probes(const Lease& lease) {
  const RouteKey state{lease.route.endpoint, state_model(lease.route.model)};
  Endpoint& endpoint = endpoints_[lease.route.endpoint];
  Route& route = route_at(state);
  --route.in_flight;
  --endpoint.in_flight;
  counters_->endpoints[lease.route.endpoint].in_flight.fetch_sub(1, std::memory_order_relaxed);
  if (!lease.probe) return;
  route.health.gate().end_probe();
  route.block.end_probe();
  hosts_[endpoint.host].gate().end_probe();
  if (lease.own_credential) return;
  quota_at(state).gate().end_probe();
  endpoint.credential.end_probe();
}

bool Pool::abandon(const Lease& lease) {
  end_probes(lease);
  route_at({lease.route.endpoint, state_model(lease.route.model)}).health.settled(lease.sent_at);
  hosts_[endpoints_[lease.route.endpoint].host].settled(lease.sent_at);
  return lease.probe;
}

bool Pool::withdraw(const Lease& lease) {
  counters_->endpoints[lease.route.endpoint].attempts.fetch_sub(1, std::memory_order_relaxed);
  if (!lease.own_credential) {
    quota_at({lease.route.endpoint, state_model(lease.route.model)}).withdrawn();
  }
  return abandon(lease);
}

bool Pool::release(const Lease& lease, const Classification& found, int http_status, Nanos now,
                   Random& random) {
  end_probes(lease);
  EndpointCounters& counts = counters_->endpoints[lease.route.endpoint];
  if (found.verdict == Verdict::ok) {
    counts.succeeded.fetch_add(1, std::memory_order_relaxed);
    counts.latency_total.fetch_add(now - lease.sent_at, std::memory_order_relaxed);
    apply_success(lease, now);
    return lease.probe;
  }
  (http_status == 429 ? counts.rate_limited : counts.failed)
      .fetch_add(1, std::memory_order_relaxed);
  Endpoint& endpoint = endpoints_[lease.route.endpoint];
  if (action_of(found.verdict, config_->policy).scope != Scope::request) {
    endpoint.last_error = http_status > 0 ? std::to_string(http_status) + " " : std::string();
    endpoint.last_error += name_of(found.verdict);
  }
  endpoint.changed = changed_ = true;
  if (config_->policy.routing == Routing::sticky) {
    current_endpoint_ = static_cast<int>((lease.route.endpoint + 1) % endpoints_.size());
  }
  if (config_->policy.per_route) {
    apply(lease, found, now, random);
  } else {
    apply_single_state(lease, found, http_status, now, random);
  }
  return lease.probe;
}

void Pool::apply_success(const Lease& lease, Nanos now) {
  const RouteKey state{lease.route.endpoint, state_model(lease.route.model)};
  Endpoint& endpoint = endpoints_[lease.route.endpoint];
  Route& route = route_at(state);
  Health& host = hosts_[endpoint.host];
  const bool clean = endpoint.last_error.empty() && !route.health.last_failed() &&
                     !route.health.gate().needs_probe() && !route.block.closed(now) &&
                     !host.last_failed() &&
                     (lease.own_credential || quota_at(state).gate().until() == 0);
  route.health.succeeded(now, lease.sent_at);
  host.succeeded(now, lease.sent_at);
  if (clean) return;
  if (!lease.own_credential) quota_at(state).succeeded(now, lease.sent_at);
  if (route.block.cleared_by_attempt_of(lease.sent_at)) route.block.clear();
  route.block_count = 0;
  if (!lease.own_credential && endpoint.credential.cleared_by_attempt_of(lease.sent_at)) {
    endpoint.credential.clear();
    endpoint.credential_failures = 0;
  }
  endpoint.last_error.clear();
  endpoint.changed = changed_ = true;
}

void Pool::close_credential(Endpoint& endpoint, const Classification& found, Nanos sent_at,
                            Nanos now) {
  // Calls that were under way together are told the same thing: that is one episode.
  const bool told =
      endpoint.credential.closed(now) && !endpoint.credential.cleared_by_attempt_of(sent_at);
  if (told) return;
  const bool exhausted = found.verdict == Verdict::quota_exhausted;
  Nanos wait = exhausted
                   ? exponential_delay(kExhaustedBase, endpoint.credential_failures, kExhaustedMax)
                   : exponential_delay(kRefusedBase, endpoint.credential_failures, kRefusedMax);
  if (found.hint) wait = std::min(std::max(wait, found.hint->wait), kHintMax);
  ++endpoint.credential_failures;
  endpoint.credential.close(now, saturating_add(now, wait),
                            exhausted ? reason::kQuotaExhausted : reason::kAuth, true);
}

// Those of route and host that the failure says nothing about.
void Pool::settle(const Lease& lease, const Classification& found) {
  const bool unreachable =
      found.verdict == Verdict::network ||
      (found.verdict == Verdict::timeout && found.time_limit == TimeLimit::connect);
  if (!unreachable) hosts_[endpoints_[lease.route.endpoint].host].settled(lease.sent_at);
  if (unreachable || !action_of(found.verdict, config_->policy).hard_failure) {
    route_at(lease.route).health.settled(lease.sent_at);
  }
}

void Pool::close_refused(Route& route, const Classification& found, Nanos sent_at, Nanos now) {
  // As close_credential(): one episode.
  if (route.block.closed(now) && !route.block.cleared_by_attempt_of(sent_at)) return;
  const Nanos wait = exponential_delay(kRefusedBase, route.block_count++, kRefusedMax);
  const bool forbidden = found.verdict == Verdict::forbidden;
  route.block.close(now, saturating_add(now, wait),
                    forbidden ? reason::kForbidden : reason::kModelUnavailable, true);
}

void Pool::apply(const Lease& lease, const Classification& found, Nanos now, Random& random) {
  Endpoint& endpoint = endpoints_[lease.route.endpoint];
  Route& route = route_at(lease.route);
  settle(lease, found);
  const Policy& policy = config_->policy;
  switch (found.verdict) {
    case Verdict::rate_limited:
      if (!lease.own_credential) quota_at(lease.route).rate_limited(now, found, policy);
      return;
    case Verdict::quota_exhausted:
      if (lease.own_credential) return;
      if (found.whole_credential) {
        close_credential(endpoint, found, lease.sent_at, now);
      } else {
        quota_at(lease.route).exhausted(now, found);
      }
      return;
    case Verdict::auth:
      // A key that has been replaced meanwhile says nothing about the one in its place.
      if (!lease.own_credential && !key_changed_since(lease)) {
        close_credential(endpoint, found, lease.sent_at, now);
      }
      return;
    case Verdict::forbidden:
    case Verdict::model_unavailable:
      if (!lease.own_credential) close_refused(route, found, lease.sent_at, now);
      return;
    case Verdict::overloaded: {
      // One 503 among successes is this call's bad luck; a second in a row, or a hint, closes the
      // route. Calls that were under way together are told the same thing: that is one episode.
      if (now >= route.block.until()) ++route.block_count;
      Nanos wait = 0;
      if (found.hint && policy.obey_hints) {
        wait = std::min(found.hint->wait, kHintMax);
      } else if (route.block_count > 1) {
        wait = exponential_delay(policy.cooldown_base, route.block_count - 2, policy.cooldown);
      }
      if (wait > 0) {
        route.block.close(now, saturating_add(now, wait), reason::kOverloaded, false);
      }
      route.health.failed(now, lease.sent_at, random, policy.breaker);
      return;
    }
    case Verdict::network:
      hosts_[endpoint.host].failed(now, lease.sent_at, random, policy.breaker);
      return;
    case Verdict::timeout:
      if (found.time_limit == TimeLimit::connect) {
        hosts_[endpoint.host].failed(now, lease.sent_at, random, policy.breaker);
        return;
      }
      route.health.failed(now, lease.sent_at, random, policy.breaker);
      return;
    case Verdict::server_error:
    case Verdict::broken_stream:
      route.health.failed(now, lease.sent_at, random, policy.breaker);
      return;
    case Verdict::transient:
      route.health.failed(now, lease.sent_at, random, false);
      return;
    default:
      return;  // the request's own fault, or this process's
  }
}

// The document's two rules: a 429 starts the fixed cooldown, every other failure degrades.
void Pool::apply_single_state(const Lease& lease, const Classification& found, int http_status,
                              Nanos now, Random& random) {
  if (action_of(found.verdict, config_->policy).scope == Scope::request) return;
  const RouteKey state{lease.route.endpoint, 0};
  if (http_status == 429) {
    if (lease.own_credential) return;
    quota_at(state).rate_limited(now, found, config_->policy);
    route_at(state).health.reset();
  } else {
    // One state: what was limited until now is degraded from here on, and so available.
    quota_at(state).reset();
    route_at(state).health.failed(now, lease.sent_at, random, config_->policy.breaker);
  }
}

bool Pool::same_host(std::uint32_t left, std::uint32_t right) const {
  return endpoints_[left].host == endpoints_[right].host;
}

bool Pool::same_key(std::uint32_t left, std::uint32_t right) const {
  return endpoints_[left].key == endpoints_[right].key;
}

bool Pool::in_good_health(RouteKey key, Nanos now) {
  const Route& route = route_at({key.endpoint, state_model(key.model)});
  const Health& host = hosts_[endpoints_[key.endpoint].host];
  return !route.health.gate().closed(now) && !route.health.last_failed() &&
         !host.gate().closed(now) && !host.last_failed() && !route.block.closed(now);
}

Nanos Pool::limited_until(RouteKey key, bool own_credential, Nanos now) {
  const RouteKey state{key.endpoint, state_model(key.model)};
  Nanos until = close_of(route_at(state).block, now);
  if (own_credential) return until;
  until = std::max(until, close_of(quota_at(state).gate(), now));
  return std::max(until, close_of(endpoints_[key.endpoint].credential, now));
}

Nanos Pool::closed_until(RouteKey key, bool own_credential, Nanos now) {
  const Health& health = route_at({key.endpoint, state_model(key.model)}).health;
  return std::max({limited_until(key, own_credential, now), close_of(health.gate(), now),
                   close_of(hosts_[endpoints_[key.endpoint].host].gate(), now)});
}

void Pool::set_key(int endpoint, std::string_view key) {
  for (std::size_t i = 0; i < endpoints_.size(); ++i) {
    Endpoint& each = endpoints_[i];
    const bool meant = endpoint < 0 ? each.shares_client_key : static_cast<int>(i) == endpoint;
    if (!meant) continue;
    each.key = key;
    ++each.key_version;
    each.credential.clear();
    each.credential_failures = 0;
    each.changed = changed_ = true;
  }
}

void Pool::reset(int endpoint) {
  for (std::size_t i = 0; i < endpoints_.size(); ++i) {
    if (endpoint >= 0 && static_cast<int>(i) != endpoint) continue;
    Endpoint& each = endpoints_[i];
    each.credential.clear();
    each.credential_failures = 0;
    each.last_error.clear();
    each.changed = changed_ = true;
    hosts_[each.host].reset();
    if (each.quota_group >= 0) groups_[static_cast<std::size_t>(each.quota_group)].reset();
    for (Model& model : models_) {
      if (model.routes.empty()) continue;  // a free place
      Route& route = model.routes[i];
      const std::uint32_t in_flight = route.in_flight;
      route = Route();
      route.used = true;
      route.in_flight = in_flight;
    }
  }
}

}  // namespace holysheep
