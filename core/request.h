// A request as the engine takes it: checked and cut apart on the caller's thread, so that the
// engine's thread never parses a prompt. The body is the caller's bytes; what a route needs is
// spliced in.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/config.h"
#include "core/dialect.h"
#include "core/replay.h"
#include "core/result.h"

namespace holysheep {

enum class Delivery : std::uint8_t { whole, events, bytes };

// What the caller gave. Views: copied by make_request.
struct RequestInput {
  Delivery delivery = Delivery::whole;
  std::string_view method = "POST";
  std::string_view path = "/chat/completions";
  std::string_view headers;  // lines
  std::string_view body;
  bool has_body = false;
  std::string_view content_type;  // "" : application/json
  std::int64_t timeout_ms = 0;    // 0: the client's; -1: none
  std::string_view options;       // JSON
};

struct Request {
  Delivery delivery = Delivery::whole;
  std::string method;
  std::string path;                  // begins with a slash
  std::vector<std::string> headers;  // "Name: value"
  std::vector<std::string> secrets;  // the values of that, in the forms that scrub() looks for
  bool own_credential = false;       // an Authorization (or api-key) header of its own
  std::shared_ptr<const std::string> body;
  std::string content_type;
  std::string model;  // "" if the body has none
  // Where the value of the body's top-level "model" stands, quotes included; 0, 0: nowhere.
  std::size_t model_begin = 0;
  std::size_t model_end = 0;
  int choices = 1;            // `n`
  bool body_streams = false;  // the body says "stream": true
  bool usage_added = false;   // include_usage was spliced in; the usage-only chunk is held back
  // Where that was done: `usage_size` bytes in place of `usage_replaced`.
  std::size_t usage_begin = 0;
  std::size_t usage_size = 0;
  std::string usage_replaced;
  Dialect dialect;
  Replay replay = Replay::free;
  std::vector<std::string> state_ids;  // that a bound request names, in its path or body
  Nanos total = -1;                    // time limit: 0 none, -1 the client's
  CallOptions options;
};

// Checks everything that can be checked before sending. Errors name the field.
Result<Request> make_request(const RequestInput& input, const Config& config);

// The body for a route that calls the model `name`: the same bytes if that is the request's own.
// `plain`: without the usage_added, for a server that does not know it.
std::shared_ptr<const std::string> body_for_model(const Request& request, std::string_view name,
                                                  bool plain = false);

}  // namespace holysheep
