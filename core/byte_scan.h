// Finding the few bytes that mean something in text that is mostly not them: sixteen at a time with
// SSE2 (every x86-64 has it), eight at a time elsewhere. Nothing is read outside [at, end).
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace holysheep {

// What the functions below are where there is no SSE2. Always compiled, so that tests reach it.
namespace portable {

constexpr std::uint64_t kOnes = 0x0101010101010101U;
constexpr std::uint64_t kHighs = 0x8080808080808080U;

inline std::uint64_t load(const char* at) {
  std::uint64_t bytes = 0;
  std::memcpy(&bytes, at, sizeof bytes);
  return bytes;
}
// Not zero if a byte of the word is below `limit`, which is at most 128.
constexpr std::uint64_t has_below(std::uint64_t bytes, std::uint8_t limit) {
  return (bytes - kOnes * limit) & ~bytes & kHighs;
}
constexpr std::uint64_t has(std::uint64_t bytes, char wanted) {
  return has_below(bytes ^ (kOnes * static_cast<std::uint8_t>(wanted)), 1);
}

inline const char* find_line_end(const char* at, const char* end) {
  for (; end - at >= 8; at += 8) {
    const std::uint64_t bytes = load(at);
    if ((has(bytes, '\n') | has(bytes, '\r')) != 0) break;
  }
  while (at != end && *at != '\n' && *at != '\r')
    ++at;
  return at;
}

inline const char* find_string_end(const char* at, const char* end) {
  for (; end - at >= 8; at += 8) {
    const std::uint64_t bytes = load(at);
    if ((has(bytes, '"') | has(bytes, '\\') | has_below(bytes, 0x20)) != 0) break;
  }
  while (at != end && *at != '"' && *at != '\\' && static_cast<unsigned char>(*at) >= 0x20)
    ++at;
  return at;
}

}  // namespace portable

// The first CR or LF, or `end`.
inline const char* find_line_end(const char* at, const char* end) {
#if defined(__SSE2__)
  const __m128i line_feed = _mm_set1_epi8('\n');
  const __m128i carriage_return = _mm_set1_epi8('\r');
  for (; end - at >= 16; at += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const __m128i hits =
        _mm_or_si128(_mm_cmpeq_epi8(bytes, line_feed), _mm_cmpeq_epi8(bytes, carriage_return));
    const auto mask = static_cast<unsigned>(_mm_movemask_epi8(hits));
    if (mask != 0) return at + std::countr_zero(mask);
  }
#endif
  return portable::find_line_end(at, end);
}

// The first byte that plain text inside a JSON string cannot be: a quote, a backslash or a control
// character; or `end`.
inline const char* find_string_end(const char* at, const char* end) {
#if defined(__SSE2__)
  const __m128i quote = _mm_set1_epi8('"');
  const __m128i backslash = _mm_set1_epi8('\\');
  const __m128i control = _mm_set1_epi8(0x1f);
  for (; end - at >= 16; at += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const __m128i marks =
        _mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash));
    const __m128i hits = _mm_or_si128(marks, _mm_cmpeq_epi8(_mm_min_epu8(bytes, control), bytes));
    const auto mask = static_cast<unsigned>(_mm_movemask_epi8(hits));
    if (mask != 0) return at + std::countr_zero(mask);
  }
#endif
  return portable::find_string_end(at, end);
}

}  // namespace holysheep
