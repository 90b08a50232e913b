// Chunks of one stream differ in little but the content of their delta. So a chunk is sent to
// JavaScript once, as the shape of those that follow, and of these the content alone, for as long
// as everything around it stays the same byte for byte: parsing an object anew for each chunk is
// what reading a stream costs most.
#pragma once

#include <string>
#include <string_view>

namespace holysheep::node {

class Shape {
 public:
  // Appends the chunk to the JSON array: a string, the content of a chunk that has the last shape;
  // or an object, with a 0 before it if it is the shape of those to come.
  void append(std::string_view chunk, std::string& array);
  // The next chunk comes whole.
  void forget() { text_.clear(); }

 private:
  bool matches(std::string_view chunk) const;
  void learn(std::string_view chunk);

  std::string text_;            // empty: none
  std::size_t begin_ = 0;       // of the content within text_, behind its quote
  std::size_t rest_bytes_ = 0;  // of what follows the content, its closing quote first
};

}  // namespace holysheep::node
