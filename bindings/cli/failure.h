// How a failure is told: what happened, then what to do about it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "holysheep.h"

namespace holysheep::cli {

// "rate_limit: … (try again in 12.0 s)"
std::string describe(holysheep_status status, std::int64_t retry_after_ms,
                     std::string_view message);
std::string describe(const holysheep_error& error);
// What the person at the terminal can do; empty if the message says it all.
std::string_view advice(holysheep_status status);
// Both, on standard error.
void complain_about(holysheep_status status, std::int64_t retry_after_ms, std::string_view message);
void complain_about(const holysheep_error& error);

}  // namespace holysheep::cli
