// What the pool shows of itself: each endpoint's state as the worst of its routes'.

#include <memory>

#include "core/pool.h"

namespace holysheep {

RouteView Pool::view_of_route(std::uint32_t endpoint, ModelId model, Nanos now) {
  const RouteKey key{endpoint, model};
  RouteView view;
  view.model = models_[model].name;
  const Route& route = route_at(key);
  const Quota& quota = quota_at(key);
  const Health& host = hosts_[endpoints_[endpoint].host];
  view.one_by_one = quota.is_easing(now) || quota.gate().needs_probe() ||
                    route.health.gate().needs_probe() || route.block.needs_probe() ||
                    host.gate().needs_probe() || endpoints_[endpoint].credential.needs_probe();
  // All gates must be open: the one that opens last is the view's.
  bool closed = false;
  const auto closed_by = [&](const Gate& gate, EndpointStatus status) {
    if (!gate.closed(now) || (closed && gate.until() <= view.until)) return;
    closed = true;
    view.status = status;
    view.reason = gate.reason();
    view.until = gate.until();
  };
  closed_by(endpoints_[endpoint].credential, EndpointStatus::down);
  closed_by(host.gate(), EndpointStatus::down);
  closed_by(route.health.gate(), EndpointStatus::down);
  closed_by(quota.gate(),
            quota.is_exhausted() ? EndpointStatus::down : EndpointStatus::rate_limited);
  if (view.status == EndpointStatus::rate_limited && quota.dimension() != LimitDimension::unknown) {
    view.reason = name_of(quota.dimension());
  }
  const bool soft = route.block.reason() == reason::kOverloaded;
  if (!soft || !closed) {
    closed_by(route.block, soft ? EndpointStatus::degraded : EndpointStatus::down);
  }
  if (closed) return view;
  if (route.health.last_failed() || host.last_failed()) {
    view.status = EndpointStatus::degraded;
    view.reason = reason::kFailed;
  }
  return view;
}

EndpointView Pool::view_of(std::uint32_t endpoint, Nanos now) {
  const Endpoint& state = endpoints_[endpoint];
  EndpointView view;
  view.name = state.config->name;
  view.url = state.config->base_url;
  view.last_error = state.last_error;
  const RouteView* worst = nullptr;  // the earliest end among the worst
  bool all_closed = true;
  bool any_limited = false;
  for (ModelId model = 0; model < models_.size(); ++model) {
    const std::vector<Route>& routes = models_[model].routes;
    if (routes.empty() || !routes[endpoint].used) continue;
    view.routes.push_back(view_of_route(endpoint, model, now));
  }
  for (const RouteView& each : view.routes) {
    const bool closed =
        each.status == EndpointStatus::down || each.status == EndpointStatus::rate_limited;
    all_closed = all_closed && closed;
    any_limited = any_limited || each.status == EndpointStatus::rate_limited;
    if (each.status == EndpointStatus::healthy) continue;
    const bool limited = each.status == EndpointStatus::rate_limited;
    const bool worst_limited = worst != nullptr && worst->status == EndpointStatus::rate_limited;
    if (worst == nullptr || (limited && !worst_limited) ||
        (limited == worst_limited && each.until < worst->until)) {
      worst = &each;
    }
  }
  if (worst == nullptr) return view;
  view.reason = worst->reason;
  view.until = worst->until;
  if (!all_closed) {
    view.status = EndpointStatus::degraded;
  } else {
    view.status = any_limited ? EndpointStatus::rate_limited : EndpointStatus::down;
  }
  view.probe_after = view.status == EndpointStatus::down;
  return view;
}

std::shared_ptr<const Snapshot> Pool::publish(Now now) {
  if (!changed_ && published_current_ == current_endpoint_) return nullptr;
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->taken = now;
  snapshot->counters = counters_;
  snapshot->current_endpoint = current_endpoint_;
  for (std::uint32_t i = 0; i < endpoints_.size(); ++i) {
    // A host's and a group's state shows in every endpoint that shares it.
    if (endpoints_[i].changed || views_[i] == nullptr || !views_[i]->routes.empty()) {
      views_[i] = std::make_shared<const EndpointView>(view_of(i, now.mono));
      endpoints_[i].changed = false;
    }
  }
  snapshot->endpoints = views_;
  // Without memory for it, it is still to be done.
  changed_ = false;
  published_current_ = current_endpoint_;
  return snapshot;
}

}  // namespace holysheep
