// What differs between systems, in one place: reading the clocks, waiting for sockets, being woken.
// Two implementations: loop_epoll.cpp and loop_portable.cpp (curl_multi_poll); HOLYSHEEP_LOOP
// chooses.
#pragma once

#include <curl/curl.h>

#include <memory>
#include <string>

#include "core/duration.h"

namespace holysheep {

// CLOCK_MONOTONIC and CLOCK_REALTIME.
Now read_clocks();

class Loop {
 public:
  // Registers itself as the multi handle's socket and timer function: the loop must outlive it.
  // Null with *error set if there is no descriptor left.
  static std::unique_ptr<Loop> make(CURLM* multi, std::string* error);
  virtual ~Loop() = default;

  // Serves this multi handle from now on instead of the one before.
  virtual void attach(CURLM* multi) = 0;
  // Waits up to `timeout` (kNever: without limit) and lets libcurl do what is ready or due.
  virtual void run_once(Nanos timeout) = 0;
  // From any thread.
  virtual void wake() = 0;
  // Every socket that our own code opens for libcurl, so that the loop may keep watching one
  // between two requests: it learns here, before the close, when that must end.
  virtual void socket_opened(curl_socket_t socket) = 0;
  virtual void socket_closing(curl_socket_t socket) = 0;
};

}  // namespace holysheep
