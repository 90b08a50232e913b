// Our scanner beside simdjson: what it refuses simdjson refuses too, the members it shows are those
// that simdjson finds, and a string that the writer wrote reads back.
#include "core/json.h"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "core/json_scan.h"

namespace {

using holysheep::JsonDocument;
using holysheep::JsonSpan;
using holysheep::JsonValue;

void require(bool condition) {
  if (!condition) std::abort();
}

void check_paths(const JsonValue& value, const std::string& path) {
  require(value.path() == path);
  const auto elements = value.elements();
  for (std::size_t i = 0; i < elements.size(); ++i) {
    check_paths(elements[i], path + "[" + std::to_string(i) + "]");
  }
  for (const auto& [name, member] : value.members()) {
    std::string below = path;
    holysheep::append_path(below, name);
    if (below.front() == '.') below.erase(0, 1);
    check_paths(member, below);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  std::vector<std::pair<std::string, std::string>> seen;
  const auto fault = holysheep::scan_json(text, [&](std::string_view name, JsonSpan span) {
    require(span.begin < span.end && span.end <= text.size());
    seen.emplace_back(name, text.substr(span.begin, span.end - span.begin));
  });
  if (fault) {
    require(fault->offset <= text.size());
    require(!holysheep::describe_fault(text, *fault).empty());
  }
  const auto document = JsonDocument::parse(text, "text", holysheep::Status::config);
  const bool marked =
      text.substr(0, 3) == "\xef\xbb\xbf";  // skipped by the one, refused by the other
  if (document.ok() && !marked) {
    require(!fault);
    const auto members = document.value().root().members();
    require(members.size() == seen.size());
    for (std::size_t i = 0; i < members.size(); ++i) {
      const bool surrogates = seen[i].first != members[i].first;
      require(!surrogates || text.find("\\u") != std::string::npos);
      require(!holysheep::scan_json(seen[i].second));
    }
    if (size < 300) check_paths(document.value().root(), "");
  }
  const std::string written = holysheep::JsonWriter().value(text).take();
  const auto string = JsonDocument::parse(written, "text", holysheep::Status::config);
  require(string.ok() && string.value().root().is_string());
  return 0;
}
