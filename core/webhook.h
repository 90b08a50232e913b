// Tells a webhook of alerts: each becomes an HTTP POST that an engine of its own sends, with
// retries and failover's patience, so that nobody waits for it.
//
// Threads: tell() from one at a time.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/alert.h"
#include "core/config_monitor.h"
#include "core/queue.h"

namespace holysheep {

class Engine;

// The configuration of that engine, as JSON.
std::string webhook_config(std::string_view url);
// The body of the POST.
std::string webhook_body(const Alert& alert, WebhookFormat format);

class Webhook {
 public:
  Webhook(Engine& engine, std::string url, WebhookFormat format);
  void tell(const Alert& alert);

 private:
  Engine& engine_;
  std::string path_;
  WebhookFormat format_;
  std::shared_ptr<Queue> queue_ = std::make_shared<Queue>();
  std::vector<Completion> ended_;
};

}  // namespace holysheep
