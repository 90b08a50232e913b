// What each family of providers says for each kind of error: the wording of PROVIDERS 1.5, as data.
#pragma once

#include <string_view>

#include "core/mock/mock_family.h"

namespace holysheep {

// In `message`, {limit}, {used}, {requested}, {wait}, {seconds} and {model} are filled in. `code`
// may be
// "".
struct MockErrorRow {
  MockError error;
  int status;
  std::string_view type;
  std::string_view code;
  std::string_view message;
};

// What a family has no words of its own for, it says in OpenAI's.
const MockErrorRow& mock_error_row(MockFamily family, MockError error);

}  // namespace holysheep
