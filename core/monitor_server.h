// The monitor endpoint's sockets: one thread, one poll(), a few connections at a time, each with a
// deadline, so that slow or hostile readers cost their own connection and nothing else. What is
// answered stands in monitor_http.h.
//
// Why not a library: the HTTP libraries at hand give a thread to each connection, which a reader
// that dribbles bytes holds as long as it likes, and weigh more than the rest of the monitor.
#pragma once

#include <atomic>
#include <memory>
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
  // How often those who listen to events get one.
  static constexpr Nanos kEventEvery = kSecond;
  static constexpr std::size_t kConnectionsMax = 64;
  static constexpr std::size_t kStreamsMax = 16;

  // Binds; `source` must outlive the server. Nobody is answered before serve().
  static Result<std::unique_ptr<MonitorServer>> open(const MonitorConfig& config,
                                                     const MonitorSource& source);
  // Starts the thread, which inherits the caller's signal mask and calls `tick` about once a
  // second. False: the system gives no thread.
  bool serve(void (*tick)(void*), void* context);
  // Ends the thread and closes everything.
  ~MonitorServer();
  MonitorServer(const MonitorServer&) = delete;
  MonitorServer& operator=(const MonitorServer&) = delete;

  // "127.0.0.1:9464", with the port that was bound; "unix:/path".
  const std::string& address() const { return address_; }

 private:
  struct Connection {
    int socket = -1;
    Nanos deadline = 0;
    std::string in;
    std::string out;
    std::size_t sent = 0;
    bool answered = false;
    bool streams = false;
    bool over = false;
  };

  explicit MonitorServer(const MonitorSource& source) : source_(source) {}
  Result<bool> listen(const ListenAddress& address);
  Result<bool> listen_unix(const std::string& path);
  void run(void (*tick)(void*), void* context);
  void accept_all(Nanos now);
  bool make_room();
  void read(Connection& connection, Nanos now);
  void answer(Connection& connection, Nanos now);
  void write(Connection& connection);
  void send_events(Nanos now);
  void drop_ended(Nanos now);

  const MonitorSource& source_;
  MonitorAccess access_;
  std::string address_;
  std::string unlink_path_;
  int listener_ = -1;
  int wake_read_ = -1;
  int wake_write_ = -1;
  std::vector<Connection> connections_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace holysheep
