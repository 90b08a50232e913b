// The loop of every other system, macOS and Windows: curl_multi_poll and curl_multi_wakeup, which
// libcurl builds on what the system has. Costs more per turn than epoll with many sockets.
//
// Threads: everything on the loop's thread, but wake().
#include <algorithm>
#include <chrono>
#include <mutex>

#include "core/loop.h"

namespace holysheep {
namespace {

// curl_multi_poll counts milliseconds in an int; a day is as good as for ever.
constexpr Nanos kWaitMax = kDay;

class PortableLoop final : public Loop {
 public:
  explicit PortableLoop(CURLM* multi) : multi_(multi) {}

  void attach(CURLM* multi) override {
    const std::lock_guard<std::mutex> lock(mutex_);
    multi_ = multi;
  }

  void run_once(Nanos timeout) override {
    const auto wait_ms = static_cast<int>(to_ms_ceil(std::clamp<Nanos>(timeout, 0, kWaitMax)));
    curl_multi_poll(multi_, nullptr, 0, wait_ms, nullptr);
    int running = 0;
    curl_multi_perform(multi_, &running);
  }

  void wake() override {
    const std::lock_guard<std::mutex> lock(mutex_);
    curl_multi_wakeup(multi_);
  }
  void socket_opened(curl_socket_t) override {}
  void socket_closing(curl_socket_t) override {}

 private:
  std::mutex mutex_;  // of multi_ where another thread than the loop's reads it
  CURLM* multi_;
};

template <typename Clock>
Nanos read() {
  const auto since = Clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(since).count();
}

}  // namespace

Now read_clocks() {
  return Now{read<std::chrono::steady_clock>(), read<std::chrono::system_clock>()};
}

std::unique_ptr<Loop> Loop::make(CURLM* multi, std::string* error) {
  // Without its descriptors libcurl goes on all the same, and nobody could ever wake the loop.
  if (curl_multi_wakeup(multi) != CURLM_OK) {
    *error = "no descriptor to be woken by";
    return nullptr;
  }
  // That wake-up was a question; the first turn must not take it for an answer.
  curl_multi_poll(multi, nullptr, 0, 0, nullptr);
  return std::make_unique<PortableLoop>(multi);
}

}  // namespace holysheep
