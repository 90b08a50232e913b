// A request: no crash; no accepted header or path can break out of its line; a spliced body is JSON
// again and says what was spliced. Fields are separated by the byte 0xff.
#include "core/request.h"

#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/json.h"
#include "core/json_scan.h"

namespace {

using namespace holysheep;

void require(bool condition) {
  if (!condition) std::abort();
}

const Config& config() {
  static const auto* const held = new std::shared_ptr<const Config>(
      parse_config(R"({"version":1,"api_key":"sk-0123456789"})", Environment()).value());
  return **held;
}

void check_splice(const Request& request) {
  if (request.model_end == 0) return;
  const std::string body = *body_for_model(request, "spliced \"model\"");
  require(!scan_json(body));
  bool found = false;
  const auto fault = scan_json(body, [&](std::string_view name, JsonSpan span) {
    if (name != "model") return;
    found = body.substr(span.begin, span.end - span.begin) == R"("spliced \"model\"")";
  });
  require(!fault && found);
  require(body_for_model(request, request.model) == request.body);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  std::string_view rest(reinterpret_cast<const char*>(data + 1), size - 1);
  std::array<std::string_view, 6> fields;
  for (std::string_view& field : fields) {
    field = rest.substr(0, rest.find('\xff'));
    rest.remove_prefix(std::min(rest.size(), field.size() + 1));
  }
  RequestInput input;
  input.delivery = static_cast<Delivery>(data[0] % 3);
  input.has_body = (data[0] & 4) == 0;
  input.body = fields[0];
  if ((data[0] & 8) != 0) input.path = fields[1];
  if ((data[0] & 16) != 0) input.method = fields[2];
  input.headers = fields[3];
  input.options = fields[4];
  input.content_type = fields[5];
  const auto made = make_request(input, config());
  if (!made.ok()) {
    require(!made.error().message.empty());
    return 0;
  }
  const Request& request = made.value();
  for (const std::string& line : request.headers) {
    require(line.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos);
    require(line.find(": ") != std::string::npos);
  }
  require(request.path.front() == '/' && request.path.find_first_of(" \r\n") == std::string::npos);
  require(request.choices >= 1);
  check_splice(request);
  return 0;
}
