// Reads one streamed answer in its dialect (SEMANTICS 6): what is content, what is the end, what is
// an error. Knows nothing of credit, time limits or delivery; the engine asks it and decides.
//
// Comments, and events without data that the standard drops, make no StreamEvent, but an error does
// even so. In the dialects json and opaque every event is content and nothing is demanded of it:
// complete_at_end_of_body() says that a well-framed end of the body is all there is to wait for.
#pragma once

#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <vector>

#include "core/dialect.h"
#include "core/json_skim.h"
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

// "usage_only" and so on: the names that the vectors use.
std::string_view name_of(StreamItem item);

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
  // reader and hold until the next feed. An event that is both the last content and the end is
  // `end`.
  void feed(std::string_view chunk, std::vector<StreamEvent>& events);

  bool content_seen() const { return content_seen_; }
  // The dialect's end has come: a cut from here on is no fault.
  bool ended() const { return ended_; }
  bool done_seen() const { return done_seen_; }
  bool error_seen() const { return error_seen_; }
  // The dialect knows no end of its own: the body's well-framed end is the success.
  bool complete_at_end_of_body() const {
    return dialect_.kind == DialectKind::opaque || dialect_.kind == DialectKind::json;
  }
  // An event above the limit, or data that is no JSON where the dialect wants JSON: broken_stream.
  // Static text that says what was wrong; "" while all is well. Events read before it are valid.
  std::string_view fault() const { return fault_; }
  // That fault is an event above the limit.
  bool too_large() const { return parser_.too_large() && !ended_; }
  const BodyFacts& facts() const { return facts_; }
  // Of the content of chat and completions so far, as JSON writes it; others are not counted.
  std::int64_t content_bytes() const { return content_bytes_; }

 private:
  // What one event turned out to hold.
  struct Found {
    bool content = false;
    bool end = false;
    bool error = false;
    bool usage = false;
    bool choices = false;  // at least one element
    bool tool_call_complete = false;
  };

  bool read(const SseEvent& event, std::string_view chunk, std::vector<StreamEvent>& events);
  bool read_json(const SseEvent& event, Found& found);
  std::string_view hold(std::string_view text, std::string_view chunk);
  StreamItem settle(const Found& found);

  // Each takes the event's object, entered, to its end.
  void read_chat(JsonSkim& json, Found& found);
  void read_response(JsonSkim& json, std::string_view name, Found& found);
  void read_message(JsonSkim& json, std::string_view name, Found& found);

  void read_choices(JsonSkim& json, Found& found);
  void read_choice(JsonSkim& json, int position, Found& found);
  void read_delta(JsonSkim& json, Found& found);
  void read_tool_calls(JsonSkim& json, Found& found);
  void finish_choice(int index, std::string_view reason, Found& found);
  void read_response_object(JsonSkim& json);
  void read_message_object(JsonSkim& json);

  Dialect dialect_;
  SseParser parser_;
  int choices_;
  int finished_count_ = 0;
  std::uint64_t finished_ = 0;      // a bit for each of the first 64 choices
  std::vector<int> finished_more_;  // further ones; as good as never used
  std::int64_t tool_block_ = -1;    // messages: the index of the open tool_use block
  bool tool_call_begun_ = false;
  bool content_seen_ = false;
  bool ended_ = false;
  bool done_seen_ = false;
  bool error_seen_ = false;
  std::string_view fault_;
  BodyFacts facts_;
  std::int64_t content_bytes_ = 0;
  std::list<std::string> held_;  // what events of this feed point to if not to the chunk
};

}  // namespace holysheep
