// Server-sent events by the WHATWG rules: CR, LF and CRLF split anywhere, a BOM, comments, several
// data lines, `event`, `id` and `retry` fields. Push parser: bytes in, events out, no copy for an
// event that lies inside one chunk. An event above `event_bytes_max` stops the parser with
// `too_large`.
//
// What counts towards the limit is the length of the event's lines without comments, so that an
// event is too large or not however the stream was cut into chunks, and keep-alives may go on for
// ever. Single-threaded; may be moved between feeds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/byte_scan.h"

namespace holysheep {

struct SseEvent {
  std::string_view name;  // "" for the default type
  std::string_view data;  // data lines joined by \n; valid until the sink returns
  // Where, in the chunk that was fed, the event's last byte (with its blank line) ended.
  std::size_t end = 0;
  // Named, but without a data line. The standard drops these; `event: error` says enough without.
  bool bare = false;
};

class SseParser {
 public:
  explicit SseParser(std::size_t event_bytes_max) : event_bytes_max_(event_bytes_max) {}

  // Calls sink(const SseEvent&) -> bool for each event that became complete; false stops.
  // Returns false if the parser stopped, then and ever after: too_large() tells whether for the
  // limit.
  template <typename Sink>
  bool feed(std::string_view chunk, Sink&& sink);

  bool too_large() const { return too_large_; }
  // Bytes of an unfinished event: the stream was cut inside a line or before its blank line.
  bool inside_event() const {
    return !line_.empty() || in_comment_ || data_lines_ != 0 || !name_.empty();
  }
  // Comments seen; keep-alives count as bytes for `idle`, never as content.
  std::size_t comments() const { return comments_; }
  // The last `id`, and the last `retry` in milliseconds (-1: none).
  std::string_view last_id() const { return last_id_; }
  std::int64_t retry_ms() const { return retry_ms_; }

 private:
  // The event that is being read, as views into the chunk where possible.
  struct Pending {
    std::string_view name;
    std::string_view data;
  };

  // Skips a BOM at the stream's start and the LF of a CRLF that was cut in two.
  std::size_t skip_start(std::string_view chunk);
  void take_data(std::string_view value, Pending& pending);
  void take_field(std::string_view line, Pending& pending);
  // A whole line that is not blank. False: the event is too large.
  bool take_line(std::string_view line, Pending& pending) {
    if (line[0] == ':') {
      ++comments_;
      return true;
    }
    event_bytes_ += line.size();
    if (event_bytes_ > event_bytes_max_) return stop_too_large();
    if (line.size() >= 5 && line.substr(0, 5) == "data:") {
      const std::size_t space = line.size() > 5 && line[5] == ' ' ? 1 : 0;
      take_data(line.substr(5 + space), pending);
    } else {
      take_field(line, pending);
    }
    return true;
  }
  // The line that began in an earlier chunk now ends with `rest`.
  bool take_carried_line(std::string_view rest, Pending& pending);
  // What is left when the chunk ends; `carried`: the line is still the one of an earlier chunk.
  bool keep(std::string_view rest, const Pending& pending, bool carried);
  bool stop_too_large();

  std::size_t event_bytes_max_;
  std::size_t event_bytes_ = 0;
  std::size_t data_lines_ = 0;
  std::size_t comments_ = 0;
  std::int64_t retry_ms_ = -1;
  std::string line_;  // the beginning of a line that has not ended
  std::string data_;  // data that is joined or kept from an earlier chunk
  std::string name_;  // the name kept from an earlier chunk
  std::string last_id_;
  std::uint8_t mark_matched_ = 0;  // bytes of the BOM that have matched; 4: past it
  bool in_comment_ = false;        // in a comment that began in an earlier chunk; not kept
  bool skip_line_feed_ = false;    // the last chunk ended with CR
  bool stopped_ = false;
  bool too_large_ = false;
};

template <typename Sink>
bool SseParser::feed(std::string_view chunk, Sink&& sink) {
  if (stopped_) return false;
  const char* const begin = chunk.data();
  const char* const end = begin + chunk.size();
  const char* at = begin + skip_start(chunk);
  bool carried = !line_.empty() || in_comment_;
  Pending pending{name_, data_};
  while (at != end) {
    const char* const line_end = find_line_end(at, end);
    const std::string_view line(at, static_cast<std::size_t>(line_end - at));
    if (line_end == end) return keep(line, pending, carried);
    at = line_end + 1;
    if (*line_end == '\r') {
      if (at == end) {
        skip_line_feed_ = true;
      } else if (*at == '\n') {
        ++at;
      }
    }
    if (carried) {
      carried = false;
      if (!take_carried_line(line, pending)) return false;
      continue;
    }
    if (!line.empty()) {
      if (!take_line(line, pending)) return false;
      continue;
    }
    const bool bare = data_lines_ == 0;
    if (!bare || !pending.name.empty()) {
      const SseEvent event{pending.name, pending.data, static_cast<std::size_t>(at - begin), bare};
      if (!sink(event)) {
        stopped_ = true;
        return false;
      }
    }
    pending = Pending();
    data_lines_ = 0;
    event_bytes_ = 0;
  }
  return keep({}, pending, carried);
}

}  // namespace holysheep
