// What the environment and the configuration say about the way to an endpoint: proxy, certificates.
// Resolved once, in open, so that libcurl never reads the environment by itself.
#pragma once

#include <optional>
#include <vector>

#include "core/config.h"
#include "core/json.h"
#include "core/result.h"

namespace holysheep {

// Fills in http, proxy, no_proxy, ca_file, client_cert and client_key from the endpoint's object,
// the client's object and the environment, in this order. `path` names the endpoint in errors.
std::optional<Error> read_network(const JsonValue& object, const JsonValue& root,
                                  const Environment& environment, const std::string& path,
                                  EndpointConfig& endpoint, std::vector<std::string>& secrets);

}  // namespace holysheep
