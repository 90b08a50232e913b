#include "bindings/node/native/value.h"

namespace holysheep::node {
namespace {

// Compilers turn the loop into vector instructions.
bool is_ascii(std::string_view text) {
  unsigned char seen = 0;
  for (const char each : text)
    seen = static_cast<unsigned char>(seen | static_cast<unsigned char>(each));
  return seen < 0x80;
}

}  // namespace

Queue make_queue() {
  holysheep_queue* made = nullptr;
  holysheep_queue_new(&made);
  return Queue(made);
}

TextIn::TextIn(napi_env env, napi_value value) {
  napi_valuetype type = napi_undefined;
  if (value == nullptr || napi_typeof(env, value, &type) != napi_ok) return;
  bool is_bytes = false;
  if (type == napi_string) {
    read_string(env, value);
  } else if (type == napi_object && napi_is_typedarray(env, value, &is_bytes) == napi_ok &&
             is_bytes) {
    void* bytes = nullptr;
    napi_get_typedarray_info(env, value, nullptr, &size_, &bytes, nullptr, nullptr);
    data_ = bytes == nullptr ? inline_ : static_cast<const char*>(bytes);
  }
}

void TextIn::read_string(napi_env env, napi_value value) {
  napi_get_value_string_utf8(env, value, inline_, kInlineBytes, &size_);
  data_ = inline_;
  // A character of up to 4 bytes that did not fit ends the copy early.
  if (size_ + 4 < kInlineBytes) return;
  std::size_t whole = 0;
  napi_get_value_string_utf8(env, value, nullptr, 0, &whole);
  heap_ = std::make_unique_for_overwrite<char[]>(whole + 1);
  napi_get_value_string_utf8(env, value, heap_.get(), whole + 1, &size_);
  data_ = heap_.get();
}

double In::number(std::size_t index) const {
  double number = 0;
  napi_get_value_double(env, values_[index], &number);
  return number;
}

std::int64_t In::integer(std::size_t index) const {
  std::int64_t number = 0;
  napi_get_value_int64(env, values_[index], &number);
  return number;
}

napi_value make_string(napi_env env, std::string_view text) {
  napi_value made = nullptr;
  if (is_ascii(text)) {
    napi_create_string_latin1(env, text.data(), text.size(), &made);
  } else {
    napi_create_string_utf8(env, text.data(), text.size(), &made);
  }
  return made;
}

napi_value make_string(napi_env env, const Text& text) {
  return make_string(env, {holysheep_text_data(text.get()), holysheep_text_size(text.get())});
}

napi_value make_number(napi_env env, double number) {
  napi_value made = nullptr;
  napi_create_double(env, number, &made);
  return made;
}

napi_value make_failure(napi_env env, holysheep_status status, const holysheep_error& error) {
  if (status == HOLYSHEEP_OK) return nullptr;
  napi_value failure = nullptr;
  napi_create_array_with_length(env, 5, &failure);
  napi_set_element(env, failure, 0, make_number(env, status));
  napi_set_element(env, failure, 1, make_number(env, error.http_status));
  napi_set_element(env, failure, 2, make_number(env, error.flags));
  napi_set_element(env, failure, 3, make_number(env, static_cast<double>(error.retry_after_ms)));
  napi_set_element(env, failure, 4, make_string(env, std::string_view(error.message)));
  return failure;
}

}  // namespace holysheep::node
