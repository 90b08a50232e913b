#include "core/connection_queue.h"

#include <arpa/inet.h>

#include <algorithm>
#include <new>
#include <utility>

#include "core/curl_handle.h"

namespace holysheep {
namespace {

bool is_numeric(const std::string& host) {
  unsigned char address[16];
  if (inet_pton(AF_INET, host.c_str(), address) == 1) return true;
  return host.find(':') != std::string::npos;  // IPv6, with or without brackets
}

bool same_connections(const EndpointConfig& left, const EndpointConfig& right) {
  return left.host == right.host && left.port == right.port && left.scheme == right.scheme &&
         left.name == right.name && left.http == right.http && left.proxy == right.proxy &&
         left.no_proxy == right.no_proxy && left.ca_file == right.ca_file &&
         left.client_cert == right.client_cert && left.client_key == right.client_key &&
         left.connections_max == right.connections_max;
}

// Only what concerns connections: keys and headers are not copied.
EndpointConfig connection_settings(const EndpointConfig& endpoint) {
  EndpointConfig settings;
  settings.name = endpoint.name;
  settings.scheme = endpoint.scheme;
  settings.host = endpoint.host;
  settings.port = endpoint.port;
  settings.http = endpoint.http;
  settings.connections_max = endpoint.connections_max;
  settings.proxy = endpoint.proxy;
  settings.no_proxy = endpoint.no_proxy;
  settings.ca_file = endpoint.ca_file;
  settings.client_cert = endpoint.client_cert;
  settings.client_key = endpoint.client_key;
  return settings;
}

}  // namespace

Lane::Lane() = default;
Lane::~Lane() = default;

void Lane::socket_closed() {
  known = known * (sockets - 1) / sockets;
  --sockets;
  // What one that was closing could not carry says nothing of the others.
  streams = kStreamsPerConnection;
}

ConnectionQueue::~ConnectionQueue() = default;

Lane& ConnectionQueue::lane_of(const EndpointConfig& endpoint) {
  const auto known = lanes_by_endpoint_.find(&endpoint);
  if (known != lanes_by_endpoint_.end() && same_connections(known->second->settings, endpoint)) {
    return *known->second;
  }
  for (const std::unique_ptr<Lane>& lane : lanes_) {
    if (same_connections(lane->settings, endpoint)) {
      lanes_by_endpoint_[&endpoint] = lane.get();
      return *lane;
    }
  }
  // Complete, or not at all: there may be no memory for it.
  auto made = std::make_unique<Lane>();
  Lane& lane = *made;
  lane.settings = connection_settings(endpoint);
  lane.host = &host_of(endpoint);
  lane.connections_max = endpoint.connections_max > 0 ? endpoint.connections_max : connections_max_;
  lane.host->lanes.reserve(lane.host->lanes.size() + 1);
  lanes_.push_back(std::move(made));
  lane.host->lanes.push_back(&lane);
  lanes_by_endpoint_[&endpoint] = &lane;
  return lane;
}

Host& ConnectionQueue::host_of(const EndpointConfig& endpoint) {
  const std::string name = endpoint.host + ":" + std::to_string(endpoint.port);
  const std::string key = endpoint.scheme + "://" + name + " " + endpoint.proxy;
  Host*& host = hosts_by_key_[key];
  if (host == nullptr) {
    auto made = std::make_unique<Host>();
    made->name = name;
    made->looked_up = !endpoint.proxy.empty() || !is_numeric(endpoint.host);
    host = hosts_.emplace_back(std::move(made)).get();
  }
  return *host;
}

std::int64_t ConnectionQueue::connections_used() const {
  std::int64_t used = 0;
  for (const std::unique_ptr<Lane>& lane : lanes_) {
    // A connection that another lane has opened may carry them, too.
    used += lane->http2 ? std::min(lane->inside, std::max<std::int64_t>(lane->sockets, 1))
                        : lane->inside;
  }
  return used;
}

bool ConnectionQueue::shares(const Lane& lane, std::int64_t inside) {
  return lane.http2 && inside < lane.sockets * lane.streams;
}

bool ConnectionQueue::may_enter(const Lane& lane, Nanos now) {
  if (inside_ >= connections_max_ && connections_used() >= connections_max_ &&
      !shares(lane, lane.inside)) {
    return false;
  }
  const std::int64_t share = lane.http2 ? lane.streams : 1;
  if (lane.inside / share >= lane.connections_max) return false;
  const bool unknown = lane.http2 && lane.inside >= lane.known;
  if (unknown && (lane.host->unsent > 0 || lane.sockets > lane.connections_max)) return false;
  return host_admits(*lane.host, now);
}

bool ConnectionQueue::has_room(const Lane& lane) const {
  const std::int64_t share = lane.http2 ? lane.streams : 1;
  const auto wanted = lane.inside + static_cast<std::int64_t>(lane.waiting.size());
  if (wanted / share >= lane.connections_max) return false;
  if (inside_ + static_cast<std::int64_t>(waiting_) < connections_max_) return true;
  return shares(lane, wanted) || connections_used() + about_to_enter() < connections_max_;
}

// Of those that wait, how many will take a connection of the client's as soon as there is one. A
// host that is not proven holds its own back, and nobody else.
std::int64_t ConnectionQueue::about_to_enter() const {
  std::int64_t count = 0;
  for (const std::unique_ptr<Host>& host : hosts_) {
    const int probes = std::clamp(kProbesMax - host->unsent, 0, host->waiting);
    count += host->live > 0 ? host->waiting : probes;
  }
  return count;
}

bool ConnectionQueue::host_admits(Host& host, Nanos now) {
  if (host.live == 0) return host.unsent < kProbesMax && lookup_admitted(host, now);
  if (!host.looked_up || now < saturating_add(host.resolved_at, kAddressKept)) return true;
  const int idle = std::max(0, host.live - (host.inside - host.unsent));
  return host.unsent < std::min(kProbesMax + idle, kUnprovenMax) && lookup_admitted(host, now);
}

bool ConnectionQueue::lookup_admitted(const Host& host, Nanos now) {
  if (!host.looked_up) return true;
  forget_ended_lookups(now);
  const int abandoned = static_cast<int>(host.abandoned.size());
  if (abandoned > 0 && host.lookups + abandoned >= kLookupsPerHostMax) return false;
  return lookups_ < kLookupsMax;
}

void ConnectionQueue::forget_ended_lookups(Nanos now) {
  if (abandoned_ == 0) return;
  for (const std::unique_ptr<Host>& host : hosts_) {
    while (!host->abandoned.empty() && now >= host->abandoned.front() + kLookupLingers) {
      host->abandoned.pop_front();
      --abandoned_;
      --lookups_;
    }
  }
}

std::list<Lane::Waiting>::iterator ConnectionQueue::wait(Lane& lane, AttemptId attempt,
                                                         HttpRequest request) {
  lane.waiting.push_back({attempt, ++tickets_, std::move(request)});
  ++lane.host->waiting;
  ++waiting_;
  return std::prev(lane.waiting.end());
}

void ConnectionQueue::forget(Lane& lane, std::list<Lane::Waiting>::iterator waiting) {
  --waiting_;
  --lane.host->waiting;
  lane.waiting.erase(waiting);
}

void ConnectionQueue::drop_handles() {
  for (const std::unique_ptr<Lane>& lane : lanes_)
    lane->idle_handles.clear();
}

Lane* ConnectionQueue::first_in_line(Host& host, Nanos now) {
  Lane* first = nullptr;
  for (Lane* lane : host.lanes) {
    if (lane->waiting.empty()) continue;
    if (first != nullptr && first->waiting.front().ticket < lane->waiting.front().ticket) continue;
    if (may_enter(*lane, now)) first = lane;
  }
  return first;
}

Lane* ConnectionQueue::next(Nanos now, Lane::Waiting* taken) {
  if (waiting_ == 0) return nullptr;
  forget_ended_lookups(now);
  for (std::size_t i = 0; i < hosts_.size(); ++i) {
    const std::size_t index = (turn_ + i) % hosts_.size();
    Lane* lane = first_in_line(*hosts_[index], now);
    if (lane == nullptr) continue;
    turn_ = index + 1;
    *taken = std::move(lane->waiting.front());
    forget(*lane, lane->waiting.begin());
    return lane;
  }
  return nullptr;
}

Nanos ConnectionQueue::next_chance(Nanos now) const {
  if (waiting_ == 0 || abandoned_ == 0) return kNever;
  Nanos chance = kNever;
  for (const std::unique_ptr<Host>& host : hosts_) {
    if (!host->abandoned.empty()) {
      chance = std::min(chance, host->abandoned.front() + kLookupLingers);
    }
  }
  return std::max(chance, now);
}

void ConnectionQueue::entered(Lane& lane) {
  ++inside_;
  ++lane.inside;
  Host& host = *lane.host;
  ++host.inside;
  ++host.unsent;
  ++host.lookups;
  if (host.looked_up) ++lookups_;
}

void ConnectionQueue::address_known(Host& host, Nanos entered_at, bool at_once) {
  --host.lookups;
  if (!host.looked_up) return;
  --lookups_;
  // An address that is there at once came from libcurl's cache and is older than this attempt.
  if (!at_once || host.resolved_at == 0) host.resolved_at = entered_at;
}

void ConnectionQueue::sent(Lane& lane, bool address_was_known, bool shared) {
  Host& host = *lane.host;
  --host.unsent;
  if (shared && lane.sockets > 0) {
    const std::int64_t carried = lane.inside - host.unsent;
    lane.known = std::max(lane.known, carried);
    const std::int64_t each = std::min(carried / lane.sockets, kStreamsPerConnection);
    lane.streams = std::max(lane.streams, each);
  }
  if (address_was_known) return;
  --host.lookups;
  if (host.looked_up) --lookups_;
}

void ConnectionQueue::opening(Lane& lane) {
  if (!lane.http2 || lane.sockets == 0) return;
  const std::int64_t carried = (lane.inside - 1) / lane.sockets;
  if (carried >= kStreamsMin) lane.streams = std::min(lane.streams, carried);
}

void ConnectionQueue::left(Lane& lane, Left stage, bool abandoned, Nanos now) {
  --inside_;
  --lane.inside;
  Host& host = *lane.host;
  --host.inside;
  if (stage == Left::sent) return;
  --host.unsent;
  if (stage == Left::resolved) return;
  --host.lookups;
  if (!host.looked_up) return;
  if (abandoned) {
    try {
      host.abandoned.push_back(now);
      ++abandoned_;
      return;
    } catch (const std::bad_alloc&) {
      // Then it is not counted.
    }
  }
  --lookups_;
}

}  // namespace holysheep
