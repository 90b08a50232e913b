// Errors as values. Inside core nothing throws but what the standard library throws for memory.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>

namespace holysheep {

// The same numbers as HOLYSHEEP_E_* in capi/holysheep.h, which asserts it.
enum class Status : std::int32_t {
  ok = 0,
  invalid_argument = -1,
  no_memory = -2,
  closed = -3,
  unknown_request = -4,
  forked = -5,
  limit = -6,
  wait = -7,
  internal = -8,
  config = -100,
  no_key = -101,
  request = -102,
  no_route = -103,
  budget = -104,
  connection = -200,
  timeout = -201,
  stream_interrupted = -202,
  cancelled = -203,
  local = -204,
  response = -205,
  bad_request = -300,
  authentication = -301,
  permission_denied = -303,
  not_found = -304,
  conflict = -309,
  unprocessable_entity = -322,
  rate_limit = -329,
  internal_server = -350,
  api_status = -399,
};

// "rate_limit" for Status::rate_limit; "unknown" for a number that is none.
const char* status_name(Status status);
// The status that stands for an HTTP error status (SEMANTICS 7).
Status status_from_http(int http_status);

struct Error {
  Status status = Status::internal;
  std::string message;  // one sentence that names the field and what was expected
};

// A value or an Error.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }
  T& value() & { return *std::get_if<0>(&state_); }
  const T& value() const& { return *std::get_if<0>(&state_); }
  T&& value() && { return std::move(*std::get_if<0>(&state_)); }
  const Error& error() const& { return *std::get_if<1>(&state_); }
  Error&& error() && { return std::move(*std::get_if<1>(&state_)); }

 private:
  std::variant<T, Error> state_;
};

}  // namespace holysheep
