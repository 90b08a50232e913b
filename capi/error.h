// What each function of the C ABI does alike: filling the caller's holysheep_error, turning a view
// (data, size, HOLYSHEEP_SIZE_NUL) into text, and keeping exceptions on this side of the line.
#pragma once

#include <cstdint>
#include <exception>
#include <new>
#include <string>
#include <string_view>

#include "capi/holysheep.h"
#include "core/result.h"

namespace holysheep {

// What an error carries beside status and message.
struct ErrorDetail {
  std::int32_t http_status = 0;
  std::uint32_t flags = 0;
  std::int64_t retry_after_ms = -1;
};

// Fills *error (NULL is allowed) as far as its struct_size reaches; the message is cut at a UTF-8
// character. Returns `status`, so that callers can `return fail(…)`.
holysheep_status fail(holysheep_error* error, Status status, std::string_view message,
                      const ErrorDetail& detail = {}) noexcept;
holysheep_status fail(holysheep_error* error, const Error& cause,
                      const ErrorDetail& detail = {}) noexcept;

// Reads an in-view. False: NULL with a size, or a size beyond any object's.
bool read_view(const char* data, std::size_t size, std::string_view* view) noexcept;
// What is wrong with a view that could not be read; `name` is the argument's.
std::string view_fault(std::string_view name, const char* data);

// Runs body() -> holysheep_status. Out of memory becomes NO_MEMORY, anything else that is thrown
// INTERNAL.
template <typename Body>
holysheep_status guarded(holysheep_error* error, Body&& body) noexcept {
  try {
    return body();
  } catch (const std::bad_alloc&) {
    return fail(error, Status::no_memory, "out of memory");
  } catch (const std::exception& thrown) {
    return fail(error, Status::internal, thrown.what());
  } catch (...) {
    return fail(error, Status::internal, "an unknown exception was thrown");
  }
}

}  // namespace holysheep
