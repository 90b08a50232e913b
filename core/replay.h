// Whether a request may be sent again (SEMANTICS 3, "Replay class"): a data table by method, path
// and body.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace holysheep {

enum class Replay : std::uint8_t {
  free,   // any route, any number of times
  bound,  // stays on one endpoint
  once,   // repeated only when provably not processed
};

std::string_view name_of(Replay replay);

// What the body says that matters here; filled from the request by request_body.cpp.
struct ReplayFacts {
  std::vector<std::string> state_ids;  // of server state that the request builds on
  bool previous_response = false;      // previous_response_id, encrypted_content
  bool stored = false;                 // store: true, background: true
  bool server_side_tools = false;      // /responses with tools that run at the provider
};

// The path behind "/v1", without query and slashes at its ends: "/v1/files/?x=1" is "files".
std::string_view bare_path(std::string_view path);

Replay replay_class(std::string_view method, std::string_view path, const ReplayFacts& facts);

}  // namespace holysheep
