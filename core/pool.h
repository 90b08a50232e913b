// The pool: four kinds of state in four scopes, never mixed (DESIGN 2): credential (endpoint, key),
// host, route (endpoint, model), quota group. A 429 never touches health, a 5xx never a quota.
// Decides which route takes a call now, or when one can. Belongs to the engine's thread; pure but
// for the counters that it publishes.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/action.h"
#include "core/config.h"
#include "core/gate.h"
#include "core/health.h"
#include "core/quota.h"
#include "core/random.h"
#include "core/replay.h"
#include "core/snapshot.h"
#include "core/verdict.h"

namespace holysheep {

// A model's place in the pool's table. The place that was asked for longest ago is given to a new
// model when the table is full. Places that calls hold may be more than the limit, until they let
// go.
using ModelId = std::uint32_t;

struct RouteKey {
  std::uint32_t endpoint = 0;
  ModelId model = 0;
  bool operator==(const RouteKey& other) const {
    return endpoint == other.endpoint && model == other.model;
  }
};

// What a call has already been through on one route.
struct RouteHistory {
  RouteKey route;
  int attempts = 0;       // counted ones
  Nanos not_before = 0;   // the call's own backoff
  bool excluded = false;  // not again in this call
  bool withdrawn =
      false;  // waited for a connection to a host that could not be reached: others first
  // What the limits of the call's own credential say; nobody else has that credential.
  Quota own_quota;
};

// Null: the call has not been there.
inline const RouteHistory* find_history(const std::vector<RouteHistory>& history, RouteKey route) {
  for (const RouteHistory& each : history) {
    if (each.route == route) return &each;
  }
  return nullptr;
}

// Why a route was passed over, for the trace.
struct PassedOver {
  std::uint32_t endpoint = 0;
  std::string_view reason;
};
// A trace of a call in a pool of hundreds names no more than these.
constexpr std::size_t kPassedOverMax = 8;

// What the pool must know of a call to choose for it.
struct RouteWish {
  const std::vector<std::uint32_t>* endpoints = nullptr;  // allowed, in order
  const std::vector<ModelId>* models = nullptr;           // the model and its fallbacks, in order
  const std::vector<RouteHistory>* history = nullptr;
  std::vector<PassedOver> barred;  // endpoints that it may not be now, for the caller's own reasons
  int forced_endpoint = -1;     // first choice, before every other rule; bound calls: the only one
  int route_attempts_max = 0;   // 0: no limit
  bool may_probe = true;        // a half-open route may get this call
  bool own_credential = false;  // credentials' state does not concern it
  bool other_models = true;     // fallback models may be used now
  bool backs_off_first = true;  // rather wait for the call's own backoff than use one of them
};

struct Choice {
  enum class Kind : std::uint8_t {
    route,      // take it now
    wait,       // until `at` (kNever: until a probe has ended)
    exhausted,  // no route is left for this call
  };
  Kind kind = Kind::exhausted;
  RouteKey route;
  bool probe = false;
  bool forced = false;  // sticky routing went back to the first though it is limited
  Nanos at = 0;
  std::string_view reason;        // why this one; or what blocks the earliest
  bool all_rate_limited = false;  // wait: every route is closed by a quota
  bool hopeless = false;          // wait: only refusals close the routes; time does not help
  bool for_room = false;          // wait: for a connection, too
  std::vector<PassedOver> passed_over;
};

// One attempt's hold on its route, from choice to outcome.
struct Lease {
  RouteKey route;
  Nanos sent_at = 0;
  bool probe = false;
  bool own_credential = false;
  std::uint32_t key_version = 0;  // of the endpoint's key that it carries
};

class Pool {
 public:
  Pool(std::shared_ptr<const Config> config, std::shared_ptr<Counters> counters);

  // The model's place, held until drop_model(); made if it is new. `now` keeps the order of use.
  ModelId hold_model(std::string_view name, Nanos now);
  void drop_model(ModelId model);
  std::string_view model_name(ModelId model) const { return models_[model].name; }
  bool serves(std::uint32_t endpoint, std::string_view model) const;

  // `sticky_step` of sticky routing is taken here: the pool's current endpoint moves.
  Choice choose(const RouteWish& wish, Nanos now, Random& random);
  Lease lease(const Choice& choice, bool own_credential, Nanos now);
  // The outcome of a leased attempt; `http_status` 0 if no answer came. Returns true if a call that
  // waits may now have a route.
  bool release(const Lease& lease, const Classification& found, int http_status, Nanos now,
               Random& random);
  // An attempt that says nothing of its endpoint (cancelled, local fault).
  bool abandon(const Lease& lease);
  // An attempt that was not made after all.
  bool withdraw(const Lease& lease);

  bool same_host(std::uint32_t left, std::uint32_t right) const;
  bool same_key(std::uint32_t left, std::uint32_t right) const;
  bool in_good_health(RouteKey route, Nanos now);
  // Until when no call may go there but for a probe; `now` if it is open. `own_credential` as in
  // RouteWish.
  Nanos closed_until(RouteKey route, bool own_credential, Nanos now);
  // The same, but for breakers: where all routes are down one is probed at once.
  Nanos limited_until(RouteKey route, bool own_credential, Nanos now);

  const std::string& key_of(std::uint32_t endpoint) const { return endpoints_[endpoint].key; }
  // The endpoint has another key than when this attempt was sent.
  bool key_changed_since(const Lease& lease) const {
    return endpoints_[lease.route.endpoint].key_version != lease.key_version;
  }
  // "" for the client's key: every endpoint that shares it.
  void set_key(int endpoint, std::string_view key);
  void reset(int endpoint);

  int current_endpoint() const { return current_endpoint_; }
  // Publishes if anything changed since the last time; else null.
  std::shared_ptr<const Snapshot> publish(Now now);

 private:
  struct Route {
    Health health;
    Gate block;           // forbidden, model_unavailable, overloaded
    int block_count = 0;  // consecutive
    Quota quota;          // unless the endpoint names a group
    std::uint32_t in_flight = 0;
    bool used = false;
  };
  struct Model {
    std::string name;
    std::vector<Route> routes;  // one per endpoint; none: the place is free
    Nanos used_at = 0;
    std::uint32_t holders = 0;  // calls; a place that is held is not given away
  };
  struct Endpoint {
    const EndpointConfig* config = nullptr;
    std::string key;  // empty with auth "none"
    std::uint32_t key_version = 0;
    bool shares_client_key = false;
    Gate credential;
    int credential_failures = 0;
    std::uint32_t host = 0;
    int quota_group = -1;  // index into groups_
    std::uint32_t in_flight = 0;
    std::string last_error;
    bool changed = true;
  };

  void forget_oldest_model();
  Route& route_at(RouteKey key) { return models_[key.model].routes[key.endpoint]; }
  Quota& quota_at(RouteKey key);
  ModelId state_model(ModelId model) const { return config_->policy.per_route ? model : 0; }
  // What quota, key and refusals allow, and what the breakers of route and host do.
  Passage limits_passage(RouteKey key, const RouteWish& wish, Nanos now);
  Passage breakers_passage(RouteKey key, Nanos now);
  bool is_probed(RouteKey key);
  Nanos probe_since(RouteKey key);
  Choice choose_sticky(const RouteWish& wish, Nanos now);
  struct Candidate {
    RouteKey route;
    int attempts = 0;
    bool probe = false;
    bool forced = false;
    Nanos until = 0;  // of a broken one
  };
  // What a look at all candidates found; kept between decisions for its memory.
  struct Survey {
    std::vector<Candidate> open;
    std::vector<Candidate> broken;  // closed by a breaker, no probe under way
    Nanos earliest = kNever;
    std::string_view earliest_reason;
    // Closed by a refusal (key, model, permission): waiting is no answer to that.
    Nanos refused_until = kNever;
    std::string_view refused_reason;
    int closed = 0;
    int refused = 0;  // of those
    int rate_limited = 0;
    bool backing_off = false;  // a route is open but for the call's own backoff
    std::vector<PassedOver> passed_over;
  };
  void consider(const RouteWish& wish, RouteKey key, Nanos now);
  const Candidate& pick(Nanos now, Random& random);
  const Candidate& pick_by_routing(std::size_t count, Nanos now, Random& random);
  Choice take(const Candidate& candidate, std::string_view why);
  static void close_refused(Route& route, const Classification& found, Nanos sent_at, Nanos now);
  void settle(const Lease& lease, const Classification& found);
  void apply(const Lease& lease, const Classification& found, Nanos now, Random& random);
  void apply_single_state(const Lease& lease, const Classification& found, int http_status,
                          Nanos now, Random& random);
  void apply_success(const Lease& lease, Nanos now);
  void close_credential(Endpoint& endpoint, const Classification& found, Nanos sent_at, Nanos now);
  void end_probes(const Lease& lease);
  void pass_over(std::uint32_t endpoint, std::string_view why);
  EndpointView view_of(std::uint32_t endpoint, Nanos now);
  RouteView view_of_route(std::uint32_t endpoint, ModelId model, Nanos now);

  std::shared_ptr<const Config> config_;
  std::shared_ptr<Counters> counters_;
  std::vector<Endpoint> endpoints_;
  std::vector<Health> hosts_;
  std::vector<Quota> groups_;
  std::vector<Model> models_;
  std::unordered_map<std::string, ModelId> model_places_;  // looked up, never iterated
  std::vector<ModelId> free_places_;
  std::size_t models_max_ = 1;
  Survey survey_;
  int current_endpoint_ = 0;
  std::uint32_t turn_ = 0;  // of round robin
  int published_current_ = -1;
  std::vector<std::shared_ptr<const EndpointView>> views_;
  bool changed_ = true;
};

}  // namespace holysheep
