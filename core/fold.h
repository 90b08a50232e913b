// ASCII in lower case, eight characters at a time: names of headers and words of messages are
// compared without regard to case on every answer that is not a success.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace holysheep {

constexpr char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

// The sums carry into a byte's top bit where it is at least 'A', and above 'Z'; the top bit moved
// to 0x20 is what lower case adds.
constexpr std::uint64_t lower_eight(std::uint64_t bytes) {
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  constexpr std::uint64_t kTops = 0x80 * kOnes;
  const std::uint64_t low_bits = bytes & ~kTops;
  const std::uint64_t from_a = low_bits + (0x80 - 'A') * kOnes;
  const std::uint64_t above_z = low_bits + (0x7F - 'Z') * kOnes;
  return bytes | (((from_a ^ above_z) & ~bytes & kTops) >> 2);
}

// Writes text.size() characters to `out`.
inline void fold(std::string_view text, char* out) {
  std::size_t i = 0;
  for (; i + sizeof(std::uint64_t) <= text.size(); i += sizeof(std::uint64_t)) {
    std::uint64_t bytes = 0;
    std::memcpy(&bytes, text.data() + i, sizeof bytes);
    bytes = lower_eight(bytes);
    std::memcpy(out + i, &bytes, sizeof bytes);
  }
  for (; i < text.size(); ++i)
    out[i] = lower(text[i]);
}

// A header's name in lower case; "" for one that is longer than any we know.
class FoldedName {
 public:
  explicit FoldedName(std::string_view name) {
    if (name.size() > bytes_.size()) return;
    fold(name, bytes_.data());
    size_ = name.size();
  }
  std::string_view view() const { return {bytes_.data(), size_}; }

 private:
  std::array<char, 64> bytes_;
  std::size_t size_ = 0;
};

}  // namespace holysheep
