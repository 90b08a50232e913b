// Reads the endpoints of a configuration and decides where the client's key may go. Part of
// parsing: works on JSON that was checked against the table before.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/config.h"
#include "core/json.h"
#include "core/result.h"

namespace holysheep {

// Keys, headers and the like that were read from `root` so far stand in `config`. Appends the
// endpoints and their secrets. A key that is not set is no error yet: the first goes to
// `missing_key`, so that a configuration can be checked to its end where no key is.
std::optional<Error> read_endpoints(const JsonValue& root, const Environment& environment,
                                    Config& config, std::optional<Error>& missing_key);

// {"env": …}, {"file": …} or a string; an absent value is Kind::none.
Result<KeySource> read_key(const JsonValue& value, std::string_view path,
                           const Environment& environment, std::vector<std::string>& secrets,
                           std::optional<Error>& missing_key);

// The key of an endpoint, or the client's where it may go there; Kind::none: without.
const KeySource& key_of(const EndpointConfig& endpoint, const Config& config);

// Where the document looks after a 503.
constexpr std::string_view kDocumentStatusPage = "https://status.holysheep.ai";

// The document's three, in its order.
struct DocumentEndpoint {
  std::string_view name;
  std::string_view url;
};
constexpr DocumentEndpoint kDocumentEndpoints[] = {
    {"primary", "https://api.holysheep.ai/v1"},
    {"backup-1", "https://backup1.holysheep.ai/v1"},
    {"backup-2", "https://backup2.holysheep.ai/v1"},
};

}  // namespace holysheep
