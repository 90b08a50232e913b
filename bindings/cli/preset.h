// Ready-made mock pools: the scripts that `holysheep mock --preset` and `holysheep demo` run.
#pragma once

#include <string_view>
#include <vector>

namespace holysheep::cli {

struct Preset {
  std::string_view name;
  std::string_view summary;
  std::string_view script;  // as MOCK.md describes
};

const std::vector<Preset>& presets();
// Null: no such preset.
const Preset* find_preset(std::string_view name);

}  // namespace holysheep::cli
