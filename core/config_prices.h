// The configuration's `prices`: the client's, and those of an endpoint, which come first.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "core/price.h"
#include "core/result.h"

namespace holysheep {

class JsonValue;
class JsonWriter;

// Reads `object`.prices, if there are any.
std::optional<Error> read_prices(const JsonValue& object, std::map<std::string, Price>& prices);
// Writes the member "prices".
void write_prices(JsonWriter& json, const std::map<std::string, Price>& prices);

}  // namespace holysheep
