#include "core/monitor_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <system_error>

#include "core/descriptor_pair.h"
#include "core/loop.h"
#include "core/process_id.h"
#include "core/random.h"

namespace holysheep {
namespace {

constexpr int kBacklog = 64;
// A reader of events that is so far behind gets no more until it has caught up.
constexpr std::size_t kUnsentMax = 256 * 1024;
// Of one turn, so that no flood of one kind keeps the rest from its turn.
constexpr int kAcceptsMax = 16;
constexpr int kReadsMax = 16;
// Where the process has no descriptor left, whoever asks would be asked about without end.
constexpr Nanos kAcceptPause = 500 * kMillisecond;
// Of 64 bits each.
constexpr int kSecretWords = 4;
// Only its owner may look.
constexpr mode_t kUnixMode = 0600;

Error system_error_of(const std::string& what) {
  return {Status::local, what + ": " + std::generic_category().message(errno)};
}

bool make_nonblocking(int descriptor) {
  return fcntl(descriptor, F_SETFL, O_NONBLOCK) == 0 && fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0;
}

// A path that says {pid} is each process's own.
std::string with_pid(std::string path) {
  constexpr std::string_view kPid = "{pid}";
  const std::size_t at = path.find(kPid);
  if (at != std::string::npos) path.replace(at, kPid.size(), std::to_string(process_id()));
  return path;
}

bool fill(sockaddr_un& address, const std::string& path) {
  address = {};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return false;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return true;
}

// Removes the socket of a process that has gone; one that answers, or no socket, stays.
void remove_stale(const std::string& path, const sockaddr_un& address) {
  struct stat found{};
  if (lstat(path.c_str(), &found) != 0 || !S_ISSOCK(found.st_mode)) return;
  const int probe = socket(AF_UNIX, SOCK_STREAM, 0);
  if (probe < 0) return;
  const bool refused =
      connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 &&
      errno == ECONNREFUSED;
  close(probe);
  if (refused) unlink(path.c_str());
}

int port_of(const sockaddr_storage& bound) {
  return bound.ss_family == AF_INET6 ? ntohs(reinterpret_cast<const sockaddr_in6&>(bound).sin6_port)
                                     : ntohs(reinterpret_cast<const sockaddr_in&>(bound).sin_port);
}

socklen_t fill(sockaddr_storage& storage, const ListenAddress& address, int port) {
  storage = {};
  auto& four = reinterpret_cast<sockaddr_in&>(storage);
  if (inet_pton(AF_INET, address.host.c_str(), &four.sin_addr) == 1) {
    four.sin_family = AF_INET;
    four.sin_port = htons(static_cast<std::uint16_t>(port));
    return sizeof four;
  }
  auto& six = reinterpret_cast<sockaddr_in6&>(storage);
  if (inet_pton(AF_INET6, address.host.c_str(), &six.sin6_addr) != 1) return 0;
  six.sin6_family = AF_INET6;
  six.sin6_port = htons(static_cast<std::uint16_t>(port));
  return sizeof six;
}

// Where there is no memory a reader goes without its answer; the thread, and the process, go on.
template <typename Step>
bool has_memory(const Step& step) {
  try {
    step();
    return true;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

}  // namespace

Result<std::unique_ptr<MonitorServer>> MonitorServer::open(const MonitorConfig& config,
                                                           const MonitorSource& source) {
  const std::optional<ListenAddress> address = parse_listen(config.listen);
  if (!address) return Error{Status::config, "monitor.listen: not an address"};
  std::unique_ptr<MonitorServer> server(new MonitorServer(source, *address));
  server->access_.checks_host = !address->is_unix;
  server->access_.wants_token = config.token.kind != KeySource::Kind::none;
  server->access_.hosts = config.hosts;
  for (int i = 0; i < kSecretWords; ++i)
    server->access_.session_secret += std::to_string(system_seed());
  // Cookies know no ports: each process has a name of its own for its.
  server->access_.cookie += "_" + std::to_string(system_seed());
  server->listen();
  if (!make_descriptors(server->wake_read_, server->wake_write_)) {
    return system_error_of("cannot make a descriptor");
  }
  return server;
}

bool MonitorServer::serve(void (*tick)(void*), void* context) {
  // Here, where a lack of memory can be told: the thread needs no more to go on.
  std::vector<pollfd> watched;
  const auto reserve = [&] {
    watched.reserve(kConnectionsMax + 2);
    connections_.reserve(kConnectionsMax + 1);
  };
  if (!has_memory(reserve)) return false;
  try {
    thread_ = std::thread([this, tick, context, room = std::move(watched)]() mutable {
      run(tick, context, std::move(room));
    });
  } catch (const std::system_error&) {
    return false;
  }
  return true;
}

MonitorServer::~MonitorServer() {
  stopping_.store(true, std::memory_order_release);
  if (thread_.joinable()) {
    signal_descriptor(wake_write_);
    thread_.join();
  }
  for (const Connection& connection : connections_)
    close(connection.socket);
  // Also for a child of fork(), which would go on listening with its copy.
  if (listener_ >= 0) shutdown(listener_, SHUT_RDWR);
  if (listener_ >= 0) close(listener_);
  if (!unlink_path_.empty()) unlink(unlink_path_.c_str());
  close_descriptors(wake_read_, wake_write_);
}

std::string MonitorServer::address() const {
  const std::lock_guard<std::mutex> lock(state_mutex_);
  return address_;
}

std::string MonitorServer::error() const {
  const std::lock_guard<std::mutex> lock(state_mutex_);
  return error_;
}

void MonitorServer::listen() {
  const Result<bool> listening =
      wanted_.is_unix ? listen_unix(with_pid(wanted_.path)) : listen_in_range(wanted_);
  const std::lock_guard<std::mutex> lock(state_mutex_);
  error_ = listening ? std::string() : listening.error().message;
  if (listening) return;
  if (listener_ >= 0) close(listener_);
  listener_ = -1;
}

// The first port of the range that is free.
Result<bool> MonitorServer::listen_in_range(const ListenAddress& address) {
  Result<bool> tried = listen_at(address, address.port);
  for (int port = address.port + 1; !tried && port <= address.port_last; ++port) {
    close(listener_);
    listener_ = -1;
    tried = listen_at(address, port);
  }
  if (tried || address.port_last == address.port) return tried;
  return Error{Status::local,
               tried.error().message + ", nor on any port from " + std::to_string(address.port)};
}

Result<bool> MonitorServer::listen_at(const ListenAddress& address, int port) {
  sockaddr_storage storage;
  socklen_t size = fill(storage, address, port);
  listener_ = socket(storage.ss_family, SOCK_STREAM, 0);
  if (listener_ < 0 || !make_nonblocking(listener_)) return system_error_of("cannot make a socket");
  const int on = 1;
  setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const bool six = storage.ss_family == AF_INET6;
  const std::string host = six ? "[" + address.host + "]" : address.host;
  if (bind(listener_, reinterpret_cast<const sockaddr*>(&storage), size) != 0 ||
      ::listen(listener_, kBacklog) != 0) {
    return system_error_of("cannot listen on " + host + ":" + std::to_string(port));
  }
  size = sizeof storage;
  if (getsockname(listener_, reinterpret_cast<sockaddr*>(&storage), &size) != 0) {
    return system_error_of("cannot read the port");
  }
  const std::lock_guard<std::mutex> lock(state_mutex_);
  address_ = host + ":" + std::to_string(port_of(storage));
  return true;
}

Result<bool> MonitorServer::listen_unix(const std::string& path) {
  sockaddr_un address;
  if (!fill(address, path)) return Error{Status::local, "monitor.listen: the path is too long"};
  remove_stale(path, address);
  listener_ = socket(AF_UNIX, SOCK_STREAM, 0);
  if (listener_ < 0 || !make_nonblocking(listener_)) return system_error_of("cannot make a socket");
  if (bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return system_error_of("cannot listen on " + path);
  }
  if (chmod(path.c_str(), kUnixMode) != 0 || ::listen(listener_, kBacklog) != 0) {
    return system_error_of("cannot listen on " + path);
  }
  unlink_path_ = path;
  const std::lock_guard<std::mutex> lock(state_mutex_);
  address_ = "unix:" + path;
  return true;
}

void MonitorServer::run(void (*tick)(void*), void* context, std::vector<pollfd> watched) {
  Nanos next_event = 0;
  while (!stopping_.load(std::memory_order_acquire)) {
    watched.clear();
    watched.push_back({wake_read_, POLLIN, 0});
    const Nanos before = read_clocks().mono;
    if (listener_ < 0 && before >= bind_from_) {
      bind_from_ = before + kBindEvery;
      has_memory([&] { listen(); });
    }
    watched.push_back({before < accept_from_ ? -1 : listener_, POLLIN, 0});
    for (const Connection& each : connections_) {
      const bool writes = each.sent < each.out.size();
      // A reader of events is read too, and one who is done: that tells when it has gone.
      const bool reads = !each.answered || each.streams || each.lingers;
      const int events = (writes ? POLLOUT : 0) | (reads ? POLLIN : 0);
      watched.push_back({each.socket, static_cast<short>(events), 0});
    }
    const Nanos wait = std::clamp<Nanos>(next_event - before, 0, kEventEvery);
    poll(watched.data(), static_cast<nfds_t>(watched.size()), static_cast<int>(to_ms_ceil(wait)));
    const Nanos now = read_clocks().mono;
    for (std::size_t i = 2; i < watched.size(); ++i) {
      Connection& connection = connections_[i - 2];
      const short ready = watched[i].revents;
      const bool readable = (ready & (POLLIN | POLLHUP | POLLERR)) != 0;
      if (readable && !has_memory([&] { read(connection, now); })) connection.over = true;
      if ((ready & POLLOUT) != 0) write(connection);
    }
    if ((watched[1].revents & POLLIN) != 0) accept_some(now);
    if (now >= next_event) {
      next_event = now + kEventEvery;
      has_memory([&] {
        if (tick != nullptr) tick(context);
        send_events(now);
      });
    }
    drop_ended(now);
  }
}

void MonitorServer::accept_some(Nanos now) {
  for (int i = 0; i < kAcceptsMax; ++i) {
    const int accepted = accept(listener_, nullptr, nullptr);
    if (accepted < 0) {
      const bool later = errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR;
      if (later && errno != ECONNABORTED) accept_from_ = now + kAcceptPause;
      return;
    }
    if (!make_nonblocking(accepted)) {
      close(accepted);
      continue;
    }
    make_room();
    Connection connection;
    connection.socket = accepted;
    connection.accepted = now;
    connection.deadline = now + kRequestMax;
    connections_.push_back(std::move(connection));
  }
}

// Readers of events stay: there are fewer of them than places.
void MonitorServer::make_room() {
  static_assert(kStreamsMax < kConnectionsMax);
  if (connections_.size() < kConnectionsMax) return;
  Connection* oldest = nullptr;
  for (Connection& each : connections_) {
    if (each.streams) continue;
    const bool older = oldest == nullptr || (each.lingers && !oldest->lingers) ||
                       (each.lingers == oldest->lingers && each.accepted < oldest->accepted);
    if (older) oldest = &each;
  }
  close(oldest->socket);
  if (oldest != &connections_.back()) *oldest = std::move(connections_.back());
  connections_.pop_back();
}

void MonitorServer::read(Connection& connection, Nanos now) {
  char buffer[4096];
  for (int i = 0; i < kReadsMax; ++i) {
    const ssize_t got = recv(connection.socket, buffer, sizeof buffer, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      connection.over = connection.over || (errno != EAGAIN && errno != EWOULDBLOCK);
      return;
    }
    if (got == 0) {
      connection.over = true;
      return;
    }
    // What comes after the request is read and dropped: nobody may fill the socket's buffer.
    if (connection.answered) continue;
    connection.in.append(buffer, static_cast<std::size_t>(got));
    const bool complete = connection.in.find("\r\n\r\n") != std::string::npos ||
                          connection.in.find("\n\n") != std::string::npos;
    if (complete || connection.in.size() > kMonitorHeadBytesMax) answer(connection, now);
  }
}

void MonitorServer::answer(Connection& connection, Nanos now) {
  connection.answered = true;
  connection.deadline = now + kReplyMax;
  MonitorRequest request;
  MonitorReply reply;
  const int refused = connection.in.size() > kMonitorHeadBytesMax
                          ? 431
                          : parse_monitor_request(connection.in, request);
  if (refused != 0) {
    reply.status = refused;
    reply.body = "this is no request that the monitor knows\n";
  } else {
    reply = answer_monitor(request, access_, source_);
  }
  connection.in = std::string();
  if (reply.streams) {
    const auto streams = std::count_if(connections_.begin(), connections_.end(),
                                       [](const Connection& each) { return each.streams; });
    if (static_cast<std::size_t>(streams) >= kStreamsMax) {
      reply = MonitorReply();
      reply.status = 503;
      reply.body = "too many readers of events\n";
    } else if (request.method == "GET") {
      connection.streams = true;
      reply.body = "retry: 2000\n\ndata: " + source_.status() + "\n\n";
    }
  }
  connection.out = reply_bytes(reply, request.method != "HEAD");
  write(connection);
}

void MonitorServer::write(Connection& connection) {
  while (connection.sent < connection.out.size()) {
    const ssize_t put = send(connection.socket, connection.out.data() + connection.sent,
                             connection.out.size() - connection.sent, MSG_NOSIGNAL);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) {
      connection.over = connection.over || (errno != EAGAIN && errno != EWOULDBLOCK);
      return;
    }
    connection.sent += static_cast<std::size_t>(put);
  }
  connection.out.clear();
  connection.sent = 0;
}

void MonitorServer::send_events(Nanos now) {
  std::string event;
  for (Connection& connection : connections_) {
    if (!connection.streams || connection.over) continue;
    if (connection.out.empty()) connection.deadline = now + kReplyMax;
    if (connection.out.size() - connection.sent > kUnsentMax) continue;
    if (event.empty()) event = "data: " + source_.status() + "\n\n";
    connection.out += event;
    write(connection);
  }
}

void MonitorServer::drop_ended(Nanos now) {
  const auto ended = [now](Connection& connection) {
    const bool sent = connection.answered && !connection.streams && connection.out.empty();
    if (sent && !connection.lingers && !connection.over) {
      connection.lingers = true;
      connection.deadline = now + kLingerMax;
      shutdown(connection.socket, SHUT_WR);
    }
    if (!connection.over && now < connection.deadline) return false;
    close(connection.socket);
    return true;
  };
  connections_.erase(std::remove_if(connections_.begin(), connections_.end(), ended),
                     connections_.end());
}

}  // namespace holysheep
