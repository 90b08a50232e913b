// What the engine must know of a request's body, and the two things that it may splice in: the
// model that a route needs and stream_options.include_usage. One pass on the caller's thread;
// everything else of the body stays as the caller wrote it.
#pragma once

#include <optional>

#include "core/request.h"

namespace holysheep {

// Fills in body, model, choices, body_streams, usage_added and `facts` from input.body. The method,
// path, content type, dialect and options of `request` must be set.
std::optional<Error> read_request_body(const RequestInput& input, const Config& config,
                                       Request& request, ReplayFacts& facts);

}  // namespace holysheep
