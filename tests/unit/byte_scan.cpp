#include "core/byte_scan.h"

#include <catch2/catch_test_macros.hpp>
#include <string_view>
#include <vector>

namespace holysheep {

// Every byte value at every position of blocks of every length: the two ways agree
// with the plain definition and read nothing outside (each block has its own allocation).
TEST_CASE("bytes are found alike with and without SSE2", "[byte_scan]") {
  const auto ends_line = [](char c) { return c == '\n' || c == '\r'; };
  const auto ends_string = [](char c) {
    return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20;
  };
  for (std::size_t size = 0; size <= 40; ++size) {
    for (std::size_t position = 0; position < size; ++position) {
      for (int value = 0; value < 256; ++value) {
        const char byte = static_cast<char>(value);
        // The neighbours are the bytes that a careless comparison would confuse.
        std::vector<char> block(size, static_cast<char>(0x80));
        block[position] = byte;
        if (position + 1 < size) block[position + 1] = '\n';
        const char* const begin = block.data();
        const char* const end = begin + size;
        const char* const next = position + 1 < size ? begin + position + 1 : end;
        const char* const line = ends_line(byte) ? begin + position : next;
        const char* const string = ends_string(byte) ? begin + position : next;
        const bool well = find_line_end(begin, end) == line &&
                          portable::find_line_end(begin, end) == line &&
                          find_string_end(begin, end) == string &&
                          portable::find_string_end(begin, end) == string;
        if (!well) FAIL("size " << size << ", position " << position << ", byte " << value);
      }
    }
  }
  SUCCEED();
}

}  // namespace holysheep
