// Checks a parsed JSON text against the table, key by key: unknown names, types, ranges, choices,
// names given twice. What has passed may be read with JsonValue's lenient readers.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/config_table.h"
#include "core/json.h"
#include "core/result.h"

namespace holysheep {

// "endpoints[1].weight: expected …". `what` stands for the root ("configuration"), and before each
// path if the scope is a call's ("options.tag").
std::optional<Error> check_by_table(const JsonValue& root, Scope scope, std::string_view what,
                                    Status status);

// The text of one complaint; an empty path stands for the whole configuration.
Error config_error(std::string_view path, std::string_view complaint,
                   Status status = Status::config);

// "“a”, “b” or “c”" in JSON's quotes.
std::string list_choices(const std::vector<std::string_view>& choices);
// `; did you mean "x"?`, or "" if no name is near.
std::string did_you_mean(std::string_view name, const std::vector<std::string_view>& names);

// The member at a dotted path ("retry.max_attempts").
JsonValue member_at(const JsonValue& object, std::string_view path);

}  // namespace holysheep
