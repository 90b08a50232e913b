// The readers of headers and message texts, on any bytes.
#include "core/retry_after.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

namespace {

void require_sane(const std::optional<holysheep::Hint>& hint) {
  if (hint && (hint->wait < 0 || hint->wait > 20 * 366 * holysheep::kDay)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace holysheep;
  const std::string text(reinterpret_cast<const char*>(data), size);
  constexpr Nanos kNow = 1'773'144'000 * kSecond;
  require_sane(retry_after_from_headers(Headers(text), kNow));
  require_sane(retry_after_from_headers(Headers("Retry-After: " + text), kNow));
  require_sane(retry_after_from_text(text));
  return 0;
}
