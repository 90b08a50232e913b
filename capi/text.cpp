#include "capi/text.h"

#include <new>
#include <utility>

namespace holysheep {

holysheep_status make_text(std::string text, holysheep_text** out) noexcept {
  if (out == nullptr) return HOLYSHEEP_E_INVALID_ARGUMENT;
  *out = new (std::nothrow) holysheep_text{std::move(text)};
  return *out == nullptr ? HOLYSHEEP_E_NO_MEMORY : HOLYSHEEP_OK;
}

}  // namespace holysheep

const char* holysheep_text_data(const holysheep_text* text) {
  return text == nullptr ? "" : text->text.c_str();
}

size_t holysheep_text_size(const holysheep_text* text) {
  return text == nullptr ? 0 : text->text.size();
}

void holysheep_text_free(holysheep_text* text) {
  delete text;
}
