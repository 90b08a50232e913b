// Reads a running program's monitor endpoint (`monitor.listen`), for `top`, `metrics` and `health`:
// the address and token options, one GET through the C ABI or a Unix socket.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "bindings/cli/arguments.h"
#include "bindings/cli/handle.h"

namespace holysheep::cli {

constexpr std::string_view kMonitorAddress = "127.0.0.1:9464";

// What the three commands have in common.
std::vector<Option> monitor_options();

class MonitorReader {
 public:
  // False, after a message on standard error, if the address or the token is none.
  bool open(const Arguments& arguments);

  struct Answer {
    int http_status = 0;  // 0: none came
    std::string body;
    std::string error;  // why none came, or what a refusal says
  };
  Answer get(std::string_view path) const;
  // The same with a message on standard error unless the answer is a 200, or one of `also`.
  bool get(std::string_view path, int also, Answer* answer) const;
  const std::string& address() const { return address_; }

 private:
  std::string address_;
  Client client_;      // null: a Unix socket
  std::string token_;  // for that
};

}  // namespace holysheep::cli
