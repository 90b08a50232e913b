// Names from outside (models, tags, endpoints of a monitor used alone) as metrics and JSON can bear
// them: UTF-8 without control characters.
#pragma once

#include <string>
#include <string_view>

namespace holysheep {

bool is_label(std::string_view name);
// The same with "?" for each byte that is none of a label's.
std::string as_label(std::string_view name);

}  // namespace holysheep
