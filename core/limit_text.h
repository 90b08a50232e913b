// What an error message says about a limit: which one it is, and the numbers "Limit L, Used U,
// Requested R" (PROVIDERS 1.0, 1.5). Hand-written scanners over lower-case text: messages are
// short, and each scan stops at its first hit.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "core/verdict.h"

namespace holysheep {

// A message in lower case, cut: what matters stands at its front, and a message that echoes a
// prompt can be as long as that.
class FoldedText {
 public:
  FoldedText() = default;
  explicit FoldedText(std::string_view text);
  std::string_view view() const { return {text_.data(), size_}; }
  // At least two characters, in lower case. The pairs of neighbouring letters that the text has
  // reject nearly every word that it has not, at a fraction of a search's cost.
  bool contains(std::string_view lower_case) const;

 private:
  static constexpr std::size_t kBytesMax = 2048;
  static constexpr std::size_t kPairs = 1024;
  static std::size_t pair(char left, char right) {
    return ((static_cast<std::size_t>(static_cast<unsigned char>(left)) << 5) ^
            static_cast<unsigned char>(right)) %
           kPairs;
  }
  bool has_pair(char left, char right) const { return pairs_[pair(left, right)]; }

  std::array<char, kBytesMax> text_;
  std::size_t size_ = 0;
  std::array<bool, kPairs> pairs_{};
};

struct LimitNumbers {
  std::int64_t limit = -1;
  std::int64_t used = -1;
  std::int64_t requested = -1;
};

LimitNumbers numbers_in_text(const FoldedText& text);
LimitDimension dimension_in_text(const FoldedText& text);

// From a provider's name of a limit: Gemini's quotaId, a header's last words, Azure's policy-id.
// `daily`: known from elsewhere to be counted over a day.
LimitDimension dimension_of_name(std::string_view name, bool daily);

bool is_daily(LimitDimension dimension);
LimitDimension daily_form(LimitDimension dimension);

}  // namespace holysheep
