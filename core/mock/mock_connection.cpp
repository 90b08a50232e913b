#include "core/mock/mock_connection.h"

#include <algorithm>
#include <utility>

namespace holysheep {
namespace {

// One read of the kernel's; large bodies take several. On the stack of the one thread.
constexpr std::size_t kReadBytes = 64 * 1024;

}  // namespace

bool MockConnection::turn(MockService& service, Nanos now) {
  for (;;) {
    due_ = kNever;
    bool goes_on = true;
    const Phase before = phase_;
    switch (phase_) {
      case Phase::reading:
        goes_on = read_some(service, now);
        break;
      case Phase::answering:
      case Phase::silent:
        goes_on = send_some(service, now);
        break;
      case Phase::waiting_to_die:
        if (socket_.has_unread()) {
          socket_.reset_on_close();
          return false;
        }
        return true;
    }
    if (!goes_on) return false;
    if (phase_ == before) return true;
  }
}

bool MockConnection::hang_up(MockService& service, Nanos now) {
  // Only a reader may still find a whole request before the end.
  if (phase_ != Phase::reading || service.deaf(endpoint_)) return false;
  peer_ended_ = true;
  return turn(service, now);
}

void MockConnection::abandon(MockService& service) {
  if (phase_ == Phase::answering || phase_ == Phase::silent) service.answered(*this);
  phase_ = Phase::reading;
}

// Until a request is complete or nothing more has come.
bool MockConnection::read_some(MockService& service, Nanos now) {
  if (service.deaf(endpoint_)) return true;
  char buffer[kReadBytes];
  bool fresh = parser_.idle();
  for (;;) {
    if (!fresh) {
      switch (parser_.advance()) {
        case MockRequestParser::State::complete: {
          MockRequest request = parser_.take();
          parser_.shrink();
          begin(service, service.answer(*this, std::move(request)), now);
          return true;
        }
        case MockRequestParser::State::failed:
          begin(service, mock_refusal(parser_.status()), now);
          return true;
        case MockRequestParser::State::go_on:
          aside_ = "HTTP/1.1 100 Continue\r\n\r\n";
          break;
        case MockRequestParser::State::incomplete:
          break;
      }
    }
    bool blocked = false;
    if (!aside_.empty() && !flush(service, &blocked)) return false;
    std::size_t got = 0;
    const MockSocket::Result result = socket_.read(buffer, sizeof buffer, &got);
    if (result == MockSocket::Result::ended) return false;
    if (result == MockSocket::Result::blocked) return true;
    parser_.feed(std::string_view(buffer, got));
    fresh = false;
  }
}

void MockConnection::begin(MockService& service, MockResponse response, Nanos now) {
  response_ = std::move(response);
  head_size_ = response_.head.size();
  total_ = response_.sent_size();
  allowed_ = sent_ = unit_end_ = piece_ = 0;
  ready_ = saturating_add(now, service.draw(endpoint_, response_.latency));
  next_comment_ = kNever;
  phase_ = Phase::answering;
}

// The end of the piece after unit_end_, and what passes before the piece after that one begins.
std::size_t MockConnection::next_unit(MockDelay* delay) {
  *delay = {};
  const bool has_body = response_.body != nullptr;
  const std::size_t end = unit_end_ == 0 && head_size_ > 0
                              ? head_size_
                              : head_size_ + (has_body ? response_.body->pieces[piece_++].end : 0);
  if (!has_body || piece_ >= response_.body->pieces.size()) return end;
  const MockPace pace = response_.body->pieces[piece_].pace;
  if (pace == MockPace::first_token) *delay = response_.first_token;
  if (pace == MockPace::token) *delay = response_.token;
  return end;
}

void MockConnection::open_due(MockService& service, Nanos now) {
  MockDelay delay;
  while (ready_ <= now && allowed_ < total_) {
    if (allowed_ == unit_end_) {
      unit_end_ = next_unit(&delay);
      if (response_.drip == 0) {
        allowed_ = std::min(unit_end_, total_);
        ready_ = saturating_add(ready_, service.draw(endpoint_, delay));
        continue;
      }
    }
    allowed_ = std::min(allowed_ + 1, total_);
    ready_ = saturating_add(ready_, response_.drip);
  }
}

// Comments go out while everything that was allowed is sent and more is waited for.
void MockConnection::comment_due(Nanos now) {
  const bool waits = response_.comment > 0 && response_.body && sent_ > 0 && sent_ == allowed_ &&
                     aside_.empty() && sent_ >= head_size_;
  if (!waits) return;
  if (next_comment_ == kNever) next_comment_ = saturating_add(now, response_.comment);
  if (next_comment_ > now) return;
  aside_ = response_.body->comment;
  next_comment_ = saturating_add(now, response_.comment);
}

bool MockConnection::flush(MockService& service, bool* blocked) {
  *blocked = false;
  while (!aside_.empty() || sent_ < allowed_) {
    std::string_view first = aside_;
    std::string_view second;
    if (first.empty()) {
      if (sent_ == 0) service.answering(*this, response_.status);
      if (sent_ < head_size_) {
        first = std::string_view(response_.head).substr(sent_, allowed_ - sent_);
      }
      if (allowed_ > head_size_) {
        const std::size_t begin = sent_ > head_size_ ? sent_ - head_size_ : 0;
        second =
            std::string_view(response_.body->bytes).substr(begin, allowed_ - head_size_ - begin);
      }
    }
    std::size_t put = 0;
    const MockSocket::Result result = socket_.write(first, second, &put);
    if (result == MockSocket::Result::ended) return false;
    if (result == MockSocket::Result::blocked) {
      *blocked = true;
      return true;
    }
    if (!aside_.empty()) {
      aside_.erase(0, put);
    } else {
      sent_ += put;
    }
  }
  return true;
}

bool MockConnection::send_some(MockService& service, Nanos now) {
  for (;;) {
    if (phase_ == Phase::answering) open_due(service, now);
    comment_due(now);
    bool blocked = false;
    if (!flush(service, &blocked)) return false;
    if (blocked) return true;
    const bool over = sent_ == total_ && (total_ > 0 || ready_ <= now);
    if (over && phase_ == Phase::answering) {
      if (!finish(service)) return false;
      if (phase_ != Phase::silent) return true;
    }
    comment_due(now);
    if (aside_.empty()) break;
  }
  due_ = phase_ == Phase::answering ? ready_ : kNever;
  due_ = std::min(due_, next_comment_);
  return true;
}

bool MockConnection::finish(MockService& service) {
  if (response_.ending == MockEnding::hang) {
    phase_ = Phase::silent;
    return !peer_ended_;
  }
  service.answered(*this);
  answered_ = true;
  const MockEnding ending = response_.ending;
  const bool whole = response_.stop == kNoStop;
  response_ = MockResponse();
  phase_ = ending == MockEnding::close_on_next ? Phase::waiting_to_die : Phase::reading;
  if (ending == MockEnding::keep || ending == MockEnding::close_on_next) return true;
  if (ending == MockEnding::reset) {
    socket_.reset_on_close();
  } else if (whole) {
    socket_.close_notify();
  }
  return false;
}

}  // namespace holysheep
