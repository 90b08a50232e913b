// What a simulation found out, as JSON: for programs, and for the table of `holysheep simulate`.
#pragma once

#include <string>

#include "core/sim/sim_scenario.h"
#include "core/sim/simulation.h"

namespace holysheep {

// Nothing in it comes from a real clock: the same scenario and seed give the same text.
std::string simulation_report(const SimScenario& scenario, std::uint64_t seed,
                              const Simulation& simulation);

}  // namespace holysheep
