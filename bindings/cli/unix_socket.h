// One HTTP GET over a Unix socket, which the library does not speak: for monitors that listen on
// "unix:PATH".
#pragma once

#include <string>
#include <string_view>

namespace holysheep::cli {

struct UnixAnswer {
  int http_status = 0;  // 0: none came
  std::string body;
  std::string error;  // why none came
};

// Reads until the server closes the connection, as the monitor does after each answer; waits at
// most `timeout_ms` for each piece. `token` may be "".
UnixAnswer get_over_unix_socket(const std::string& socket_path, std::string_view path,
                                std::string_view token, int timeout_ms);

}  // namespace holysheep::cli
