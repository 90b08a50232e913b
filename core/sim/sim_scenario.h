// A scenario as values: a client configuration, a provider for each of its endpoints, and the load.
// Read from strict JSON (SIMULATOR.md): an unknown key is an error that names its path and the
// nearest name, keys that begin with "x-" excepted.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/config.h"
#include "core/result.h"
#include "core/sim/sim_model.h"

namespace holysheep {

enum class SimArrivals : std::uint8_t { poisson, uniform, listed };

// The calls of a run and what their reader does.
struct SimLoad {
  SimArrivals arrivals = SimArrivals::uniform;
  double per_second = 1;
  std::vector<Nanos> at;  // listed
  std::int64_t calls_max = 0;
  std::string model = "gpt-4.1";
  Distribution input_tokens = Distribution::fixed(100);
  Distribution max_tokens = Distribution::fixed(0);  // 0: not in the request
  double stream_share = 0;
  std::int64_t timeout_ms = 0;  // as in a request: 0 the client's, -1 none
  std::string options;          // of each call, JSON
  double cancel_share = 0;
  Distribution cancel_after_ms = Distribution::fixed(0);
  Distribution read_ms = Distribution::fixed(0);  // until a piece of a stream has been read
};

struct SimScenario {
  std::string name;
  std::uint64_t seed = 1;
  Nanos duration = kMinute;  // of the arrivals; calls that run then are played to their end
  std::shared_ptr<const Config> config;
  std::vector<SimProviderModel> providers;  // one for each endpoint, in its order
  SimLoad load;
};

// A simulation holds all of its calls in memory: more are refused.
constexpr std::int64_t kSimCallsMax = 1'000'000;
// A prompt is real bytes in the engine's memory.
constexpr std::int64_t kSimTokensMax = 200'000;

Result<SimScenario> parse_scenario(std::string_view text);

// A configuration for simulations: the key, if it names none, is "simulated-key".
Result<std::shared_ptr<const Config>> simulation_config(std::string_view json);

}  // namespace holysheep
