// A call's trace, one line per attempt, from the JSON beside its DONE event.
#pragma once

#include <string>
#include <string_view>

namespace holysheep::cli {

std::string trace_lines(std::string_view meta);

}  // namespace holysheep::cli
