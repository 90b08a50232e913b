// What a healthy provider says: the JSON of an answer, or the events of a stream, in the shape of
// the API that was asked. Pure; made once and shared by all requests that ask alike.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/mock/mock_question.h"
#include "core/mock/mock_script.h"

namespace holysheep {

enum class MockPart : std::uint8_t { opening, content, fault, closing, done };

// One server-sent event, with its blank line.
struct MockEvent {
  MockPart part = MockPart::opening;
  std::string text;
};

// `endpoint` is who says hello when the script gives no text.
std::string mock_answer_json(const MockReply& reply, const MockQuestion& question,
                             std::string_view endpoint);
std::vector<MockEvent> mock_answer_events(const MockReply& reply, const MockQuestion& question,
                                          std::string_view endpoint);
// The error that takes the place of an answer, or of the rest of a stream.
std::string mock_fault_json(const MockInBandError& error, MockApi api);
// The body of GET /models.
std::string mock_models_json(const std::vector<std::string>& models);
// How many tokens the answer to `question` will be counted for.
std::int64_t mock_answer_tokens(const MockReply& reply, std::string_view endpoint);

}  // namespace holysheep
