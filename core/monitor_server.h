// The monitor endpoint's sockets: one thread, one poll(), a few connections at a time, each with a
// deadline, so that slow or hostile readers cost their own connection and nothing else: when there
// are too many the one that is open longest goes, since an honest reader has its answer within
// milliseconds. What is answered stands in monitor_http.h.
//
// Why not a library: the one at hand (cpp-httplib 0.11) holds a thread for each connection as long
// as that is open, events included, so that as many silent readers as it has threads keep everybody
// out; and it brings std::regex, which this library does without.
#pragma once

#include <poll.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "core/config_monitor.h"
#include "core/duration.h"
#include "core/monitor_http.h"
#include "core/result.h"

namespace holysheep {

class MonitorServer {
 public:
  // Longest silence or dribble until a request is complete, and until a reply is taken.
  static constexpr Nanos kRequestMax = 5 * kSecond;
  static constexpr Nanos kReplyMax = 20 * kSecond;
  // After the reply, until the reader has closed: an earlier end of ours could throw the reply away
  // that it has not read yet.
  static constexpr Nanos kLingerMax = kSecond;
  // How often those who listen to events get one.
  static constexpr Nanos kEventEvery = kSecond;
  // How often an address in use is tried again.
  static constexpr Nanos kBindEvery = 2 * kSecond;
  static constexpr std::size_t kConnectionsMax = 64;
  static constexpr std::size_t kStreamsMax = 16;

  // Binds; `source` must outlive the server. Nobody is answered before serve(). Where the address
  // is in use that is no error: it is tried again while the server lives, since the process that
  // has it may be the one that this one replaces.
  static Result<std::unique_ptr<MonitorServer>> open(const MonitorConfig& config,
                                                     const MonitorSource& source);
  // Starts the thread, which inherits the caller's signal mask and calls `tick` about once a
  // second. False: the system gives no thread.
  bool serve(void (*tick)(void*), void* context);
  // Ends the thread and closes everything.
  ~MonitorServer();
  MonitorServer(const MonitorServer&) = delete;
  MonitorServer& operator=(const MonitorServer&) = delete;

  // Any thread. "127.0.0.1:9464", with the port that was bound; "unix:/path"; "": none yet.
  std::string address() const;
  // Any thread. Why not; "" while it listens.
  std::string error() const;

 private:
  struct Connection {
    int socket = -1;
    Nanos accepted = 0;
    Nanos deadline = 0;
    std::string in;
    std::string out;
    std::size_t sent = 0;
    bool answered = false;
    bool streams = false;
    bool lingers = false;  // the reply is gone, and so is our side of the connection
    bool over = false;
  };

  MonitorServer(const MonitorSource& source, ListenAddress wanted)
      : source_(source), wanted_(std::move(wanted)) {}
  void listen();
  Result<bool> listen_in_range(const ListenAddress& address);
  Result<bool> listen_at(const ListenAddress& address, int port);
  Result<bool> listen_unix(const std::string& path);
  void run(void (*tick)(void*), void* context, std::vector<pollfd> watched);
  void accept_some(Nanos now);
  void make_room();
  void read(Connection& connection, Nanos now);
  void answer(Connection& connection, Nanos now);
  void write(Connection& connection);
  void send_events(Nanos now);
  void drop_ended(Nanos now);

  const MonitorSource& source_;
  MonitorAccess access_;
  ListenAddress wanted_;
  mutable std::mutex state_mutex_;
  std::string address_;  // under state_mutex_
  std::string error_;    // under state_mutex_
  Nanos bind_from_ = 0;  // not before: the address was in use just now
  std::string unlink_path_;
  int listener_ = -1;
  int wake_read_ = -1;
  int wake_write_ = -1;
  std::vector<Connection> connections_;
  Nanos accept_from_ = 0;  // not before: there was no descriptor for one more
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace holysheep
