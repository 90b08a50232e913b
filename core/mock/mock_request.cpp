#include "core/mock/mock_request.h"

#include <charconv>

namespace holysheep {
namespace {

// A fake provider gets heads of a few KiB; more is a mistake of the test.
constexpr std::size_t kHeadBytesMax = 256 * 1024;
// Twice what a client sends by default, so that its own limit is the one that is met.
constexpr std::size_t kBodyBytesMax = 128 * 1024 * 1024;
// A chunk's size with extensions, or a trailer line.
constexpr std::size_t kLineBytesMax = 8 * 1024;

bool has_token(std::string_view list, std::string_view token) {
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    std::string_view item = list.substr(0, comma);
    list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
    const std::size_t begin = item.find_first_not_of(" \t");
    if (begin == std::string_view::npos) continue;
    item = item.substr(begin, item.find_last_not_of(" \t") - begin + 1);
    if (equals_ignore_case(item, token)) return true;
  }
  return false;
}

bool parse_size(std::string_view text, int base, std::size_t* size) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *size, base);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

std::string_view MockRequest::credential() const {
  const std::string_view authorization = headers.find("authorization");
  if (!authorization.empty()) {
    constexpr std::string_view kScheme = "bearer ";
    return equals_ignore_case(authorization.substr(0, kScheme.size()), kScheme)
               ? authorization.substr(kScheme.size())
               : authorization;
  }
  const std::string_view api_key = headers.find("api-key");
  return api_key.empty() ? headers.find("x-api-key") : api_key;
}

MockRequestParser::State MockRequestParser::advance() {
  if (phase_ == Phase::done) return State::complete;
  if (phase_ == Phase::head) {
    const std::size_t end = input_.find("\r\n\r\n", scanned_ < 3 ? 0 : scanned_ - 3);
    if (end == std::string::npos) {
      scanned_ = input_.size();
      return scanned_ > kHeadBytesMax ? fail(431) : State::incomplete;
    }
    if (!read_head(std::string_view(input_).substr(0, end + 2))) return fail(400);
    input_.erase(0, end + 4);
    scanned_ = 0;
    if (!choose_framing()) return fail(status_ == 0 ? 400 : status_);
  }
  const State state = read_body();
  if (state != State::incomplete) return state;
  if (expects_continue_ && input_.empty()) {
    expects_continue_ = false;
    return State::go_on;
  }
  return state;
}

MockRequest MockRequestParser::take() {
  MockRequest request = std::move(request_);
  request_ = MockRequest();
  phase_ = Phase::head;
  expects_continue_ = false;
  return request;
}

void MockRequestParser::shrink() {
  if (input_.empty()) std::string().swap(input_);
}

MockRequestParser::State MockRequestParser::fail(int status) {
  status_ = status;
  return State::failed;
}

bool MockRequestParser::read_head(std::string_view head) {
  const std::size_t line_end = head.find("\r\n");
  const std::string_view line = head.substr(0, line_end);
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || last <= first + 1) return false;
  const std::string_view version = line.substr(last + 1);
  if (version != "HTTP/1.1" && version != "HTTP/1.0") return false;
  request_.method = line.substr(0, first);
  request_.path = line.substr(first + 1, last - first - 1);
  request_.headers = Headers(std::string(head.substr(line_end + 2)));
  const std::string_view connection = request_.headers.find("connection");
  request_.keep_alive =
      version == "HTTP/1.1" ? !has_token(connection, "close") : has_token(connection, "keep-alive");
  expects_continue_ = equals_ignore_case(request_.headers.find("expect"), "100-continue");
  return true;
}

bool MockRequestParser::choose_framing() {
  const std::string_view encoding = request_.headers.find("transfer-encoding");
  if (!encoding.empty()) {
    phase_ = Phase::chunk_size;
    return equals_ignore_case(encoding, "chunked");
  }
  phase_ = Phase::length;
  wanted_ = 0;
  const std::string_view length = request_.headers.find("content-length");
  if (!length.empty() && !parse_size(length, 10, &wanted_)) return false;
  if (wanted_ > kBodyBytesMax) {
    status_ = 413;
    return false;
  }
  return true;
}

bool MockRequestParser::take_line(std::string_view* line) {
  const std::size_t end = input_.find("\r\n");
  if (end == std::string::npos) return false;
  *line = std::string_view(input_).substr(0, end);
  return true;
}

MockRequestParser::State MockRequestParser::read_body() {
  std::string_view line;
  for (;;) {
    switch (phase_) {
      case Phase::length:
      case Phase::chunk_data: {
        const std::size_t size = input_.size() < wanted_ ? input_.size() : wanted_;
        request_.body.append(input_, 0, size);
        input_.erase(0, size);
        wanted_ -= size;
        if (wanted_ > 0) return State::incomplete;
        phase_ = phase_ == Phase::length ? Phase::done : Phase::chunk_end;
        break;
      }
      case Phase::chunk_end:
        if (input_.size() < 2) return State::incomplete;
        if (input_.compare(0, 2, "\r\n") != 0) return fail(400);
        input_.erase(0, 2);
        phase_ = Phase::chunk_size;
        break;
      case Phase::chunk_size:
        if (!take_line(&line)) return input_.size() > kLineBytesMax ? fail(400) : State::incomplete;
        if (!parse_size(line.substr(0, line.find_first_of("; \t")), 16, &wanted_)) return fail(400);
        if (wanted_ > kBodyBytesMax - request_.body.size()) return fail(413);
        phase_ = wanted_ == 0 ? Phase::trailer : Phase::chunk_data;
        input_.erase(0, line.size() + 2);
        break;
      case Phase::trailer:
        if (!take_line(&line)) return input_.size() > kLineBytesMax ? fail(400) : State::incomplete;
        if (line.empty()) phase_ = Phase::done;
        input_.erase(0, line.size() + 2);
        break;
      case Phase::head:
      case Phase::done:
        return State::complete;
    }
  }
}

}  // namespace holysheep
