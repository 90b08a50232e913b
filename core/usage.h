// Reads an answer's `usage` object in every shape that is known: OpenAI's two, Anthropic's,
// DeepSeek's. Pure functions.
#pragma once

#include "core/dialect.h"
#include "core/json_skim.h"

namespace holysheep {

// At a value: consumes it. Counts that it reports are merged in: a later, larger one wins, because
// a stream reports them cumulatively and in parts.
void merge_usage(JsonSkim& json, Usage& usage);

// Keeps a short text of an answer (model, finish_reason), if the value is one.
void keep_text(const JsonSlice& value, std::string& text);

}  // namespace holysheep
