// The two skimmers of JSON: no crash, they agree with one another however the text is cut, and they
// take whatever simdjson takes. The first byte chooses the size of the pieces.
#include "core/json_skim.h"

#include <simdjson.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "core/body_scan.h"

namespace {

using namespace holysheep;

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

bool skims(std::string_view text) {
  const std::vector<char> copy(text.begin(), text.end());
  JsonSkim json({copy.data(), copy.size()});
  const JsonSlice value = json.value();
  if (value.kind == JsonKind::string) unescape_json(value.raw);
  return value.kind != JsonKind::none && json.finish();
}

std::string scan(const std::string& text, std::size_t piece) {
  BodyScan scan;
  for (std::size_t at = 0; at < text.size(); at += piece) {
    const std::string chunk = text.substr(at, piece);
    const std::vector<char> copy(chunk.begin(), chunk.end());
    scan.feed({copy.data(), copy.size()});
  }
  std::string seen = scan.whole() ? "whole" : "not whole";
  if (!scan.whole()) return seen;
  for (std::size_t slot = 0; slot < kBodySlots; ++slot) {
    seen += '\n';
    seen += scan.text(static_cast<BodySlot>(slot));
  }
  return seen;
}

void require(bool truth) {
  if (!truth) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::size_t piece = data[0] % 64 + 1;
  const std::string text(reinterpret_cast<const char*>(data + 1), size - 1);
  const std::string whole = scan(text, size);
  require(scan(text, 1) == whole && scan(text, piece) == whole);
  if (text.starts_with(kByteOrderMark)) return 0;
  const bool well = skims(text);
  require(well == (whole != "not whole"));
  simdjson::dom::parser parser;
  if (parser.parse(text).error() == simdjson::SUCCESS) require(well);
  return 0;
}
