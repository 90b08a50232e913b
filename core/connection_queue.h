// Who may enter libcurl, and who waits: attempts wait here, first come first served, because one
// that waits inside libcurl cannot be told apart from one that is connecting, and a name lookup
// that hangs takes a thread of the process each.
//
// Rules:
// - A host without a live connection gets kProbesMax attempts inside. The first that is connected
//   proves the host alive and lets the others in.
// - A host whose address is about to be looked up again gets kProbesMax attempts beyond its idle
//   connections.
// - A cancelled lookup cannot be stopped, its thread goes on: it counts for kLookupLingers.
// - Per endpoint and in all, no more connections than connections_max: over HTTP/1.1 an attempt is
//   a connection; over HTTP/2 many share one, so sockets are counted.
// - How many streams a server allows on a connection libcurl does not tell: beyond what its open
//   connections are known to have carried an endpoint gets one attempt inside at a time, as long as
//   its connections are not too many, and a connection that libcurl has to open for it says that
//   those before were full.
// - A host that waits never holds another one back.
//
// Pure bookkeeping: no socket, no clock, no libcurl. One thread.
#pragma once

#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/transport.h"

namespace holysheep {

class CurlHandle;
struct Lane;

// Attempts of one host inside libcurl while no connection to it is known to live.
constexpr int kProbesMax = 2;
// Attempts beyond those that may look a name up while live connections exist.
constexpr int kUnprovenMax = 16;
// Lookups of one host, and of all, that may run at once, abandoned ones included: each is a thread.
constexpr int kLookupsPerHostMax = 4;
constexpr int kLookupsMax = 16;
// An abandoned lookup is taken for ended after this: resolvers give up after 5 to 30 s, and with
// kLookupsPerHostMax even 30 s stay under kLookupsMax threads.
constexpr Nanos kLookupLingers = 10 * kSecond;
// libcurl keeps an address for this long (CURLOPT_DNS_CACHE_TIMEOUT).
constexpr Nanos kAddressKept = 60 * kSecond;
// Streams that libcurl puts on one HTTP/2 connection (CURLMOPT_MAX_CONCURRENT_STREAMS). A server
// that allows fewer is found out by the connections that libcurl opens.
constexpr std::int64_t kStreamsPerConnection = 100;
// Fewer than these say nothing of the server: a connection was closing, or is being replaced.
constexpr std::int64_t kStreamsMin = 2;

// Everything that two requests must share to share a connection's fate: scheme, host, port, proxy.
struct Host {
  std::string name;             // of errors: "host:port"
  bool looked_up = true;        // by name, not a numeric address
  int live = 0;                 // connections that have carried a request
  int inside = 0;               // attempts inside libcurl
  int unsent = 0;               // of those, not yet connected
  int waiting = 0;              // attempts that may not enter yet
  int lookups = 0;              // of those, without an address yet
  Nanos resolved_at = 0;        // when libcurl's address was looked up; 0: never
  std::deque<Nanos> abandoned;  // lookups: when they were left alone
  std::vector<Lane*> lanes;
};

// One endpoint: its settings, its limit, its idle handles, its queue.
struct Lane {
  struct Waiting {
    AttemptId attempt = 0;
    std::uint64_t ticket = 0;
    HttpRequest request;
  };
  Lane();
  ~Lane();
  void socket_closed();

  EndpointConfig settings;  // a copy of what concerns connections
  Host* host = nullptr;
  std::int64_t connections_max = 0;
  std::int64_t inside = 0;
  std::int64_t sockets = 0;                      // that its attempts have opened and that are open
  bool http2 = false;                            // its last answer came over HTTP/2
  std::int64_t streams = kStreamsPerConnection;  // that a connection of it can carry at most
  std::int64_t known = 0;  // streams that the open connections have carried together
  std::list<Waiting> waiting;
  std::vector<std::unique_ptr<CurlHandle>> idle_handles;
};

class ConnectionQueue {
 public:
  explicit ConnectionQueue(std::int64_t connections_max) : connections_max_(connections_max) {}
  ~ConnectionQueue();

  Lane& lane_of(const EndpointConfig& endpoint);

  bool may_enter(const Lane& lane, Nanos now);
  // Whether the endpoint's connections suffice for one more, those that wait included. A host that
  // is only not proven yet has room: that takes a moment, or fails.
  bool has_room(const Lane& lane) const;
  std::list<Lane::Waiting>::iterator wait(Lane& lane, AttemptId attempt, HttpRequest request);
  void forget(Lane& lane, std::list<Lane::Waiting>::iterator waiting);
  // Takes the next attempt that may enter now, hosts in turn. Null: none.
  Lane* next(Nanos now, Lane::Waiting* taken);
  std::size_t waiting() const { return waiting_; }
  // Before libcurl is cleaned up: easy handles must be gone by then.
  void drop_handles();
  // When waiting alone may let somebody in (an abandoned lookup counts no more); kNever: never.
  Nanos next_chance(Nanos now) const;

  // The way of an attempt through libcurl.
  void entered(Lane& lane);
  void address_known(Host& host, Nanos entered_at, bool at_once);
  // `shared`: on a connection that was there before.
  void sent(Lane& lane, bool address_was_known, bool shared);
  // libcurl opens a connection for an attempt of that lane, which could have shared one.
  void opening(Lane& lane);
  enum class Left : std::uint8_t { resolving, resolved, sent };
  // `abandoned`: cancelled, so that its lookup goes on alone.
  void left(Lane& lane, Left stage, bool abandoned, Nanos now);

 private:
  Host& host_of(const EndpointConfig& endpoint);
  bool host_admits(Host& host, Nanos now);
  bool lookup_admitted(const Host& host, Nanos now);
  void forget_ended_lookups(Nanos now);
  std::int64_t connections_used() const;
  std::int64_t about_to_enter() const;
  // Whether one more attempt beside `inside` others finds a place on an open HTTP/2 connection.
  static bool shares(const Lane& lane, std::int64_t inside);
  Lane* first_in_line(Host& host, Nanos now);

  std::int64_t connections_max_;
  std::int64_t inside_ = 0;
  std::size_t waiting_ = 0;
  std::uint64_t tickets_ = 0;
  std::size_t turn_ = 0;  // the host that is asked first
  int lookups_ = 0;       // running and abandoned, of all hosts
  int abandoned_ = 0;
  std::vector<std::unique_ptr<Host>> hosts_;
  std::map<std::string, Host*> hosts_by_key_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::unordered_map<const EndpointConfig*, Lane*> lanes_by_endpoint_;
};

}  // namespace holysheep
