// What a path's answers look like (SEMANTICS 6): a data table from path to dialect, and what was
// learnt of one answer.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace holysheep {

enum class DialectKind : std::uint8_t {
  chat,         // /chat/completions
  completions,  // /completions: `choices[].text` is the content
  responses,    // /responses
  messages,     // /messages, Anthropic's shape
  json,         // other known paths that answer one JSON value (/embeddings, /models, …)
  opaque,       // unknown: passed through; a well-framed end of the body is success
};

struct Dialect {
  DialectKind kind = DialectKind::opaque;
  bool json_body = false;  // an answer that is not streamed must be JSON
};

// Of a request: `path` with or without "/v1" and query. Answers to other methods than the one that
// a path is known for (HEAD, DELETE, a GET that lists) are opaque.
const Dialect& dialect_of(std::string_view method, std::string_view path);

// Token counts as the provider reported them; -1: not reported. `input` includes `cached`.
struct Usage {
  std::int64_t input = -1;
  std::int64_t output = -1;
  std::int64_t cached = -1;
  bool known() const { return input >= 0 || output >= 0; }
};

// What was found in an answer, streamed or not.
struct BodyFacts {
  Usage usage;
  std::string id;             // of the answer
  std::string model;          // as served
  std::string finish_reason;  // of the first choice
};

}  // namespace holysheep
