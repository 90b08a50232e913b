// Asks a provider's status page, as the document does after a 503: one GET, 5 seconds at most.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/config.h"
#include "core/queue.h"
#include "core/result.h"

namespace holysheep {

class Engine;

constexpr std::int64_t kServiceCheckMs = 5000;

// The configuration of an engine for `url`, as JSON. `network`: MonitorConfig::network.
std::string service_check_config(std::string_view url, std::string_view network);

// Asks again and again, through an engine of its own, and tells in one line what the page says.
//
// Threads: ask() is the client's engine's; `told` is called by the page's.
class ServiceAsker {
 public:
  using Told = std::function<void(std::string said)>;
  // `engine` must outlive it.
  ServiceAsker(Engine& engine, std::string url, Told told);
  ~ServiceAsker();
  ServiceAsker(const ServiceAsker&) = delete;
  ServiceAsker& operator=(const ServiceAsker&) = delete;

  void ask();

 private:
  static void take_answer(void* self);

  Engine& engine_;
  std::string url_;
  Told told_;
  std::shared_ptr<Queue> queue_ = std::make_shared<Queue>();
};

// JSON: `url`, `ok` (the page answered with 2xx and names no outage), `http_status`, `indicator`
// and `description` of pages that tell them (else null), `took_ms`, `error` (or null). Blocks up to
// `timeout_ms`. An error only if the URL is none.
Result<std::string> check_service(std::string_view url, std::int64_t timeout_ms,
                                  const Environment& environment);

}  // namespace holysheep
