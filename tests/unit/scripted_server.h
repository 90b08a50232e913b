// A server on loopback whose every byte a test decides: one thread accepts, one more per connection
// runs the test's function. For tests only; destroying it shuts all sockets and joins all threads.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace holysheep::testing {

// One accepted connection.
class Peer {
 public:
  Peer(int socket, int number) : socket_(socket), number_(number) {}

  int number() const { return number_; }  // 0: the first connection

  // One request, body included (by Content-Length); "" when the client has closed.
  std::string read_request() {
    for (;;) {
      const std::size_t end = buffer_.find("\r\n\r\n");
      if (end != std::string::npos) {
        const std::size_t size = end + 4 + content_length(buffer_.substr(0, end));
        while (buffer_.size() < size) {
          if (!read_more()) return {};
        }
        std::string request = buffer_.substr(0, size);
        buffer_.erase(0, size);
        return request;
      }
      if (!read_more()) return {};
    }
  }

  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

  void answer(std::string_view body, std::string_view headers = "") {
    send("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n" + std::string(headers) + "\r\n" + std::string(body));
  }

  // Blocks until the client closes.
  void wait_for_close() {
    while (read_more())
      buffer_.clear();
  }

  // Ends with RST instead of FIN.
  void reset() {
    const linger hard{1, 0};
    setsockopt(socket_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  }

 private:
  static std::size_t content_length(std::string_view head) {
    const std::size_t at = head.find("Content-Length: ");
    return at == std::string_view::npos ? 0 : std::stoul(std::string(head.substr(at + 16)));
  }

  bool read_more() {
    char bytes[16384];
    const ssize_t size = recv(socket_, bytes, sizeof bytes, 0);
    if (size <= 0) return false;
    buffer_.append(bytes, static_cast<std::size_t>(size));
    return true;
  }

  int socket_;
  int number_;
  std::string buffer_;
};

class ScriptedServer {
 public:
  explicit ScriptedServer(std::function<void(Peer&)> script) : script_(std::move(script)) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    listen(listener_, 512);
    socklen_t size = sizeof address;
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }

  ~ScriptedServer() {
    shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    close(listener_);
    {
      const std::lock_guard lock(mutex_);
      for (const int socket : sockets_)
        shutdown(socket, SHUT_RDWR);
    }
    for (std::thread& thread : threads_)
      thread.join();
  }

  int port() const { return port_; }
  int connections() const { return connections_; }

 private:
  void accept_all() {
    for (;;) {
      const int accepted = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (accepted < 0) return;
      const int one = 1;
      setsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
      const int number = connections_++;
      const std::lock_guard lock(mutex_);
      sockets_.push_back(accepted);
      threads_.emplace_back([this, accepted, number] { serve(accepted, number); });
    }
  }

  void serve(int socket, int number) {
    Peer peer(socket, number);
    script_(peer);
    const std::lock_guard lock(mutex_);
    std::erase(sockets_, socket);
    close(socket);
  }

  std::function<void(Peer&)> script_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<int> connections_{0};
  std::mutex mutex_;
  std::vector<int> sockets_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

}  // namespace holysheep::testing
