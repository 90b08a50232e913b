// Texts are cut between characters.
#include "core/utf8.h"

#include <catch2/catch_test_macros.hpp>

namespace holysheep {
namespace {

TEST_CASE("A text is cut before a character that does not fit as a whole") {
  CHECK(cut_utf8("abc", 3) == "abc");
  CHECK(cut_utf8("abcd", 3) == "abc");
  CHECK(cut_utf8("ab\u00e9", 3) == "ab");
  CHECK(cut_utf8("ab\u00e9", 4) == "ab\u00e9");
  CHECK(cut_utf8("a\U0001f411", 4) == "a");
  CHECK(cut_utf8("\u00e9", 1).empty());
  CHECK(cut_utf8("abc", 0).empty());
}

}  // namespace
}  // namespace holysheep
