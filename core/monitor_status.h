// Everything that the monitor page and `holysheep top` show of a client, as one JSON object. Holds
// no key, no prompt and no answer. Pure; any thread.
#pragma once

#include <string>

#include "core/client_monitor.h"
#include "core/snapshot.h"

namespace holysheep {

// Whether calls are answered: what /health judges by. Calls that waited for an absorbed 429 and
// were answered are answered.
struct ClientHealth {
  bool calls_fail = false;       // most calls of the window, at least 20, brought an error
  bool nobody_can_take = false;  // every endpoint is limited or down, for longer than `max_wait`
  bool ok() const { return !calls_fail && !nobody_can_take; }
};
ClientHealth client_health(const ClientMonitor& client, const Snapshot& snapshot, Now now);
// The health report with "ok" and "reason" beside the document's members.
std::string client_health_json(const ClientMonitor& client, const Snapshot& snapshot, Now now);

// Where the monitor endpoint listens, or why not; both empty: nobody asked for one.
struct ListenState {
  std::string address;
  std::string error;
};
std::string client_status_json(const ClientMonitor& client, const Snapshot& snapshot,
                               const ListenState& listen, Now now);

}  // namespace holysheep
