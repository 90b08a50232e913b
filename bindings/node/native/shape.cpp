#include "bindings/node/native/shape.h"

namespace holysheep::node {
namespace {

constexpr std::string_view kName = "\"content\"";

// Where the string that begins at `begin`, behind its opening quote, ends: its closing quote, or
// the text's end.
std::size_t end_of_string(std::string_view text, std::size_t begin) {
  std::size_t at = text.find_first_of("\"\\", begin);
  while (at < text.size() && text[at] == '\\')
    at = text.find_first_of("\"\\", at + 2);
  return at < text.size() ? at : text.size();
}

}  // namespace

void Shape::append(std::string_view chunk, std::string& array) {
  if (matches(chunk)) {
    array.append(chunk.substr(begin_ - 1, chunk.size() - rest_bytes_ - begin_ + 2));
    return;
  }
  learn(chunk);
  if (!text_.empty()) array.append("0,");
  array.append(chunk);
}

bool Shape::matches(std::string_view chunk) const {
  if (text_.empty() || chunk.size() < begin_ + rest_bytes_) return false;
  const std::string_view text = text_;
  const std::size_t rest = chunk.size() - rest_bytes_;
  return chunk.substr(rest) == text.substr(text.size() - rest_bytes_) &&
         chunk.substr(0, begin_) == text.substr(0, begin_) && end_of_string(chunk, begin_) == rest;
}

// A chunk is a shape if one member alone is named "content" and that is a string. Inside a string
// the name's quotes would be escaped, and where something else is escaped we do not look closer.
void Shape::learn(std::string_view chunk) {
  text_.clear();
  const std::size_t name = chunk.find(kName);
  if (name == std::string_view::npos || chunk.rfind(kName) != name) return;
  const std::size_t quote = chunk.find_first_not_of(" :", name + kName.size());
  if (quote >= chunk.size() || chunk[quote] != '"') return;
  const std::size_t end = end_of_string(chunk, quote + 1);
  if (chunk.substr(0, quote).find('\\') != std::string_view::npos ||
      chunk.substr(end).find('\\') != std::string_view::npos) {
    return;
  }
  begin_ = quote + 1;
  rest_bytes_ = chunk.size() - end;
  text_ = chunk;
}

}  // namespace holysheep::node
