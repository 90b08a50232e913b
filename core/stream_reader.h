// Reads one streamed answer in its dialect (SEMANTICS 6): what is content, what is the end, what is an
// error. Knows nothing of credit, time limits or delivery; the engine asks it and decides.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/dialect.h"
#include "core/sse.h"

namespace holysheep {

enum class StreamItem : std::uint8_t {
  neutral,     // role-only delta, ping, created: held back before content, delivered after
  content,     // the first one opens the gate
  usage_only,  // the chunk that exists only because include_usage was asked for
  end,         // every choice has its finish_reason; response.completed; message_stop
  done,        // the [DONE] line
  error,       // an in-band error: `data` is its JSON
};

struct StreamEvent {
  StreamItem item = StreamItem::neutral;
  std::string_view name;
  std::string_view data;
  // Where in the fed chunk the event ended, for readers who want the bytes as they came.
  std::size_t end = 0;
  bool tool_call_complete = false;  // a whole tool call has now been delivered: never restart
};

class StreamReader {
 public:
  // `choices`: the request's `n` (1 if absent).
  StreamReader(const Dialect& dialect, std::size_t event_bytes_max, int choices);

  // Reads a chunk. Events are appended to `events`; their views point into the chunk or into the
  // reader and hold until the next feed.
  void feed(std::string_view chunk, std::vector<StreamEvent>& events);

  bool content_seen() const { return content_seen_; }
  // The dialect's end has come: a cut from here on is no fault.
  bool ended() const { return ended_; }
  bool done_seen() const { return done_seen_; }
  // An event above the limit, or data that is no JSON where the dialect wants JSON: broken_stream.
  // Static text that says what was wrong; "" while all is well.
  std::string_view fault() const { return fault_; }
  const BodyFacts& facts() const { return facts_; }

 private:
  Dialect dialect_;
  SseParser parser_;
  int choices_;
  int finished_ = 0;
  bool content_seen_ = false;
  bool ended_ = false;
  bool done_seen_ = false;
  std::string_view fault_;
  BodyFacts facts_;
};

}  // namespace holysheep
