// What the operating system keeps per process and not per thread: variables and error texts, asked
// in one place. Only child.cpp sets a variable, and no thread of the library reads any by then.
#pragma once

#include <cstdlib>
#include <string>
#include <system_error>

namespace holysheep::cli {

// Null if it is not set.
inline const char* environment_variable(const char* name) {
  return std::getenv(name);  // NOLINT(concurrency-mt-unsafe)
}

// "No space left on device"
inline std::string reason_of(int error_number) {
  return std::generic_category().message(error_number);
}

}  // namespace holysheep::cli
