// Whether a request may be sent again (SEMANTICS 3, "Replay class"): a data table by method, path
// and body.
#pragma once

#include <cstdint>
#include <string_view>

namespace holysheep {

enum class Replay : std::uint8_t {
  free,   // any route, any number of times
  bound,  // stays on one endpoint
  once,   // repeated only when provably not processed
};

std::string_view name_of(Replay replay);

// What the body says that matters here; filled from the request by request.cpp.
struct ReplayFacts {
  bool previous_response = false;  // previous_response_id, encrypted_content
  bool stored = false;             // store: true, background: true
  bool server_side_tools = false;  // /responses with tools that run at the provider
};

Replay replay_class(std::string_view method, std::string_view path, const ReplayFacts& facts);

}  // namespace holysheep
