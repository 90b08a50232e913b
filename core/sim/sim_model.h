// What a simulated provider is like, as values: its limits, its speed, how it says 429, and what
// goes wrong with it and when. sim_scenario reads them from JSON; tests write them down directly.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/duration.h"
#include "core/sim/distribution.h"
#include "core/sim/sim_limits.h"
#include "core/transport_error.h"

namespace holysheep {

// The provider families of PROVIDERS 1.1, by the way they say when to come back.
enum class SimFamily : std::uint8_t {
  openai,     // text, retry-after-ms, x-ratelimit-*
  groq,       // text, retry-after in seconds; 413 for what never fits
  azure,      // "Please retry after N seconds", retry-after
  anthropic,  // anthropic-ratelimit-*-reset as RFC 3339
  gemini,     // an array with google.rpc.RetryInfo, no headers
  document,   // `retry_after` in the error body
  plain,      // Retry-After alone
  silent,     // a 429 that says nothing
};

// How one answer goes wrong, or what exactly it is.
enum class SimFaultKind : std::uint8_t {
  none,             // the provider answers as its model says
  status,           // `status`, `headers`, `body`, or exactly `pieces`
  refuse,           // connection refused
  resolve,          // the name has no address
  unreachable,      // connecting never ends
  local,            // this machine has no descriptor left
  dead_connection,  // a reused connection turns out dead; a fresh one works
  reset,            // cut before the header had come
  stall,            // silence after the request was sent
  slow,             // `factor` times slower
  cut,              // cut inside the body, after `after_pieces` pieces of content
  silence,          // the same, but nothing comes any more
  truncated,        // the body ends well-framed but early
  in_band,          // an error object instead of the next piece
  html,             // 200 with a page
  error_object,     // 200 with an error object
  done_only,        // a stream that is only [DONE]
};

enum class SimEnd : std::uint8_t { complete, cut, silence };

struct SimFault {
  SimFaultKind kind = SimFaultKind::none;
  // When: on the simulation's clock, and for which share of the requests in that time.
  Nanos from = 0;
  Nanos until = kNever;
  double rate = 1;
  // What.
  int status = 0;
  std::string headers;                   // "Name: value\r\n" lines
  std::optional<std::string> body;       // absent: a fitting one
  std::optional<Distribution> delay_ms;  // until the header; absent: as the model says
  std::vector<std::string> pieces;       // a body exactly as it comes
  Distribution piece_delay_ms;
  SimEnd end = SimEnd::complete;
  int after_pieces = -1;  // -1: anywhere
  double factor = 10;
};

struct SimProviderModel {
  std::string name;  // of the endpoint
  SimFamily family = SimFamily::openai;
  SimLimits limits;
  Distribution connect_ms = Distribution::fixed(20);
  Distribution first_token_ms = Distribution::fixed(200);
  Distribution token_ms = Distribution::fixed(5);
  Distribution error_ms = Distribution::fixed(30);  // until an error's header
  Distribution output_tokens = Distribution::fixed(20);
  int pieces = 8;                  // of content in a stream
  std::vector<SimFault> schedule;  // the first that applies is it
  std::vector<SimFault> answers;   // one for each request, before the schedule
};

}  // namespace holysheep
