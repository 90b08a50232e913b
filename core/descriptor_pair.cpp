#include "core/descriptor_pair.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdint>
#if defined(__linux__)
#include <sys/eventfd.h>
#endif

namespace holysheep {

bool make_descriptors(int& read_fd, int& write_fd) {
#if defined(__linux__)
  read_fd = write_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  return read_fd >= 0;
#else
  int both[2];
  if (pipe(both) != 0) return false;
  for (const int each : both) {
    fcntl(each, F_SETFD, FD_CLOEXEC);
    fcntl(each, F_SETFL, O_NONBLOCK);
  }
  read_fd = both[0];
  write_fd = both[1];
  return true;
#endif
}

void signal_descriptor(int write_fd) {
  const std::uint64_t one = 1;
  // A full pipe or counter is readable already.
  [[maybe_unused]] const auto written = ::write(write_fd, &one, sizeof one);
}

void clear_descriptor(int read_fd) {
  std::uint64_t count = 0;
  while (::read(read_fd, &count, sizeof count) == static_cast<ssize_t>(sizeof count)) {
#if defined(__linux__)
    break;  // one read empties an eventfd
#endif
  }
}

void close_descriptors(int read_fd, int write_fd) {
  if (read_fd >= 0) ::close(read_fd);
  if (write_fd >= 0 && write_fd != read_fd) ::close(write_fd);
}

}  // namespace holysheep
