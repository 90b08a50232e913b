// What a request asks for, as far as a fake provider must know: which API it is, streamed or not,
// the model, and how many tokens it will be counted for.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace holysheep {

// The API, by path. Kept apart from core/dialect.h on purpose: what is tested must not define the
// test.
enum class MockApi : std::uint8_t {
  chat,
  completions,
  responses,
  messages,
  embeddings,
  models,
  other,
};

struct MockQuestion {
  MockApi api = MockApi::other;
  bool stream = false;
  bool include_usage = false;
  bool accepts_gzip = false;
  int choices = 1;                      // of chat and completions
  int inputs = 1;                       // of embeddings
  std::string model;                    // "": none in the body
  std::int64_t input_tokens = 0;        // estimated: four bytes each
  std::int64_t output_tokens_max = -1;  // -1: not said
};

// `body` that is no JSON object (multipart, nothing) gives a question without a model.
MockQuestion read_mock_question(std::string_view method, std::string_view path,
                                std::string_view body);

}  // namespace holysheep
