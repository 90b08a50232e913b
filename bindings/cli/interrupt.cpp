// A pipe that the signal handler writes to: poll() then waits for the signal and for the queue's
// descriptor at once, without a race between looking and waiting.
#include "bindings/cli/interrupt.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>

namespace holysheep::cli {
namespace {

std::atomic<int> write_end{-1};
std::atomic<int> read_end{-1};
std::atomic<bool> signalled{false};

void on_signal(int) {
  const int cause = errno;
  signalled.store(true, std::memory_order_release);
  const char byte = 0;
  [[maybe_unused]] const ssize_t written = ::write(write_end.load(), &byte, 1);
  errno = cause;
}

void install(int number, void (*handler)(int), int flags) {
  struct sigaction action{};
  // What the parent chose to ignore (a shell's background jobs) stays ignored.
  if (sigaction(number, nullptr, &action) == 0 && action.sa_handler == SIG_IGN) return;
  action = {};
  action.sa_handler = handler;
  action.sa_flags = flags;
  sigemptyset(&action.sa_mask);
  sigaction(number, &action, nullptr);
}

}  // namespace

Interrupt::Interrupt() {
  int ends[2] = {-1, -1};
  if (pipe(ends) == 0) {
    for (const int end : ends) {
      fcntl(end, F_SETFD, FD_CLOEXEC);
      fcntl(end, F_SETFL, O_NONBLOCK);
    }
  }
  read_end.store(ends[0]);
  write_end.store(ends[1]);
  signalled.store(false);
  const int once = static_cast<int>(SA_RESETHAND);
  install(SIGINT, on_signal, once);
  install(SIGTERM, on_signal, once);
}

Interrupt::~Interrupt() {
  install(SIGINT, SIG_DFL, 0);
  install(SIGTERM, SIG_DFL, 0);
  const int ends[2] = {read_end.exchange(-1), write_end.exchange(-1)};
  for (const int end : ends) {
    if (end >= 0) close(end);
  }
}

bool Interrupt::happened() const {
  return signalled.load(std::memory_order_acquire);
}

void Interrupt::wait(holysheep_queue* queue, int timeout_ms) const {
  pollfd descriptors[2] = {{read_end.load(), POLLIN, 0}, {-1, POLLIN, 0}};
  if (queue != nullptr) holysheep_queue_fd(queue, &descriptors[1].fd);
  if (poll(descriptors, 2, timeout_ms) < 1 || descriptors[0].revents == 0) return;
  // Told, once: a signal that came before this wait ended it, later ones wait for the queue.
  char byte = 0;
  while (::read(read_end.load(), &byte, 1) > 0) {
  }
}

}  // namespace holysheep::cli
