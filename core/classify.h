// From an attempt's outcome to a verdict, by an ordered rule table (SEMANTICS 3, PROVIDERS 1.5).
// Precedence (ALGORITHMS 3.7): transport, typed fields, error.code, error.type, headers, message
// patterns, status. A number found in text never stands in for the status. Pure functions; the
// rules are data in classify.cpp; tests/vectors/classify.json is their truth.
#pragma once

#include <string_view>

#include "core/dialect.h"
#include "core/headers.h"
#include "core/transport_error.h"
#include "core/verdict.h"

namespace holysheep {

struct Outcome {
  TransportError transport = TransportError::none;
  int status = 0;  // 0: no header came
  const Headers* headers = nullptr;
  std::string_view body;  // whole, or what there was of it; decoded
  Nanos unix_now = 0;     // for dates when the answer has no Date
  // An error object found inside a stream or inside a 200: `body` is its JSON (the whole event).
  bool in_band = false;
};

// For answers that are no success, and for errors inside of a 2xx (in_band).
Classification classify(const Outcome& outcome);

// A 2xx that was not streamed: success, or what is wrong with it (an HTML page, an `error` object,
// bad or cut JSON, a body that is empty). `usage`, `model` and finish are filled in `facts`.
Classification classify_success(const Outcome& outcome, const Dialect& dialect, BodyFacts& facts);

}  // namespace holysheep
