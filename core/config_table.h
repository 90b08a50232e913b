// The one table that describes every key of the configuration and of a call's options. Parsing,
// CONFIGURATION.md and the JSON Schema are all read off it, so that none can say something else.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace holysheep {

// Where a key may stand. One row may hold for several.
enum class Scope : std::uint8_t { client = 1, endpoint = 2, call = 4 };

enum class KeyType : std::uint8_t {
  boolean,
  integer,  // least … most
  number,   // least … most
  text,     // least … most: bytes
  choice,   // one of `choices`
  text_list,
  text_map,    // object of strings
  object,      // its members are the rows whose path goes on after this one
  object_map,  // object of such objects; `*` stands for the member's name
  endpoints,   // array of names, URLs and endpoint objects
  credential,  // string, {"env": …} or {"file": …}
  dollars,     // decimal string or number
  models,      // array of strings, or object: model -> array of strings
};

struct ConfigKey {
  std::string_view path;  // "retry.overrides.*.base_delay_ms", from the scope's object on
  std::uint8_t scopes = 0;
  KeyType type = KeyType::boolean;
  std::string_view standard;  // the default as JSON; "": none; kByPolicy: as the policy says
  double least = 0;
  double most = 0;
  std::string_view choices;  // "smart|document"; of an object_map: its members' names
  bool secret = false;
  std::string_view sentence;  // ends with a full stop; units are in the path's end

  bool holds_for(Scope scope) const { return (scopes & static_cast<std::uint8_t>(scope)) != 0; }
};

constexpr std::string_view kByPolicy = "policy";

std::span<const ConfigKey> config_keys();
// Null if the table has no such key in that scope.
const ConfigKey* find_config_key(std::string_view path, Scope scope);
// The default of an integer key of the client: it is an error of the table if there is none.
std::int64_t standard_integer(std::string_view path);
std::vector<std::string_view> split_choices(std::string_view choices);

}  // namespace holysheep
