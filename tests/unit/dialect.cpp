#include "core/dialect.h"

#include <catch2/catch_test_macros.hpp>

namespace holysheep {

TEST_CASE("a path's end chooses the dialect", "[dialect]") {
  const auto kind = [](std::string_view path) { return dialect_of("POST", path).kind; };
  CHECK(kind("/chat/completions") == DialectKind::chat);
  CHECK(kind("/v1/chat/completions") == DialectKind::chat);
  CHECK(kind("/v1/chat/completions/") == DialectKind::chat);
  CHECK(kind("/openai/deployments/gpt/chat/completions?api-version=1") == DialectKind::chat);
  CHECK(kind("/completions") == DialectKind::completions);
  CHECK(kind("/v1/completions") == DialectKind::completions);
  CHECK(kind("/responses") == DialectKind::responses);
  CHECK(kind("/v1/messages?beta=true") == DialectKind::messages);
  CHECK(kind("/v1/messages/count_tokens") == DialectKind::json);
  CHECK(kind("/embeddings") == DialectKind::json);
  CHECK(dialect_of("GET", "/models").kind == DialectKind::json);
  CHECK(dialect_of("GET", "/models?limit=5").kind == DialectKind::json);
  CHECK(dialect_of("GET", "/v1/models/meta-llama/Llama-3").kind == DialectKind::json);
}

TEST_CASE("a known path that is asked by another method is passed through", "[dialect]") {
  CHECK(dialect_of("HEAD", "/models").kind == DialectKind::opaque);
  CHECK(dialect_of("DELETE", "/models/ft-1").kind == DialectKind::opaque);
  CHECK(dialect_of("GET", "/chat/completions").kind == DialectKind::opaque);
  CHECK(dialect_of("OPTIONS", "/chat/completions").kind == DialectKind::opaque);
  CHECK(dialect_of("GET", "/v1beta/models/gemini:generateContent").kind == DialectKind::opaque);
}

TEST_CASE("stored things and unknown paths are passed through", "[dialect]") {
  for (const std::string_view path :
       {"", "/", "/files", "/v1/files/f/content", "/responses/resp_1", "/v1/threads/t/messages",
        "/chat/completions/c/messages", "/v1beta/models/gemini:generateContent", "/audio/speech",
        "/mychat/completionsx", "messages"}) {
    INFO(path);
    CHECK(dialect_of("POST", path).kind == DialectKind::opaque);
    CHECK_FALSE(dialect_of("POST", path).json_body);
  }
}

}  // namespace holysheep
