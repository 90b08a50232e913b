// The configuration: no crash; what is accepted reads back from its canonical text to itself; and
// the key of the environment turns up in no error and in nothing that is shown.
#include "core/config.h"

#include <cstdint>
#include <cstdlib>
#include <string>

#include "core/json_scan.h"

namespace {

constexpr const char* kPlanted = "sk-planted-zq9";

void require(bool condition) {
  if (!condition) std::abort();
}

bool holds_key(const std::string& text) {
  return text.find(kPlanted) != std::string::npos;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (holds_key(text)) return 0;
  holysheep::Environment environment;
  environment.variables["HOLYSHEEP_API_KEY"] = kPlanted;
  const auto config = holysheep::parse_config(text, environment);
  if (!config.ok()) {
    require(!holds_key(config.error().message));
    return 0;
  }
  const std::string shown = holysheep::show_config(*config.value());
  require(!holds_key(shown) && !holysheep::scan_json(shown));
  const auto again = holysheep::parse_config(config.value()->identity, environment);
  require(again.ok() && again.value()->identity == config.value()->identity);
  const std::string message = holysheep::scrub(*config.value(), std::string("x ") + kPlanted);
  require(config.value()->api_key.value != kPlanted || !holds_key(message));
  const auto options = holysheep::parse_call_options(text, *config.value());
  require(options.ok() || !options.error().message.empty());
  return 0;
}
