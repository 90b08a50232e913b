// A file of tests/vectors, parsed. Missing members are the test's mistake: they throw.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "core/headers.h"

namespace holysheep {

class VectorFile {
 public:
  explicit VectorFile(const std::string& name)
      : root_(parser_.load(std::string(HOLYSHEEP_VECTORS) + "/" + name)) {}
  simdjson::dom::element root() const { return root_; }

 private:
  simdjson::dom::parser parser_;
  simdjson::dom::element root_;
};

// {"name": "value"} as a header block.
inline Headers headers_of(simdjson::dom::object fields) {
  std::string block;
  for (const simdjson::dom::key_value_pair field : fields) {
    block += std::string(field.key) + ": " + std::string(std::string_view(field.value)) + "\r\n";
  }
  return Headers(block);
}

// A body of a vector: a string is the bytes themselves, null is no body, the rest is JSON.
inline std::string body_of(simdjson::dom::element body) {
  if (body.is_null()) return {};
  if (body.is_string()) return std::string(std::string_view(body));
  return simdjson::minify(body);
}

}  // namespace holysheep
