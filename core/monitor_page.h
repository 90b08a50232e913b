// The monitor page: core/monitor_page.html, put into the library when it is built.
#pragma once

#include <string_view>

namespace holysheep {

std::string_view monitor_page();

}  // namespace holysheep
