// Tells a URL of alerts: each is a POST through an engine of its own, which retries for two minutes
// and holds nobody up. What became of it stands in AlertDeliveries.
//
// Threads: tell() is called by the thread that raises alerts; what ends, by the webhook's engine.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/alert.h"
#include "core/alert_deliveries.h"
#include "core/config_monitor.h"
#include "core/queue.h"

namespace holysheep {

class Engine;

// The configuration of that engine, as JSON.
std::string webhook_config(const MonitorConfig& monitor);
// The body of the POST; `name` says whose alert it is.
std::string webhook_body(const Alert& alert, WebhookFormat format, std::string_view name);
// "host, process 4711": for programs that have no name.
std::string default_program_name();

class Webhook {
 public:
  // Both references must outlive it. `ended` is called after each change of `deliveries`.
  Webhook(Engine& engine, const MonitorConfig& config, AlertDeliveries& deliveries,
          std::function<void()> ended);
  ~Webhook();
  Webhook(const Webhook&) = delete;
  Webhook& operator=(const Webhook&) = delete;

  void tell(const Alert& alert);

 private:
  static void take_ended(void* self);
  void send_next_locked();

  Engine& engine_;
  AlertDeliveries& deliveries_;
  std::function<void()> ended_;
  std::string name_;
  std::string path_;
  WebhookFormat format_;
  std::shared_ptr<Queue> queue_ = std::make_shared<Queue>();
  std::mutex mutex_;
  std::deque<std::string> waiting_;  // under mutex_: bodies
  bool busy_ = false;                // under mutex_: one is on its way
};

}  // namespace holysheep
