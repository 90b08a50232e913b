// Streams in every dialect: no crash, and the same items, facts and end however the stream is cut.
// The first byte chooses the dialect, the second the size of the pieces, the third the number of
// choices.
#include "core/stream_reader.h"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

using namespace holysheep;

constexpr std::size_t kEventBytesMax = 4096;
constexpr std::string_view kPaths[] = {"/chat/completions", "/completions", "/responses",
                                       "/messages",         "/embeddings",  "/unknown"};

std::string describe(const StreamReader& reader) {
  const BodyFacts& facts = reader.facts();
  std::string text = facts.model + '\n' + facts.finish_reason;
  for (const std::int64_t count : {facts.usage.input, facts.usage.output, facts.usage.cached}) {
    text += '\n' + std::to_string(count);
  }
  for (const bool flag : {reader.content_seen(), reader.ended(), reader.done_seen(),
                          reader.error_seen(), reader.fault().empty()}) {
    text += flag ? '1' : '0';
  }
  return text;
}

std::string read(const std::string& text, std::string_view path, int choices, std::size_t piece) {
  StreamReader reader(dialect_of("POST", path), kEventBytesMax, choices);
  std::string seen;
  std::vector<StreamEvent> events;
  for (std::size_t at = 0; at < text.size(); at += piece) {
    const std::string chunk = text.substr(at, piece);
    const std::vector<char> copy(chunk.begin(), chunk.end());
    events.clear();
    reader.feed({copy.data(), copy.size()}, events);
    for (const StreamEvent& event : events) {
      seen += name_of(event.item);
      seen += event.name;
      seen += event.data;
      seen += event.tool_call_complete ? '!' : '\n';
    }
  }
  return seen + describe(reader);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  const std::string_view path = kPaths[data[0] % std::size(kPaths)];
  const std::size_t piece = data[1] % 64 + 1;
  const int choices = data[2] % 80;
  const std::string text(reinterpret_cast<const char*>(data + 3), size - 3);
  const std::string whole = read(text, path, choices, size);
  if (read(text, path, choices, 1) != whole || read(text, path, choices, piece) != whole) {
    std::abort();
  }
  return 0;
}
