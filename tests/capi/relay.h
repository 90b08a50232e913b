// A relay on loopback between a client and a server that can freeze: connections that are open then
// are neither read nor written any more, but stay open, as behind a dead NAT box or a hung proxy.
// New ones are served as before. For tests only; one thread.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

namespace capi_test {

class Relay {
 public:
  explicit Relay(int target_port) : target_port_(target_port) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = loopback(0);
    bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    listen(listener_, 128);
    socklen_t size = sizeof address;
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    if (pipe2(wake_, O_CLOEXEC) != 0) wake_[0] = wake_[1] = -1;
    thread_ = std::thread([this] { run(); });
  }

  ~Relay() {
    close(wake_[1]);
    thread_.join();
    close(wake_[0]);
    close(listener_);
    for (const Pair& each : pairs_) {
      close_end(each.client);
      close_end(each.server);
    }
  }
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  int port() const { return port_; }

  int connections() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return static_cast<int>(pairs_.size());
  }

  // What is open now is dead from here on.
  void freeze() {
    const std::lock_guard<std::mutex> lock(mutex_);
    for (Pair& each : pairs_)
      each.frozen = true;
  }

  // Waits until the client has shut connection number `index` (0: the first) down, though nobody
  // reads what it sent before.
  bool await_shut(std::size_t index, int timeout_ms) {
    pollfd end{};
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      end.fd = pairs_.at(index).client;
    }
    end.events = POLLRDHUP;
    return poll(&end, 1, timeout_ms) == 1;
  }

 private:
  struct Pair {
    int client = -1;
    int server = -1;
    bool frozen = false;
  };

  static sockaddr_in loopback(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
  }

  static void close_end(int socket) {
    if (socket >= 0) close(socket);
  }

  void accept_one() {
    Pair pair;
    pair.client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (pair.client < 0) return;
    pair.server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = loopback(target_port_);
    if (connect(pair.server, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      close_end(pair.server);
      close_end(pair.client);
      return;
    }
    const int one = 1;
    setsockopt(pair.client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    setsockopt(pair.server, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    const std::lock_guard<std::mutex> lock(mutex_);
    pairs_.push_back(pair);
  }

  // False: one of the two has closed.
  static bool forward(int from, int to) {
    char bytes[16384];
    const ssize_t size = recv(from, bytes, sizeof bytes, MSG_DONTWAIT);
    if (size == 0) return false;
    for (ssize_t done = 0; done < size;) {
      const ssize_t sent =
          send(to, bytes + done, static_cast<std::size_t>(size - done), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      done += sent;
    }
    return true;
  }

  void serve(std::size_t index, const pollfd& client, const pollfd& server) {
    const std::lock_guard<std::mutex> lock(mutex_);
    Pair& pair = pairs_[index];
    if (pair.frozen) return;
    const bool open = (client.revents == 0 || forward(pair.client, pair.server)) &&
                      (server.revents == 0 || forward(pair.server, pair.client));
    if (open) return;
    close_end(pair.client);
    close_end(pair.server);
    pair.client = pair.server = -1;
  }

  void run() {
    for (;;) {
      std::vector<pollfd> ends{{wake_[0], POLLIN, 0}, {listener_, POLLIN, 0}};
      {
        const std::lock_guard<std::mutex> lock(mutex_);
        for (const Pair& each : pairs_) {
          ends.push_back({each.frozen ? -1 : each.client, POLLIN, 0});
          ends.push_back({each.frozen ? -1 : each.server, POLLIN, 0});
        }
      }
      // Freezing wakes nobody: what comes while frozen is looked at once, and left alone.
      if (poll(ends.data(), ends.size(), -1) < 0) continue;
      if (ends[0].revents != 0) return;
      for (std::size_t i = 2; i + 1 < ends.size(); i += 2)
        serve((i - 2) / 2, ends[i], ends[i + 1]);
      if (ends[1].revents != 0) accept_one();
    }
  }

  const int target_port_;
  int listener_ = -1;
  int port_ = 0;
  int wake_[2] = {-1, -1};
  std::mutex mutex_;
  std::vector<Pair> pairs_;  // under mutex_; only the thread adds and closes
  std::thread thread_;
};

}  // namespace capi_test
