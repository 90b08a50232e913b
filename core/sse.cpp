// The parts of the event-stream parser that are not on the path of an event inside one chunk.
#include "core/sse.h"

#include "core/utf8.h"

namespace holysheep {
namespace {

constexpr std::uint8_t kPastMark = 4;
// A buffer that one huge event has grown is given back above this size; ordinary events fit.
constexpr std::size_t kBufferKeptBytes = 64 * 1024;
// Ids are opaque and come from outside: a longer one is not worth keeping.
constexpr std::size_t kIdBytesMax = 4 * 1024;
// "retry" of more digits is no time that anybody waits, and would overflow.
constexpr std::size_t kRetryDigitsMax = 15;

void release_if_large(std::string& buffer) {
  if (buffer.capacity() > kBufferKeptBytes) std::string().swap(buffer);
}

}  // namespace

std::size_t SseParser::skip_start(std::string_view chunk) {
  std::size_t at = 0;
  if (mark_matched_ != kPastMark && !chunk.empty()) {
    const std::size_t before = mark_matched_;
    while (mark_matched_ < kByteOrderMark.size() && at < chunk.size() &&
           chunk[at] == kByteOrderMark[mark_matched_]) {
      ++mark_matched_;
      ++at;
    }
    if (mark_matched_ == kByteOrderMark.size()) {
      mark_matched_ = kPastMark;
    } else if (at < chunk.size()) {
      line_.assign(kByteOrderMark.substr(0, before));
      mark_matched_ = kPastMark;
      at = 0;
    }
  }
  if (skip_line_feed_ && at < chunk.size()) {
    skip_line_feed_ = false;
    if (chunk[at] == '\n') ++at;
  }
  return at;
}

void SseParser::take_data(std::string_view value, Pending& pending) {
  if (data_lines_++ == 0) {
    pending.data = value;
    return;
  }
  if (pending.data.data() != data_.data()) data_.assign(pending.data);
  data_ += '\n';
  data_ += value;
  pending.data = data_;
}

void SseParser::take_field(std::string_view line, Pending& pending) {
  const std::size_t colon = line.find(':');
  const std::string_view field = line.substr(0, colon);
  std::string_view value;
  if (colon != std::string_view::npos) {
    value = line.substr(colon + 1);
    if (!value.empty() && value.front() == ' ') value.remove_prefix(1);
  }
  if (field == "data") {
    take_data(value, pending);
  } else if (field == "event") {
    pending.name = value;
  } else if (field == "id") {
    if (value.size() <= kIdBytesMax && value.find('\0') == std::string_view::npos) {
      last_id_.assign(value);
    }
  } else if (field == "retry") {
    if (value.empty() || value.size() > kRetryDigitsMax) return;
    std::int64_t retry_ms = 0;
    for (const char digit : value) {
      if (digit < '0' || digit > '9') return;
      retry_ms = retry_ms * 10 + (digit - '0');
    }
    retry_ms_ = retry_ms;
  }
}

bool SseParser::take_carried_line(std::string_view rest, Pending& pending) {
  if (in_comment_) {
    in_comment_ = false;
    ++comments_;
    return true;
  }
  line_.append(rest);
  return take_line(line_, pending);
}

bool SseParser::keep(std::string_view rest, const Pending& pending, bool carried) {
  if (carried) {
    if (!in_comment_) line_.append(rest);
  } else {
    // The views may point into line_: they are copied before it is used again.
    if (data_lines_ == 0) {
      data_.clear();
      release_if_large(data_);
    } else if (pending.data.data() != data_.data()) {
      data_.assign(pending.data);
    }
    if (pending.name.data() != name_.data()) name_.assign(pending.name);
    in_comment_ = !rest.empty() && rest.front() == ':';
    release_if_large(line_);
    line_.assign(in_comment_ ? std::string_view() : rest);
  }
  return event_bytes_ + line_.size() <= event_bytes_max_ || stop_too_large();
}

bool SseParser::stop_too_large() {
  too_large_ = true;
  stopped_ = true;
  release_if_large(line_);
  release_if_large(data_);
  return false;
}

}  // namespace holysheep
