#include "bindings/cli/unix_socket.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <system_error>

namespace holysheep::cli {
namespace {

constexpr std::size_t kAnswerBytesMax = std::size_t{64} << 20;

std::string reason() {
  return std::generic_category().message(errno);
}

class Socket {
 public:
  explicit Socket(int timeout_ms) : descriptor_(socket(AF_UNIX, SOCK_STREAM, 0)) {
    if (descriptor_ < 0) return;
    const timeval limit{timeout_ms / 1000, timeout_ms % 1000 * 1000};
    setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(descriptor_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  }
  ~Socket() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  bool connect_to(const std::string& path) const {
    if (descriptor_ < 0) return false;
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) {
      errno = ENAMETOOLONG;
      return false;
    }
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    return connect(descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }

  bool send_all(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t put = send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(put));
    }
    return true;
  }

  bool read_all(std::string* bytes) const {
    char buffer[65536];
    while (bytes->size() <= kAnswerBytesMax) {
      const ssize_t got = recv(descriptor_, buffer, sizeof buffer, 0);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return got == 0;
      bytes->append(buffer, static_cast<std::size_t>(got));
    }
    errno = EMSGSIZE;
    return false;
  }

 private:
  int descriptor_;
};

// "HTTP/1.1 200 OK\r\n…\r\n\r\nbody"
void take_apart(const std::string& bytes, UnixAnswer* answer) {
  const std::size_t space = bytes.find(' ');
  const std::size_t end = bytes.find("\r\n\r\n");
  if (bytes.rfind("HTTP/1.", 0) != 0 || end == std::string::npos) {
    answer->error = "the answer is no HTTP";
    return;
  }
  const char* digits = bytes.data() + space + 1;
  std::from_chars(digits, bytes.data() + end, answer->http_status);
  answer->body = bytes.substr(end + 4);
}

}  // namespace

UnixAnswer get_over_unix_socket(const std::string& socket_path, std::string_view path,
                                std::string_view token, int timeout_ms) {
  std::string request("GET ");
  request.append(path).append(" HTTP/1.1\r\nHost: localhost\r\n");
  if (!token.empty()) request.append("Authorization: Bearer ").append(token).append("\r\n");
  request += "Connection: close\r\n\r\n";
  UnixAnswer answer;
  const Socket connection(timeout_ms);
  std::string bytes;
  if (!connection.connect_to(socket_path) || !connection.send_all(request) ||
      !connection.read_all(&bytes)) {
    answer.error = reason();
    return answer;
  }
  take_apart(bytes, &answer);
  return answer;
}

}  // namespace holysheep::cli
