// The pool's status as a table, for `status` and `demo`.
#pragma once

#include "bindings/cli/json.h"
#include "bindings/cli/table.h"

namespace holysheep::cli {

// From the JSON of holysheep_client_status().
Table pool_table(const Json& status);
Colour colour_of_status(std::string_view status);

}  // namespace holysheep::cli
