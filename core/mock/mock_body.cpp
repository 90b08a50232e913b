#include "core/mock/mock_body.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace holysheep {
namespace {

// RFC 1952: deflate, no name, no time, system unknown.
constexpr std::string_view kGzipHead("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff", 10);
// RFC 1951: a stored block's length has 16 bits.
constexpr std::size_t kStoredBytesMax = 65535;

constexpr std::array<std::uint32_t, 256> make_crc_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit)
      crc = (crc >> 1) ^ ((crc & 1U) != 0 ? 0xedb88320U : 0U);
    table[i] = crc;
  }
  return table;
}

constexpr std::array<std::uint32_t, 256> kCrcTable = make_crc_table();

// gzip without compression: stored blocks need no library, and let each event leave at once.
class Gzip {
 public:
  std::string add(std::string_view text) {
    std::string out;
    if (size_ == 0) out.append(kGzipHead);
    size_ += text.size();
    for (const char byte : text) {
      crc_ = (crc_ >> 8) ^ kCrcTable[(crc_ ^ static_cast<unsigned char>(byte)) & 0xffU];
    }
    while (!text.empty()) {
      const std::size_t size = std::min(text.size(), kStoredBytesMax);
      append_block(out, text.substr(0, size), false);
      text.remove_prefix(size);
    }
    return out;
  }

  std::string finish() {
    std::string out;
    if (size_ == 0) out.append(kGzipHead);
    append_block(out, {}, true);
    append_little_endian(out, ~crc_, 4);
    append_little_endian(out, static_cast<std::uint32_t>(size_), 4);
    return out;
  }

 private:
  static void append_little_endian(std::string& out, std::uint32_t value, int bytes) {
    for (int i = 0; i < bytes; ++i)
      out.push_back(static_cast<char>((value >> (8 * i)) & 0xffU));
  }
  static void append_block(std::string& out, std::string_view text, bool last) {
    const auto size = static_cast<std::uint32_t>(text.size());
    out.push_back(last ? '\x01' : '\x00');
    append_little_endian(out, size, 2);
    append_little_endian(out, ~size & 0xffffU, 2);
    out.append(text);
  }

  std::uint32_t crc_ = 0xffffffffU;
  std::size_t size_ = 0;
};

class Builder {
 public:
  explicit Builder(const MockBodyOptions& options) : options_(options) {
    body_.framing = options.framing;
    body_.gzip = options.gzip;
  }

  // Where the payload of the next piece begins.
  std::size_t add(MockPace pace, std::string_view text) {
    const std::size_t begin = body_.bytes.size();
    append(options_.gzip ? gzip_.add(text) : std::string(text));
    body_.pieces.push_back({body_.bytes.size(), pace});
    return begin;
  }

  MockBody finish() {
    if (options_.gzip) append(gzip_.finish());
    if (options_.framing == MockFraming::chunked) body_.bytes.append("0\r\n\r\n");
    if (body_.pieces.empty()) body_.pieces.push_back({});
    body_.pieces.back().end = body_.bytes.size();
    return std::move(body_);
  }

  // What the wire carries for `text`, uncompressed.
  std::string framed(std::string_view text) const {
    if (options_.framing != MockFraming::chunked) return std::string(text);
    char size[16];
    const auto end = std::to_chars(size, size + sizeof size, text.size(), 16).ptr;
    std::string out(size, end);
    return out.append("\r\n").append(text).append("\r\n");
  }

  std::size_t size() const { return body_.bytes.size(); }

 private:
  void append(std::string_view payload) {
    if (payload.empty()) return;
    body_.length += payload.size();
    body_.bytes.append(framed(payload));
  }

  MockBodyOptions options_;
  Gzip gzip_;
  MockBody body_;
};

// Where a stream stops: `begins` are where its content events begin, `ends` where they end.
std::size_t stream_stop(const MockStop& stop, const std::vector<std::size_t>& begins,
                        const std::vector<std::size_t>& ends, std::size_t opening, std::size_t done,
                        std::size_t size) {
  const std::size_t count = begins.size();
  const auto after = static_cast<std::size_t>(stop.after_tokens);
  switch (stop.place) {
    case MockPlace::inside_body:
      return size / 2;
    case MockPlace::inside_event: {
      if (count == 0) return opening / 2;
      const std::size_t token = stop.after_tokens < 0 ? count / 2 : std::min(after, count - 1);
      return begins[token] + (ends[token] - begins[token]) / 2;
    }
    case MockPlace::after_content: {
      const std::size_t tokens = stop.after_tokens < 0 ? count : std::min(after, count);
      return tokens == 0 ? opening : ends[tokens - 1];
    }
    case MockPlace::before_done:
      return done;
    default:
      return kNoStop;
  }
}

bool stops_inside(MockPlace place) {
  return place == MockPlace::inside_body || place == MockPlace::inside_event ||
         place == MockPlace::after_content || place == MockPlace::before_done;
}

}  // namespace

MockBody make_mock_body(std::string_view content, std::string_view content_type,
                        const MockBodyOptions& options) {
  Builder builder(options);
  builder.add(MockPace::first_token, content);
  const std::string blank_line = builder.framed("\n");
  MockBody body = builder.finish();
  body.content_type = content_type;
  if (!options.gzip) body.comment = blank_line;
  if (stops_inside(options.stop.place)) body.stop = body.bytes.size() / 2;
  return body;
}

MockBody make_mock_stream(const std::vector<MockEvent>& events, const MockBodyOptions& options) {
  Builder builder(options);
  std::vector<std::size_t> begins;
  std::vector<std::size_t> ends;
  std::size_t opening = 0;
  std::size_t done = kNoStop;
  for (const MockEvent& event : events) {
    const bool content = event.part == MockPart::content || event.part == MockPart::fault;
    MockPace pace = MockPace::none;
    if (content) pace = begins.empty() ? MockPace::first_token : MockPace::token;
    if (event.part == MockPart::done && done == kNoStop) done = builder.size();
    const std::size_t begin = builder.add(pace, event.text);
    if (content) {
      begins.push_back(begin);
      ends.push_back(builder.size());
    } else if (event.part == MockPart::opening) {
      opening = builder.size();
    }
  }
  if (done == kNoStop) done = builder.size();
  const std::string comment = builder.framed(": keep-alive\n\n");
  MockBody body = builder.finish();
  body.content_type = "text/event-stream; charset=utf-8";
  if (!options.gzip) body.comment = comment;
  body.stop = stream_stop(options.stop, begins, ends, opening, done, body.bytes.size());
  return body;
}

}  // namespace holysheep
