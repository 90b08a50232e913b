// When connections that nothing uses are closed: once no attempt has been under way for a while.
#pragma once

#include <cstddef>

#include "core/duration.h"

namespace holysheep {

class IdleWatch {
 public:
  explicit IdleWatch(Nanos limit) : limit_(limit) {}

  void attempt_begins() { since_ = -1; }
  // After each turn without an attempt. True: the connections are to be closed now. Some close by
  // themselves meanwhile: libcurl waits for the other side's end of a TLS connection.
  bool turn_ended(std::size_t connections, Nanos now) {
    if (connections == 0) {
      since_ = -1;
      return false;
    }
    if (since_ < 0) since_ = now;
    if (now - since_ < limit_) return false;
    since_ = -1;
    return true;
  }
  // When the next turn is due for that; kNever: not at all.
  Nanos due() const { return since_ < 0 ? kNever : saturating_add(since_, limit_); }

 private:
  const Nanos limit_;
  Nanos since_ = -1;  // no attempt, though there are connections; -1: not so
};

}  // namespace holysheep
