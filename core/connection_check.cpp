#include "core/connection_check.h"

#include <cstdint>
#include <string_view>

#include "core/json.h"

namespace holysheep {
namespace {

// Of an endpoint that lists no models: the document's.
constexpr std::string_view kModel = "gpt-4.1";
// Enough to see that an answer comes, and next to nothing to pay.
constexpr std::int64_t kTokensMax = 10;
// A ten-token answer that takes longer is of no use.
constexpr std::int64_t kTimeoutMs = 30'000;

}  // namespace

std::string connection_checks_json(const Config& config) {
  JsonWriter json;
  json.begin_array();
  for (const EndpointConfig& endpoint : config.endpoints) {
    const std::string_view model = endpoint.models.empty() ? kModel : endpoint.models.front();
    json.begin_object().member("endpoint", endpoint.name).member("timeout_ms", kTimeoutMs);
    json.key("body").begin_object().member("model", model);
    json.key("messages").begin_array().begin_object();
    json.member("role", "user").member("content", "test").end_object().end_array();
    json.member("max_tokens", kTokensMax).end_object();
    // One attempt, nowhere else: a broken endpoint must not hide behind a healthy one.
    json.key("options").begin_object();
    json.key("allow").begin_array().value(std::string_view(endpoint.name)).end_array();
    json.key("retry").begin_object().member("max_attempts", 1).end_object();
    json.member("max_wait_ms", 0).key("fallback_models").begin_array().end_array();
    json.end_object().end_object();
  }
  json.end_array();
  return json.take();
}

}  // namespace holysheep
