// The names of statuses, and which status an HTTP answer ends a call with.
#include "core/result.h"

namespace holysheep {

const char* status_name(Status status) {
  switch (status) {
    case Status::ok:
      return "ok";
    case Status::invalid_argument:
      return "invalid_argument";
    case Status::no_memory:
      return "no_memory";
    case Status::closed:
      return "closed";
    case Status::unknown_request:
      return "unknown_request";
    case Status::forked:
      return "forked";
    case Status::limit:
      return "limit";
    case Status::wait:
      return "wait";
    case Status::internal:
      return "internal";
    case Status::config:
      return "config";
    case Status::no_key:
      return "no_key";
    case Status::request:
      return "request";
    case Status::no_route:
      return "no_route";
    case Status::budget:
      return "budget";
    case Status::connection:
      return "connection";
    case Status::timeout:
      return "timeout";
    case Status::stream_interrupted:
      return "stream_interrupted";
    case Status::cancelled:
      return "cancelled";
    case Status::local:
      return "local";
    case Status::response:
      return "response";
    case Status::bad_request:
      return "bad_request";
    case Status::authentication:
      return "authentication";
    case Status::permission_denied:
      return "permission_denied";
    case Status::not_found:
      return "not_found";
    case Status::conflict:
      return "conflict";
    case Status::unprocessable_entity:
      return "unprocessable_entity";
    case Status::rate_limit:
      return "rate_limit";
    case Status::internal_server:
      return "internal_server";
    case Status::api_status:
      return "api_status";
  }
  return "unknown";
}

Status status_from_http(int http_status) {
  switch (http_status) {
    case 400:
    case 413:
      return Status::bad_request;
    case 401:
      return Status::authentication;
    case 403:
      return Status::permission_denied;
    case 404:
      return Status::not_found;
    case 409:
      return Status::conflict;
    case 422:
      return Status::unprocessable_entity;
    case 429:
      return Status::rate_limit;
    default:
      break;
  }
  if (http_status >= 500 && http_status <= 599) return Status::internal_server;
  return Status::api_status;
}

}  // namespace holysheep
