// What stands behind the opaque objects of the C ABI, and the check that each function makes first.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "capi/holysheep.h"
#include "core/client_monitor.h"
#include "core/engine_host.h"
#include "core/monitor.h"
#include "core/process_id.h"
#include "core/queue.h"

// A handle on an engine.
struct holysheep_client {
  std::shared_ptr<holysheep::EngineHost> host;
  holysheep::HandleId handle = 0;
  pid_t pid = 0;
  std::atomic<bool> closed{false};
  std::atomic<bool> draining{false};
};

// A monitor of the user's own, or a client's.
struct holysheep_monitor {
  std::unique_ptr<holysheep::Monitor> own;
  std::shared_ptr<holysheep::EngineHost> host;
  pid_t pid = 0;

  holysheep::Monitor& monitor() { return own ? *own : host->engine().monitor().monitor(); }
};

struct holysheep_queue {
  std::shared_ptr<holysheep::Queue> queue;
  pid_t pid = 0;
  // The engines that calls were submitted to with this queue: freeing it cancels them there.
  std::mutex mutex;
  std::vector<std::weak_ptr<holysheep::EngineHost>> hosts;  // under mutex
  std::atomic<holysheep::HandleId> last_handle{0};          // the client of the last submit

  void remember(const holysheep_client& client) {
    if (last_handle.exchange(client.handle, std::memory_order_relaxed) == client.handle) return;
    const std::lock_guard<std::mutex> lock(mutex);
    std::erase_if(hosts, [](const auto& each) { return each.expired(); });
    for (const auto& each : hosts) {
      if (each.lock() == client.host) return;
    }
    hosts.push_back(client.host);
  }
};

struct holysheep_batch {
  std::vector<holysheep::Completion> completions;
  std::vector<std::string> metas;  // made when asked for, one for each completion
};

namespace holysheep {

// HOLYSHEEP_OK, INVALID_ARGUMENT for NULL, or FORKED in a child of the process that made it.
template <typename Object>
holysheep_status usable(const Object* object) {
  if (object == nullptr) return HOLYSHEEP_E_INVALID_ARGUMENT;
  return object->pid == process_id() ? HOLYSHEEP_OK : HOLYSHEEP_E_FORKED;
}

}  // namespace holysheep
