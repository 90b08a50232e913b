// One answer of a simulated provider: what comes, when, and whether it is a whole success. The
// words of the answers are those of real providers (PROVIDERS 1.1, 1.5).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/sim/sim_model.h"
#include "core/transport.h"

namespace holysheep {

// What a provider looks at in a request.
struct SimRequest {
  std::string path;  // without the query
  std::string model;
  bool stream = false;
  bool include_usage = false;
  std::int64_t input_tokens = 0;  // estimated from the body's size
  std::int64_t max_tokens = 0;    // 0: not given
};
SimRequest read_sim_request(const HttpRequest& request);

struct SimPiece {
  Nanos delay = 0;  // after what came before
  std::string bytes;
};

// Whether a call that ends with this answer may be called a success.
enum class SimTruth : std::uint8_t { unknown, good, bad };

struct SimAnswer {
  int status = 0;  // 0: no header comes
  std::string headers;
  Nanos head_delay = 0;  // from the request
  std::vector<SimPiece> pieces;
  Nanos end_delay = 0;
  SimEnd end = SimEnd::complete;
  TransportError error = TransportError::none;  // of an end that is a cut
  SimTruth truth = SimTruth::unknown;
  bool admitted = false;  // counts against the provider's limits
  // A 429: how long the provider said to stay away.
  std::optional<Nanos> told_wait;
  // The payload of each event of a stream, or the whole body: what a reader must get.
  std::vector<std::string> payloads;
};

// A success: a completion of `tokens` tokens, whole or as a stream of `pieces` pieces of content.
SimAnswer success_answer(const SimRequest& request, std::int64_t tokens, int pieces);
// An error in OpenAI's shape, in the document's words where it has some.
SimAnswer error_answer(int status);
std::string error_body(std::string_view message, std::string_view type, std::string_view code);

constexpr std::string_view kSimJsonHeader = "content-type: application/json\r\n";

}  // namespace holysheep
