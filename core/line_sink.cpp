#include "core/line_sink.h"

#include <algorithm>
#include <cerrno>

#if defined(_WIN32)
#include <io.h>
#else
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#endif

namespace holysheep {
namespace {

#if defined(_WIN32)

std::ptrdiff_t write_now(int descriptor, std::string_view text) {
  return _write(descriptor, text.data(), static_cast<unsigned>(text.size()));
}

#else

// A second opening of the same pipe or terminal has a mode of its own. -2: it cannot be opened.
std::ptrdiff_t write_reopened(int descriptor, std::string_view text) {
  const std::string path = "/dev/fd/" + std::to_string(descriptor);
  const int own = open(path.c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (own < 0) return -2;
  const std::ptrdiff_t written = ::write(own, text.data(), text.size());
  close(own);
  return written;
}

// Room for PIPE_BUF bytes is what "writable" means for a pipe.
std::ptrdiff_t write_if_writable(int descriptor, std::string_view text) {
  pollfd one{descriptor, POLLOUT, 0};
  if (poll(&one, 1, 0) != 1 || (one.revents & POLLOUT) == 0) return -1;
  return ::write(descriptor, text.data(), std::min<std::size_t>(text.size(), PIPE_BUF));
}

// As much as goes at once; -1: nothing. A file is written as always: a disk does not stand still.
std::ptrdiff_t write_now(int descriptor, std::string_view text) {
  struct stat about{};
  if (fstat(descriptor, &about) != 0) return -1;
  if (S_ISREG(about.st_mode)) return ::write(descriptor, text.data(), text.size());
#if defined(MSG_DONTWAIT) && defined(MSG_NOSIGNAL)
  if (S_ISSOCK(about.st_mode)) {
    return send(descriptor, text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  }
#endif
#if defined(RWF_NOWAIT)
  // Pipes know it since Linux 6.4.
  iovec part{const_cast<char*>(text.data()), text.size()};
  const std::ptrdiff_t written = pwritev2(descriptor, &part, 1, -1, RWF_NOWAIT);
  if (written >= 0 || (errno != EOPNOTSUPP && errno != ENOSYS)) return written;
#endif
  const std::ptrdiff_t reopened = write_reopened(descriptor, text);
  return reopened != -2 ? reopened : write_if_writable(descriptor, text);
}

#endif

}  // namespace

std::size_t LineSink::write_some(std::string_view text) const {
  std::size_t done = 0;
  while (done < text.size()) {
    const std::ptrdiff_t written = write_now(descriptor_, text.substr(done));
    if (written <= 0) break;
    done += static_cast<std::size_t>(written);
  }
  return done;
}

bool LineSink::write(std::string_view line) {
  if (!rest_.empty()) rest_.erase(0, write_some(rest_));
  const std::size_t written = rest_.empty() ? write_some(line) : 0;
  if (written == 0) {
    ++dropped_;
    return false;
  }
  rest_ += line.substr(written);
  return true;
}

}  // namespace holysheep
