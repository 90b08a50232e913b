// What concerns the process as a whole: versions, names, fork().

#include "capi/error.h"
#include "capi/objects.h"
#include "core/curl_transport.h"
#include "core/result.h"

namespace {

// Status is the same set of numbers on both sides of the line.
constexpr bool same(holysheep::Status status, holysheep_status number) {
  return static_cast<holysheep_status>(status) == number;
}
static_assert(same(holysheep::Status::ok, HOLYSHEEP_OK));
static_assert(same(holysheep::Status::invalid_argument, HOLYSHEEP_E_INVALID_ARGUMENT));
static_assert(same(holysheep::Status::no_memory, HOLYSHEEP_E_NO_MEMORY));
static_assert(same(holysheep::Status::closed, HOLYSHEEP_E_CLOSED));
static_assert(same(holysheep::Status::unknown_request, HOLYSHEEP_E_UNKNOWN_REQUEST));
static_assert(same(holysheep::Status::forked, HOLYSHEEP_E_FORKED));
static_assert(same(holysheep::Status::limit, HOLYSHEEP_E_LIMIT));
static_assert(same(holysheep::Status::wait, HOLYSHEEP_E_WAIT));
static_assert(same(holysheep::Status::internal, HOLYSHEEP_E_INTERNAL));
static_assert(same(holysheep::Status::config, HOLYSHEEP_E_CONFIG));
static_assert(same(holysheep::Status::no_key, HOLYSHEEP_E_NO_KEY));
static_assert(same(holysheep::Status::request, HOLYSHEEP_E_REQUEST));
static_assert(same(holysheep::Status::no_route, HOLYSHEEP_E_NO_ROUTE));
static_assert(same(holysheep::Status::budget, HOLYSHEEP_E_BUDGET));
static_assert(same(holysheep::Status::connection, HOLYSHEEP_E_CONNECTION));
static_assert(same(holysheep::Status::timeout, HOLYSHEEP_E_TIMEOUT));
static_assert(same(holysheep::Status::stream_interrupted, HOLYSHEEP_E_STREAM_INTERRUPTED));
static_assert(same(holysheep::Status::cancelled, HOLYSHEEP_E_CANCELLED));
static_assert(same(holysheep::Status::local, HOLYSHEEP_E_LOCAL));
static_assert(same(holysheep::Status::response, HOLYSHEEP_E_RESPONSE));
static_assert(same(holysheep::Status::bad_request, HOLYSHEEP_E_BAD_REQUEST));
static_assert(same(holysheep::Status::authentication, HOLYSHEEP_E_AUTHENTICATION));
static_assert(same(holysheep::Status::permission_denied, HOLYSHEEP_E_PERMISSION_DENIED));
static_assert(same(holysheep::Status::not_found, HOLYSHEEP_E_NOT_FOUND));
static_assert(same(holysheep::Status::conflict, HOLYSHEEP_E_CONFLICT));
static_assert(same(holysheep::Status::unprocessable_entity, HOLYSHEEP_E_UNPROCESSABLE_ENTITY));
static_assert(same(holysheep::Status::rate_limit, HOLYSHEEP_E_RATE_LIMIT));
static_assert(same(holysheep::Status::internal_server, HOLYSHEEP_E_INTERNAL_SERVER));
static_assert(same(holysheep::Status::api_status, HOLYSHEEP_E_API_STATUS));

}  // namespace

const char* holysheep_status_name(holysheep_status status) {
  return holysheep::status_name(static_cast<holysheep::Status>(status));
}

const char* holysheep_version(void) {
  return holysheep::library_versions();
}

holysheep_status holysheep_fork_prepare(void) {
  return holysheep::guarded(nullptr, []() -> holysheep_status {
    return holysheep::EngineHost::park_all() ? HOLYSHEEP_OK : HOLYSHEEP_E_WAIT;
  });
}

void holysheep_fork_parent(void) {
  holysheep::guarded(nullptr, []() -> holysheep_status {
    holysheep::EngineHost::resume_all();
    return HOLYSHEEP_OK;
  });
}
