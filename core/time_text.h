// Instants as text.
#pragma once

#include <string>

#include "core/duration.h"

namespace holysheep {

// "2026-11-26T22:53:10.125000+00:00", as Python's isoformat() and JavaScript's Date read it.
std::string iso_8601(Nanos unix_nanos);

}  // namespace holysheep
