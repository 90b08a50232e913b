// Whether it is this machine that has no network: asked only after a failure, so that local faults
// never count against an endpoint.
#pragma once

#include "core/transport_error.h"

namespace holysheep {

// none, local_network (no route to anywhere), local_descriptors or local_memory. Connects datagram
// sockets towards addresses reserved for documentation, which asks the routing table and sends
// nothing.
TransportError probe_network();

}  // namespace holysheep
