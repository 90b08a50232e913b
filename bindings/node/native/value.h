// Between JavaScript's values and the C ABI's: owners of what the ABI hands out, arguments in,
// strings and failures out. Arguments come from our own JavaScript only, which has checked them; a
// value of another type reads as "not given".
#pragma once

#include <holysheep.h>
#include <holysheep_mock.h>
#include <napi.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>

namespace holysheep::node {

// A constant that converts to the function, which is what frees.
template <auto function>
using Free = std::integral_constant<decltype(function), function>;

// Once it is gone its notify function does not run any more.
inline void end_queue(holysheep_queue* queue) {
  holysheep_queue_set_notify(queue, nullptr, nullptr);
  holysheep_queue_free(queue);
}

using Queue = std::unique_ptr<holysheep_queue, Free<end_queue>>;
using Batch = std::unique_ptr<holysheep_batch, Free<holysheep_batch_free>>;
using Text = std::unique_ptr<holysheep_text, Free<holysheep_text_free>>;

Queue make_queue();  // null: no memory

// A text of JavaScript's as UTF-8: of a string in a buffer of its own, of a Uint8Array in place.
// Anything else is absent (data NULL), which the C ABI takes for its default.
class TextIn {
 public:
  TextIn(napi_env env, napi_value value);
  TextIn(const TextIn&) = delete;
  TextIn& operator=(const TextIn&) = delete;

  const char* data() const { return data_; }
  std::size_t size() const { return data_ == nullptr ? 0 : size_; }
  std::pair<const char*, std::size_t> pair() const { return {data(), size()}; }
  std::string_view view() const { return {data_ == nullptr ? "" : data_, size()}; }

 private:
  // Most requests fit; larger ones cost one allocation.
  static constexpr std::size_t kInlineBytes = 4096;
  void read_string(napi_env env, napi_value value);

  char inline_[kInlineBytes];
  std::unique_ptr<char[]> heap_;
  const char* data_ = nullptr;
  std::size_t size_ = 0;
};

// The arguments of one call from JavaScript.
class In {
 public:
  In(napi_env environment, napi_callback_info info) : env(environment) {
    std::size_t count = kMax;
    napi_get_cb_info(env, info, &count, values_, nullptr, &data);
  }

  napi_value operator[](std::size_t index) const { return values_[index]; }
  TextIn text(std::size_t index) const { return {env, values_[index]}; }
  double number(std::size_t index) const;
  std::int64_t integer(std::size_t index) const;  // the nearest there is
  std::int32_t integer32(std::size_t index) const { return static_cast<int>(integer(index)); }

  const napi_env env;
  void* data = nullptr;  // what the function was made with

 private:
  static constexpr std::size_t kMax = 10;
  napi_value values_[kMax] = {};
};

// A JavaScript string. Texts of ASCII alone, which most are, take V8's much shorter way.
napi_value make_string(napi_env env, std::string_view text);
napi_value make_string(napi_env env, const Text& text);
napi_value make_number(napi_env env, double number);
// [status, HTTP status, flags, retry_after_ms, message], or undefined for OK.
napi_value make_failure(napi_env env, holysheep_status status, const holysheep_error& error);

}  // namespace holysheep::node
