// What a simulation found out, as JSON: for programs, and for the table of `holysheep simulate`.
#pragma once

#include <string>

#include "core/sim/sim_scenario.h"
#include "core/sim/simulation.h"

namespace holysheep {

// `real_time`: how long the run took on a real clock, which the simulation itself does not know.
std::string simulation_report(const SimScenario& scenario, std::uint64_t seed,
                              const Simulation& simulation, Nanos real_time);

}  // namespace holysheep
