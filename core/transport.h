// The seam between the engine and the world (DESIGN 2): curl_transport does real HTTP,
// sim_transport a model of it. A transport decides nothing: it carries one attempt, which is one
// HTTP request, and reports. All limits of time are the engine's.
//
// Contract:
// - An attempt that waits for a connection has not `started`, and can be cancelled without a trace.
//   It does not start in the poll that freed its connection, but in the next one.
// - Every method is called on the loop's thread, but wake().
// - start() makes exactly one `done` event, unless cancel() comes first; after cancel() there is no
//   further event of that attempt.
// - Events of one attempt come in the order started, sent, headers, data*, done.
// - A paused attempt may still deliver what had been read before; then nothing until resume().
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/config.h"
#include "core/duration.h"
#include "core/transport_error.h"

namespace holysheep {

// Unique within a process; never reused.
using AttemptId = std::uint64_t;

struct HttpRequest {
  const EndpointConfig* endpoint = nullptr;  // outlives the attempt: connection settings
  std::string_view method;                   // outlives the attempt
  std::string url;
  std::vector<std::string> headers;         // "Name: value", complete
  std::shared_ptr<const std::string> body;  // may be null; shared by all attempts of a call
  bool fresh_connection = false;            // do not reuse one: the last attempt found a dead one
  bool stream = false;                      // the answer's body has no body_bytes_max
  Nanos connect_limit = 0;                  // 0: none
};

struct TransportEvent {
  enum class Kind : std::uint8_t {
    started,  // has left the transport's own queue: `connect` begins to run
    sent,     // connected, the request is being written: `first_token`/`response` begin
    headers,  // the final status and header block (1xx are skipped)
    data,     // decoded body bytes
    done,     // the end: error none means a well-framed end
  };
  Kind kind = Kind::done;
  TransportError error = TransportError::none;
  bool reused = false;        // sent: on a connection that had carried a request before
  bool sent_in_full = false;  // done: the whole request had been written
  int status = 0;             // headers
  AttemptId attempt = 0;
  std::string bytes;  // headers: the block; data: bytes; done: a text about the error, no secrets
};

class Transport {
 public:
  virtual ~Transport() = default;

  virtual void start(AttemptId attempt, HttpRequest request) = 0;
  // False: the endpoint's or the transport's connections are all in use, an attempt would wait.
  virtual bool has_room(const EndpointConfig& endpoint) = 0;
  // Ends an attempt at once. `kill_connection`: it timed out and never received a byte since its
  // request was sent, so the connection is suspected dead and is shut down for everybody on it.
  virtual void cancel(AttemptId attempt, bool kill_connection) = 0;
  // Stop and go on reading the answer's body.
  virtual void pause(AttemptId attempt) = 0;
  virtual void resume(AttemptId attempt) = 0;
  // Waits until `until` (on the clock of `now_mono`), a wake(), or something happened; appends it.
  virtual void poll(Nanos until, std::vector<TransportEvent>& events) = 0;
  // From any thread: ends the poll that is running, or the next one, at once.
  virtual void wake() = 0;
};

}  // namespace holysheep
