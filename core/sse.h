// Server-sent events by the WHATWG rules: CR, LF and CRLF split anywhere, a BOM, comments, several
// data lines, `event`, `id` and `retry` fields. Push parser: bytes in, events out, no copy for an event
// that lies inside one chunk. An event above `event_bytes_max` stops the parser with `too_large`.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace holysheep {

struct SseEvent {
  std::string_view name;  // "" for the default type
  std::string_view data;  // data lines joined by \n; valid until the sink returns
  // Where, in the chunk that was fed, the event's last byte (with its blank line) ended.
  std::size_t end = 0;
};

class SseParser {
 public:
  explicit SseParser(std::size_t event_bytes_max) : event_bytes_max_(event_bytes_max) {}

  // Calls sink(const SseEvent&) -> bool for each event that became complete; false stops.
  // Returns false if the parser stopped: too_large() tells whether for the limit.
  template <typename Sink>
  bool feed(std::string_view chunk, Sink&& sink);

  bool too_large() const { return too_large_; }
  // Bytes of an unfinished event: the stream was cut inside a line or before its blank line.
  bool inside_event() const;
  // Comments seen; keep-alives count as bytes for `idle`, never as content.
  std::size_t comments() const { return comments_; }

 private:
  std::size_t event_bytes_max_;
  bool too_large_ = false;
  std::size_t comments_ = 0;
};

}  // namespace holysheep
