// Event-stream framing: no crash, views inside their bounds, and the same events however the stream
// is cut. The first byte chooses the limit, the second the size of the pieces.
#include "core/sse.h"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

using holysheep::SseEvent;
using holysheep::SseParser;

struct Framed {
  std::vector<std::string> events;
  bool too_large = false;
  bool operator==(const Framed&) const = default;
};

Framed frame(const std::string& text, std::size_t limit, std::size_t piece) {
  SseParser parser(limit);
  Framed framed;
  for (std::size_t at = 0; at < text.size(); at += piece) {
    const std::string chunk = text.substr(at, piece);
    const std::vector<char> copy(chunk.begin(), chunk.end());
    std::size_t end = 0;
    parser.feed({copy.data(), copy.size()}, [&](const SseEvent& event) {
      if (event.end <= end || event.end > copy.size()) std::abort();
      end = event.end;
      framed.events.push_back(std::string(event.name) + '\0' + std::string(event.data) +
                              (event.bare ? '\1' : '\0'));
      return true;
    });
  }
  framed.too_large = parser.too_large();
  return framed;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::size_t limit = data[0] < 128 ? data[0] : 1 << 20;
  const std::size_t piece = data[1] % 32 + 1;
  const std::string text(reinterpret_cast<const char*>(data + 2), size - 2);
  const Framed whole = frame(text, limit, size);
  if (!(frame(text, limit, 1) == whole) || !(frame(text, limit, piece) == whole)) std::abort();
  return 0;
}
