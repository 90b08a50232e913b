// What stands around a running client's monitor: the endpoint that serves it, the webhook that is
// told of alerts, the log. Made before the engine's thread starts, ended by that thread.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "core/engine.h"
#include "core/monitor_http.h"
#include "core/monitor_server.h"
#include "core/service_check.h"
#include "core/transport.h"
#include "core/webhook.h"

namespace holysheep {

class MonitorService : private MonitorSource {
 public:
  using Clock = Now (*)(const void* context);

  MonitorService(Engine& engine, Transport& transport, Clock clock, const void* context);
  ~MonitorService() override;

  // Listens where the configuration says so. What is in the way is logged, not an error.
  void listen();
  // `engine` must outlive the service.
  void tell_webhook(Engine& engine);
  // `engine` asks the status page, and must outlive the service.
  void ask_status_page(Engine& engine);
  void set_draining() { draining_.store(true, std::memory_order_relaxed); }
  // "" if nobody listens.
  std::string address() const;
  std::string status_json() const { return status(); }

 private:
  static void tick(void* self);

  std::string metrics(ExpositionFormat format) const override;
  std::string status() const override;
  std::string health(bool* ok) const override;
  bool alive() const override { return alive_.load(std::memory_order_relaxed); }
  bool ready() const override { return !draining_.load(std::memory_order_relaxed); }
  std::string token() const override;

  Engine& engine_;
  Transport& transport_;
  Clock clock_;
  const void* context_;
  std::unique_ptr<Webhook> webhook_;
  std::unique_ptr<ServiceAsker> asker_;
  std::atomic<bool> draining_{false};
  std::atomic<bool> alive_{true};
  // The server's thread.
  std::uint64_t turns_ = 0;
  int still_ticks_ = 0;
  std::string error_;                      // why nobody listens
  std::unique_ptr<MonitorServer> server_;  // last: it ends first
};

}  // namespace holysheep
