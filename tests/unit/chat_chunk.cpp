#include "core/chat_chunk.h"

#include <catch2/catch_test_macros.hpp>

namespace holysheep {

TEST_CASE("a whole completion becomes one chunk", "[chat_chunk]") {
  CHECK(chunk_of_completion(
            R"({"id":"x", "object": "chat.completion","choices":[{"index":0,)"
            R"("message":{"role":"assistant","content":"a \"message\""},"finish_reason":"stop"}, )"
            R"({"message":{"content":"b"}}],"usage":{"message":1},"message":2})") ==
        R"({"id":"x", "object": "chat.completion.chunk","choices":[{"index":0,)"
        R"("delta":{"role":"assistant","content":"a \"message\""},"finish_reason":"stop"}, )"
        R"({"delta":{"content":"b"}}],"usage":{"message":1},"message":2})");
}

TEST_CASE("its tool calls have an index each", "[chat_chunk]") {
  CHECK(chunk_of_completion(
            R"({"choices":[{"message":{"content":null,"tool_calls":[)"
            R"({"id":"a","function":{"name":"f"}}, {}, 5, {"index":7,"id":"b"}]}}]})") ==
        R"({"choices":[{"delta":{"content":null,"tool_calls":[)"
        R"({"index":0,"id":"a","function":{"name":"f"}}, {}, 5, {"index":7,"id":"b"}]}}]})");
}

TEST_CASE("what has no message stays as it is", "[chat_chunk]") {
  for (const char* text :
       {R"({"choices":[{"delta":{"content":"a"},"message":{"content":"b"}}]})", R"({"choices":5})",
        R"({"choices":[5,null]})", R"([1])", "", "{", R"({"choices":[{"delta":null}]})"}) {
    CHECK(chunk_of_completion(text) == text);
  }
  CHECK(chunk_of_completion("\xEF\xBB\xBF{\"choices\":[{\"message\":null}]}") ==
        R"({"choices":[{"delta":{}}]})");
}

}  // namespace holysheep
