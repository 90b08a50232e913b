// What concerns the process as a whole: versions, names, fork().

#include "capi/error.h"
#include "capi/objects.h"
#include "core/curl_transport.h"
#include "core/result.h"

// Status is the same set of numbers on both sides of the line.
static_assert(static_cast<int>(holysheep::Status::internal) == HOLYSHEEP_E_INTERNAL);
static_assert(static_cast<int>(holysheep::Status::wait) == HOLYSHEEP_E_WAIT);
static_assert(static_cast<int>(holysheep::Status::no_route) == HOLYSHEEP_E_NO_ROUTE);
static_assert(static_cast<int>(holysheep::Status::budget) == HOLYSHEEP_E_BUDGET);
static_assert(static_cast<int>(holysheep::Status::response) == HOLYSHEEP_E_RESPONSE);
static_assert(static_cast<int>(holysheep::Status::api_status) == HOLYSHEEP_E_API_STATUS);
static_assert(static_cast<int>(holysheep::Status::internal_server) == HOLYSHEEP_E_INTERNAL_SERVER);

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
