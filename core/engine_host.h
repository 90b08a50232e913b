// Runs an engine on a thread of its own over real sockets, and shares it: opening an equal
// configuration gives another handle on the same engine. Owns the thread, the clocks' offset (the
// mock's), parking around fork().
//
// Lifetime: the thread holds a reference to its host, so nobody ever waits for it: the last handle
// asks it to stop, it ends its calls, flushes their DONEs and lets go.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "core/config.h"
#include "core/engine.h"
#include "core/result.h"
#include "core/transport.h"

namespace holysheep {

class MonitorService;

class EngineHost : public std::enable_shared_from_this<EngineHost> {
 public:
  // Finds the engine of an equal configuration or starts one. Each open() gives a handle of its
  // own.
  struct Opened {
    std::shared_ptr<EngineHost> host;
    HandleId handle = 0;
  };
  static Result<Opened> open(std::shared_ptr<const Config> config);

  Engine& engine() { return *engine_; }
  // Both clocks as the engine sees them.
  Now now() const;

  // The engine's key is no longer the configured one: later opens get another engine.
  void stop_sharing() { shared_.store(false, std::memory_order_relaxed); }
  // The handle's calls end with CANCELLED. Never blocks.
  void close(HandleId handle);
  // Waits until the handle has no calls left and, after the last close(), until the thread has
  // ended.
  bool join(HandleId handle, std::int64_t timeout_ms);
  // Waits for the handle's calls to end; false if some were left when the time was up.
  bool wait_idle(HandleId handle, std::int64_t timeout_ms);
  // The monitor endpoint says from now on that no calls are taken.
  void begin_drain();
  // As the monitor page has it.
  std::string status_json() const;
  // Moves the engine's clock forward and returns when a turn has been made with the new time.
  void advance_clock(Nanos duration);

  // Around fork(): every engine of the process stands between two turns. False: not within the
  // second that is the limit.
  static bool park_all();
  static void resume_all();

  ~EngineHost();

 private:
  EngineHost() = default;
  std::optional<Error> start_webhook();
  std::optional<Error> start_service_check();
  void stop_when_idle();
  void stop_helpers();
  void end_service();
  static Result<std::shared_ptr<EngineHost>> start(std::shared_ptr<const Config> config);
  void run();
  void park_if_asked();
  template <typename Condition>
  bool wait_for(std::int64_t timeout_ms, Condition condition);

  std::shared_ptr<const Config> config_;
  std::atomic<Nanos> clock_offset_{0};
  std::unique_ptr<Transport> transport_;
  std::unique_ptr<Engine> engine_;
  std::shared_ptr<EngineHost> webhook_;      // sends what the monitor tells; null: none
  std::shared_ptr<EngineHost> status_page_;  // asks it; null: none
  mutable std::mutex service_mutex_;
  std::unique_ptr<MonitorService> service_;  // under service_mutex_; ended by the engine's thread

  std::atomic<bool> stopping_{false};
  std::atomic<bool> shared_{true};
  std::atomic<bool> park_asked_{false};
  std::atomic<int> watchers_{0};  // threads in wait_for
  std::mutex mutex_;
  std::condition_variable turned_;
  std::uint64_t turns_ = 0;         // under mutex_, counted while somebody watches
  bool parked_ = false;             // under mutex_
  bool ended_ = false;              // under mutex_
  std::uint32_t handles_open_ = 0;  // under the registry's mutex
};

}  // namespace holysheep
