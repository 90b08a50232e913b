// The engine: owns every call, the pool and all timers, and runs on one thread, turn by turn. It
// reads no clock and no socket: a turn gets the time and the transport's events and returns when it
// wants the next one at the latest. engine_host.h runs it on a thread with curl_transport; core/sim
// drives the same turn in virtual time.
//
// A turn: inbox, transport events, due timers (an event beats a timer of the same turn), starts,
// snapshot, outboxes.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/config.h"
#include "core/queue.h"
#include "core/request.h"
#include "core/snapshot.h"
#include "core/transport.h"

namespace holysheep {

class ClientMonitor;

class Engine {
 public:
  // `reread_key` returns the key that is in its file now, or nothing. It is asked at open, at most
  // once a second while calls begin, and after a 401.
  using RereadKey = std::function<std::string(const KeySource& source)>;
  Engine(std::shared_ptr<const Config> config, Transport& transport, std::uint64_t seed,
         RereadKey reread_key = {});
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // -- any thread ---------------------------------------------------------------------------
  // The id is stored in *id before the engine can know of the call. Time limits begin with the turn
  // that takes the call in.
  Status submit(Request request, std::shared_ptr<Queue> queue, std::uint64_t user_data,
                HandleId handle, CallId* id, Error* error);
  Status cancel(CallId call);
  Status credit(CallId call, std::size_t bytes);
  // An empty endpoint name: the client's key, all endpoints.
  Status set_key(std::string_view endpoint, std::string_view key, Error* error);
  Status reset(std::string_view endpoint, Error* error);
  void close_handle(HandleId handle);  // cancels its calls
  // Nobody will read this queue any more: cancels its calls.
  void drop_queue(std::shared_ptr<Queue> queue);
  // Ends those of its calls that wait for capacity; the others go on. New ones are refused by the
  // owner of the handle.
  void drain_handle(HandleId handle);
  std::size_t calls_of(HandleId handle) const;  // not yet DONE
  // The log of this handle; null: none.
  void log_to(HandleId handle, std::shared_ptr<Queue> queue, int level);
  std::shared_ptr<const Snapshot> snapshot() const;
  // `ask` is called on the loop's thread when every endpoint has failed; what the provider's status
  // page says then comes with service_told(), from any thread. Before the first turn only.
  void set_service_check(std::function<void()> ask);
  void service_told(std::string said);
  // Writes a warning to the log; before the first turn only.
  void warn(const std::string& message, Now now);
  // Lives as long as the engine.
  ClientMonitor& monitor();
  const Config& config() const;

  // -- the loop's thread ---------------------------------------------------------------------
  // Returns the instant of the next timer (kNever: none). `events` is emptied.
  Nanos turn(Now now, std::vector<TransportEvent>& events);
  // If there is no call and nothing in the inbox: refuses whatever comes from now on, and true.
  bool end_if_idle();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace holysheep
