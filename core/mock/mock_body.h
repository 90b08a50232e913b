// The bytes of an answer's body as they go over the wire: compressed, framed, cut into the pieces
// that wait for their time, with the place where a script stops it. Immutable: one body serves
// every connection that is given the same answer, so that ten thousand streams hold ten thousand
// positions and one text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/mock/mock_answer.h"
#include "core/mock/mock_script.h"

namespace holysheep {

constexpr std::size_t kNoStop = static_cast<std::size_t>(-1);

// What a piece waits for after the piece before it.
enum class MockPace : std::uint8_t { none, first_token, token };

struct MockPiece {
  std::size_t end = 0;  // of its bytes
  MockPace pace = MockPace::none;
};

struct MockBody {
  std::string bytes;
  std::vector<MockPiece> pieces;
  std::string content_type;
  std::string comment;         // framed: sent while the first content is waited for
  std::size_t stop = kNoStop;  // where bytes end early
  std::size_t length = 0;      // for Content-Length
  MockFraming framing = MockFraming::length;
  bool gzip = false;
};

struct MockBodyOptions {
  MockFraming framing = MockFraming::length;
  bool gzip = false;
  MockStop stop;
};

MockBody make_mock_body(std::string_view content, std::string_view content_type,
                        const MockBodyOptions& options);
MockBody make_mock_stream(const std::vector<MockEvent>& events, const MockBodyOptions& options);

}  // namespace holysheep
