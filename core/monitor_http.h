// What the monitor endpoint answers: HTTP requests in, replies out, no sockets. Read-only; who may
// read is decided here: by the Host header (no website may read it through a visitor's browser) and
// by the token. Pure but for its source.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/exposition.h"

namespace holysheep {

// More is no request that we know.
constexpr std::size_t kMonitorHeadBytesMax = 8192;

struct MonitorRequest {
  std::string method;
  std::string path;   // without the query
  std::string query;  // without "?"
  std::string host;
  std::string absolute_host;  // "GET http://HOST/path": it stands for the Host field
  std::string authorization;
  std::string cookie;
  std::string accept;
};

// Reads a head, up to and with its empty line. Returns 0, or the HTTP status of the refusal.
int parse_monitor_request(std::string_view head, MonitorRequest& request);

struct MonitorReply {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string headers;  // further lines
  std::string body;
  bool streams = false;  // server-sent events follow, one status each
};

// The whole reply as bytes. `with_body` false: HEAD.
std::string reply_bytes(const MonitorReply& reply, bool with_body);

// What is looked at; any thread.
class MonitorSource {
 public:
  virtual ~MonitorSource() = default;
  virtual std::string metrics(ExpositionFormat format) const = 0;
  virtual std::string status() const = 0;
  virtual std::string health(bool* ok) const = 0;
  virtual bool alive() const = 0;         // the engine turns
  virtual bool ready() const = 0;         // it takes calls
  virtual std::string token() const = 0;  // as it is now; "": none is wanted
};

struct MonitorAccess {
  bool checks_host = true;  // not on a Unix socket, which no browser reaches
  bool wants_token = false;
  // A browser's cookie bears no token, since it goes to every port of the host: it proves that its
  // bearer knew the token that is valid now, to this process only.
  std::string cookie = "holysheep_monitor";
  std::string session_secret;      // random
  std::vector<std::string> hosts;  // that a Host header may name, beside addresses and localhost
};

MonitorReply answer_monitor(const MonitorRequest& request, const MonitorAccess& access,
                            const MonitorSource& source);

}  // namespace holysheep
