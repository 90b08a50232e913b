#include "capi/error.h"

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "core/utf8.h"

namespace holysheep {
namespace {

// The layout that other languages' structs repeat by hand: it never changes, it only grows.
static_assert(sizeof(holysheep_error) == 1024);
static_assert(offsetof(holysheep_error, struct_size) == 0);
static_assert(offsetof(holysheep_error, status) == 4);
static_assert(offsetof(holysheep_error, http_status) == 8);
static_assert(offsetof(holysheep_error, flags) == 12);
static_assert(offsetof(holysheep_error, retry_after_ms) == 16);
static_assert(offsetof(holysheep_error, message) == 24);

// No object is larger: above it a size is a mistake (a negative number, most often).
constexpr std::size_t kViewBytesMax = SIZE_MAX / 2;

template <typename T>
void fill(holysheep_error* error, std::size_t offset, const T& value) {
  if (error->struct_size < offset + sizeof(T)) return;
  std::memcpy(reinterpret_cast<char*>(error) + offset, &value, sizeof(T));
}

}  // namespace

holysheep_status fail(holysheep_error* error, Status status, std::string_view message,
                      const ErrorDetail& detail) noexcept {
  const auto number = static_cast<holysheep_status>(status);
  if (error == nullptr) return number;
  fill(error, offsetof(holysheep_error, status), number);
  fill(error, offsetof(holysheep_error, http_status), detail.http_status);
  fill(error, offsetof(holysheep_error, flags), detail.flags);
  fill(error, offsetof(holysheep_error, retry_after_ms), detail.retry_after_ms);
  constexpr std::size_t kOffset = offsetof(holysheep_error, message);
  if (error->struct_size <= kOffset) return number;
  const std::size_t room =
      std::min(sizeof(error->message), static_cast<std::size_t>(error->struct_size) - kOffset);
  const std::size_t size = cut_utf8(message, room - 1).size();
  if (size > 0) std::memcpy(error->message, message.data(), size);
  error->message[size] = '\0';
  return number;
}

holysheep_status fail(holysheep_error* error, const Error& cause,
                      const ErrorDetail& detail) noexcept {
  return fail(error, cause.status, cause.message, detail);
}

bool read_view(const char* data, std::size_t size, std::string_view* view) noexcept {
  if (data == nullptr) {
    *view = "";  // whoever copies it may not be given a null pointer, not even with size 0
    return size == 0 || size == HOLYSHEEP_SIZE_NUL;
  }
  if (size == HOLYSHEEP_SIZE_NUL) {
    *view = std::string_view(data);
    return true;
  }
  if (size > kViewBytesMax) return false;
  *view = std::string_view(data, size);
  return true;
}

std::string view_fault(std::string_view name, const char* data) {
  return std::string(name) +
         (data == nullptr ? ": NULL with a size" : "_size: larger than any text can be");
}

}  // namespace holysheep
