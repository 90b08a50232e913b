// A monitor's and a client's metrics as text for Prometheus. Pure; any thread.
#pragma once

#include <string>

#include "core/client_monitor.h"
#include "core/exposition.h"
#include "core/monitor.h"
#include "core/snapshot.h"

namespace holysheep {

std::string monitor_metrics(const Monitor& monitor, ExpositionFormat format, Now now);
std::string client_metrics(const ClientMonitor& client, const Snapshot& snapshot,
                           ExpositionFormat format, Now now);

}  // namespace holysheep
