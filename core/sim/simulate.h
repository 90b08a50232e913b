// One scenario from text to report: what holysheep_simulate() and `holysheep simulate` call.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/result.h"
#include "core/sim/sim_scenario.h"
#include "core/sim/simulation.h"

namespace holysheep {

// `seed` 0: the scenario's own. Errors: config (the scenario, with its path); internal (a check of
// sim_checks.h broke; the message names seed and step, from which the run replays exactly).
Result<std::string> simulate(std::string_view scenario, std::uint64_t seed);

// Runs the load of a scenario to its end; simulation.breach() tells whether all checks held.
std::unique_ptr<Simulation> run_scenario(const SimScenario& scenario, std::uint64_t seed);

}  // namespace holysheep
