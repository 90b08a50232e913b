// A whole chat completion in the shape of a stream's chunk, for readers of a stream whose server
// answered in one piece (SEMANTICS 6): they look for `choices[].delta`.
#pragma once

#include <string>
#include <string_view>

namespace holysheep {

// `completion` as it stands, but `message` is `delta`, `object` is that of a chunk, and tool calls
// have the index by which readers put their pieces together. No JSON object: unchanged.
std::string chunk_of_completion(std::string_view completion);

}  // namespace holysheep
