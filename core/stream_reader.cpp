// What all dialects have in common: from an event of the parser to an item. What the events of each
// dialect hold is read in stream_chat.cpp and stream_events.cpp.
#include "core/stream_reader.h"

#include "core/trim.h"

namespace holysheep {
namespace {

constexpr std::string_view kDone = "[DONE]";

}  // namespace

std::string_view name_of(StreamItem item) {
  switch (item) {
    case StreamItem::neutral:
      return "neutral";
    case StreamItem::content:
      return "content";
    case StreamItem::usage_only:
      return "usage_only";
    case StreamItem::end:
      return "end";
    case StreamItem::done:
      return "done";
    case StreamItem::error:
      return "error";
  }
  return "unknown";
}

StreamReader::StreamReader(const Dialect& dialect, std::size_t event_bytes_max, int choices)
    : dialect_(dialect), parser_(event_bytes_max), choices_(choices < 1 ? 1 : choices) {}

void StreamReader::feed(std::string_view chunk, std::vector<StreamEvent>& events) {
  held_.clear();
  if (!fault_.empty()) return;
  parser_.feed(chunk, [&](const SseEvent& event) { return read(event, chunk, events); });
  if (parser_.too_large() && !ended_) fault_ = "an event of the stream is above the size limit";
}

bool StreamReader::read(const SseEvent& event, std::string_view chunk,
                        std::vector<StreamEvent>& events) {
  StreamEvent item;
  item.end = event.end;
  if (complete_at_end_of_body()) {
    if (event.bare) return true;
    content_seen_ = true;
    item.item = StreamItem::content;
  } else if (event.name == "error") {
    error_seen_ = true;
    item.item = StreamItem::error;
  } else {
    if (event.bare || done_seen_) return true;
    if (event.data.size() < 2 * kDone.size()) {
      const std::string_view text = trim(event.data);
      if (text.empty()) return true;
      done_seen_ = text == kDone;
    }
    Found found;
    if (done_seen_) {
      item.item = StreamItem::done;
    } else if (read_json(event, found)) {
      item.item = settle(found);
      item.tool_call_complete = found.tool_call_complete;
    } else {
      // The answer is whole: what a server says after it cannot spoil it.
      if (ended_) return true;
      fault_ = "an event of the stream is not a well-formed JSON object";
      facts_.finish_reason.clear();
      return false;
    }
  }
  item.name = hold(event.name, chunk);
  item.data = hold(event.data, chunk);
  events.push_back(item);
  return true;
}

bool StreamReader::read_json(const SseEvent& event, Found& found) {
  JsonSkim json(event.data);
  if (!json.enter_object()) return false;
  switch (dialect_.kind) {
    case DialectKind::responses:
      read_response(json, event.name, found);
      break;
    case DialectKind::messages:
      read_message(json, event.name, found);
      break;
    default:
      read_chat(json, found);
  }
  return json.finish();
}

StreamItem StreamReader::settle(const Found& found) {
  if (found.error) {
    error_seen_ = true;
    return StreamItem::error;
  }
  if (found.content) content_seen_ = true;
  if (found.end && !ended_) {
    ended_ = true;
    return StreamItem::end;
  }
  if (found.content) return StreamItem::content;
  return found.usage && !found.choices ? StreamItem::usage_only : StreamItem::neutral;
}

std::string_view StreamReader::hold(std::string_view text, std::string_view chunk) {
  const auto begin = reinterpret_cast<std::uintptr_t>(chunk.data());
  const auto at = reinterpret_cast<std::uintptr_t>(text.data());
  if (text.empty() || (at >= begin && at - begin < chunk.size())) return text;
  return held_.emplace_back(text);
}

}  // namespace holysheep
