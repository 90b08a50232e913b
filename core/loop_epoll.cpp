// The loop of Linux: epoll, an eventfd for wake(), curl_multi_socket_action.
//
// libcurl takes a socket off the watch list after each answer and puts it on again with the next
// request. Changes are therefore collected and applied once before waiting, and a socket of ours
// that is only "not wanted" stays registered until it reports something: a kept-alive connection
// costs no epoll_ctl per request. A registration must be gone before its descriptor is closed:
// after a fork the child still holds the socket, and epoll would report it for ever.
// socket_closing() sees to that for our sockets; libcurl's own (of the resolver) are removed at
// once.
//
// Threads: everything on the loop's thread, but wake().
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <ctime>
#include <new>
#include <system_error>
#include <vector>

#include "core/loop.h"

namespace holysheep {
namespace {

// Handled in one turn; what is ready beyond that is reported by the next one.
constexpr int kEventsPerTurn = 256;
// No socket has this descriptor and generation: the eventfd's mark.
constexpr std::uint64_t kWakeMark = ~std::uint64_t{0};
// epoll counts milliseconds in an int; a day is as good as for ever.
constexpr Nanos kWaitMax = kDay;
// A timer that fires so much too late says that the process did not run.
constexpr Nanos kLate = 20 * kMillisecond;

Nanos read(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<Nanos>(time.tv_sec) * kSecond + time.tv_nsec;
}

class EpollLoop final : public Loop {
 public:
  explicit EpollLoop(CURLM* multi) { attach(multi); }

  // The multi handle is gone: its own end still tells the loop which sockets it closes.
  ~EpollLoop() override {
    if (wake_event_ >= 0) close(wake_event_);
    if (epoll_ >= 0) close(epoll_);
  }

  bool open(std::string* error) {
    epoll_ = epoll_create1(EPOLL_CLOEXEC);
    if (epoll_ < 0) {
      *error = "no epoll descriptor: " + std::generic_category().message(errno);
      return false;
    }
    wake_event_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    epoll_event event{};
    event.events = EPOLLIN | EPOLLET;
    event.data.u64 = kWakeMark;
    if (wake_event_ < 0 || epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_event_, &event) != 0) {
      *error = "no event descriptor: " + std::generic_category().message(errno);
      return false;
    }
    return true;
  }

  void attach(CURLM* multi) override {
    multi_ = multi;
    curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &EpollLoop::socket_wanted);
    curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &EpollLoop::timer_wanted);
    curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
  }

  void run_once(Nanos timeout) override {
    const Nanos now = read(CLOCK_MONOTONIC);
    if (timer_due_ <= now) {
      const Nanos due = timer_due_;
      timer_due_ = kNever;
      act(CURL_SOCKET_TIMEOUT, 0);
      timeout = 0;
      // A new request is on its way and nothing else has happened: back to the engine, which has
      // its limits to set, without asking the sockets. But never twice in a row, nor when this
      // process was kept from running: what has arrived meanwhile comes before any limit.
      looked_ = !looked_ || now - due > kLate;
      if (!looked_) return;
    } else if (timer_due_ != kNever) {
      timeout = std::min(timeout, timer_due_ - now);
    }
    looked_ = true;
    apply_changes();
    epoll_event events[kEventsPerTurn];
    const auto wait_ms = static_cast<int>(to_ms_ceil(std::min(timeout, kWaitMax)));
    int count = epoll_wait(epoll_, events, kEventsPerTurn, wait_ms);
    // A stop and a continue of the process interrupt the wait, though every signal is blocked.
    if (count < 0 && errno == EINTR) count = epoll_wait(epoll_, events, kEventsPerTurn, 0);
    for (int i = 0; i < count; ++i)
      handle(events[i]);
  }

  void wake() override {
    if (woken_.exchange(true, std::memory_order_acq_rel)) return;
    const std::uint64_t one = 1;
    // Nobody reads it: watched by edge, each write counts. It is full after 580 years of a
    // thousand wakes a microsecond.
    [[maybe_unused]] const ssize_t written = write(wake_event_, &one, sizeof one);
  }

  void socket_opened(curl_socket_t socket) override {
    Watch& watch = watch_of(socket);
    watch.wanted = watch.registered = 0;
    watch.ours = true;
    ++watch.generation;
  }

  void socket_closing(curl_socket_t socket) override {
    Watch& watch = watch_of(socket);
    if (watch.registered != 0) epoll_ctl(epoll_, EPOLL_CTL_DEL, socket, nullptr);
    watch.wanted = watch.registered = 0;
    watch.ours = false;
    ++watch.generation;
  }

 private:
  struct Watch {
    std::uint32_t wanted = 0;      // by libcurl
    std::uint32_t registered = 0;  // with epoll
    std::uint32_t generation = 0;  // of the descriptor: events of a closed one are stale
    bool changed = false;          // is in changed_
    bool ours = false;
  };

  static int socket_wanted(CURL*, curl_socket_t socket, int what, void* self, void*) {
    try {
      return static_cast<EpollLoop*>(self)->want(socket, what);
    } catch (const std::bad_alloc&) {
      // Nobody watches that socket then, and its attempt ends with a limit of time. An error would
      // end all attempts for good.
      return 0;
    }
  }

  static int timer_wanted(CURLM*, long timeout_ms, void* self) {
    auto* loop = static_cast<EpollLoop*>(self);
    loop->timer_due_ =
        timeout_ms < 0 ? kNever : saturating_add(read(CLOCK_MONOTONIC), from_ms(timeout_ms));
    return 0;
  }

  Watch& watch_of(curl_socket_t socket) {
    const auto index = static_cast<std::size_t>(socket);
    if (index >= watches_.size()) watches_.resize(index + 64);
    return watches_[index];
  }

  int want(curl_socket_t socket, int what) {
    Watch& watch = watch_of(socket);
    watch.wanted = 0;
    if (what == CURL_POLL_IN || what == CURL_POLL_INOUT) watch.wanted |= EPOLLIN;
    if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT) watch.wanted |= EPOLLOUT;
    if (watch.wanted == 0 && !watch.ours) {
      unregister(socket, watch);
    } else if (!watch.changed) {
      watch.changed = true;
      changed_.push_back(socket);
    }
    return 0;
  }

  void unregister(curl_socket_t socket, Watch& watch) {
    if (watch.registered != 0) epoll_ctl(epoll_, EPOLL_CTL_DEL, socket, nullptr);
    watch.registered = 0;
    ++watch.generation;
  }

  void apply_changes() {
    std::size_t failed = 0;
    for (const curl_socket_t socket : changed_) {
      Watch& watch = watch_of(socket);
      watch.changed = false;
      if (watch.wanted == 0 || watch.wanted == watch.registered) continue;
      epoll_event event{};
      event.events = watch.wanted;
      event.data.u64 = mark_of(socket, watch);
      const int operation = watch.registered == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
      int result = epoll_ctl(epoll_, operation, socket, &event);
      if (result != 0 && errno == EEXIST) {
        result = epoll_ctl(epoll_, EPOLL_CTL_MOD, socket, &event);
      }
      if (result == 0) {
        watch.registered = watch.wanted;
      } else if (errno == ENOMEM || errno == ENOSPC) {
        // Tried again in the next turn; the engine's time limits bound how often.
        watch.changed = true;
        changed_[failed++] = socket;
      }
    }
    changed_.resize(failed);
  }

  static std::uint64_t mark_of(curl_socket_t socket, const Watch& watch) {
    return static_cast<std::uint64_t>(watch.generation) << 32 | static_cast<std::uint32_t>(socket);
  }

  void handle(const epoll_event& event) {
    if (event.data.u64 == kWakeMark) {
      woken_.exchange(false, std::memory_order_acq_rel);
      return;
    }
    const auto socket = static_cast<curl_socket_t>(event.data.u64 & 0xffffffffU);
    Watch& watch = watch_of(socket);
    if (event.data.u64 != mark_of(socket, watch)) return;
    if (watch.wanted == 0) {
      unregister(socket, watch);
      return;
    }
    int flags = 0;
    if ((event.events & (EPOLLIN | EPOLLHUP | EPOLLRDHUP)) != 0) flags |= CURL_CSELECT_IN;
    if ((event.events & EPOLLOUT) != 0) flags |= CURL_CSELECT_OUT;
    if ((event.events & EPOLLERR) != 0) flags |= CURL_CSELECT_ERR;
    act(socket, flags);
  }

  void act(curl_socket_t socket, int flags) {
    int running = 0;
    curl_multi_socket_action(multi_, socket, flags, &running);
  }

  CURLM* multi_ = nullptr;
  int epoll_ = -1;
  int wake_event_ = -1;
  Nanos timer_due_ = kNever;
  std::vector<Watch> watches_;  // by descriptor: the kernel gives out the lowest free one
  std::vector<curl_socket_t> changed_;
  std::atomic<bool> woken_{false};
  bool looked_ = true;  // at the sockets, in the last run
};

}  // namespace

Now read_clocks() {
  return Now{read(CLOCK_MONOTONIC), read(CLOCK_REALTIME)};
}

std::unique_ptr<Loop> Loop::make(CURLM* multi, std::string* error) {
  auto loop = std::make_unique<EpollLoop>(multi);
  if (!loop->open(error)) return nullptr;
  return loop;
}

}  // namespace holysheep
