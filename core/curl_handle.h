// One easy handle of libcurl, used again and again for one endpoint: what is the same for all of
// its requests is set once, so that a call costs few options.
//
// libcurl's callbacks only append events and note what they saw; they never call back into
// libcurl's multi interface (it forbids that), and no exception leaves them: without memory they
// end their attempt. What libcurl does by itself and must not: it sends a
// request again when a reused connection turns out dead. A second PREREQFUNCTION, or a new socket
// after the first, ends the attempt instead: one attempt is one HTTP request on the wire.
#pragma once

#include <curl/curl.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/connection_queue.h"
#include "core/connection_table.h"
#include "core/curl_transport.h"
#include "core/transport.h"

namespace holysheep {

// What all handles of one transport share; outlives them.
struct CurlContext {
  CurlTransportOptions options;
  CURLSH* share = nullptr;  // TLS sessions
  ConnectionTable* connections = nullptr;
  ConnectionQueue* queue = nullptr;
  std::vector<TransportEvent> events;
  std::uint64_t turn = 0;  // counts polls
  // Attempts that libcurl was told to hold back until the next poll: they had their share of this.
  std::vector<AttemptId> held;
  CurlTransportCounters counters;
};

class CurlHandle {
 public:
  // Null if there is no memory.
  static std::unique_ptr<CurlHandle> make(CurlContext& context, Lane& lane);
  ~CurlHandle();
  CurlHandle(const CurlHandle&) = delete;
  CurlHandle& operator=(const CurlHandle&) = delete;

  static CurlHandle* of(CURL* easy);
  CURL* easy() const { return easy_; }
  Lane& lane() const { return lane_; }
  AttemptId attempt() const { return attempt_; }

  // Makes the handle ready for one attempt; false if there is no memory.
  bool begin(AttemptId attempt, HttpRequest request, Nanos now);
  // Appends the `done` event of an attempt that libcurl has ended with `code`, or throws.
  void report(CURLcode code);
  // Releases the request. `abandoned`: cancelled. The handle may begin again.
  void end(bool abandoned, Nanos now);
  // Shuts the connection down for everybody on it.
  void kill_connection(Nanos now);
  // An error: libcurl lost the attempt over it.
  CURLcode pause(bool paused);

 private:
  enum class Method : std::uint8_t { none, get, post, head, custom };

  CurlHandle(CurlContext& context, Lane& lane, CURL* easy);
  bool set_constant_options();
  bool set_tls_options();
  bool set_method(std::string_view method, bool body);
  void set_headers();
  TransportEvent& append(TransportEvent::Kind kind);
  std::size_t header_line(std::string_view line);
  std::size_t body_bytes(std::string_view bytes);
  int request_begins(const char* peer_address, const char* local_address, int peer_port,
                     int local_port);
  curl_socket_t open_socket(const curl_sockaddr& address);

  static int on_request(void* self, char* peer_address, char* local_address, int peer_port,
                        int local_port);
  static curl_socket_t on_open_socket(void* self, curlsocktype purpose, curl_sockaddr* address);
  static int on_close_socket(void* connections, curl_socket_t socket);
  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);

  CurlContext& context_;
  Lane& lane_;
  CURL* const easy_;
  char error_text_[CURL_ERROR_SIZE] = "";

  // Options as they stand in the easy handle.
  std::string url_;
  Method method_ = Method::none;
  std::string custom_method_;
  bool upload_ = false;
  bool fresh_connection_ = false;
  Nanos connect_limit_ = -1;

  // The attempt.
  AttemptId attempt_ = 0;
  HttpRequest request_;
  std::vector<curl_slist> header_nodes_;
  std::string header_block_;
  ConnectionEnds ends_;
  std::int64_t header_bytes_ = 0;
  std::int64_t body_bytes_ = 0;
  Nanos entered_at_ = 0;
  Nanos sent_at_ = 0;  // on the real clock, as all of the transport
  std::uint64_t entered_turn_ = 0;
  std::uint64_t body_turn_ = 0;
  std::size_t turn_bytes_ = 0;  // body bytes in poll number body_turn_
  int status_ = 0;
  int socket_error_ = 0;
  // The last two: libcurl tries two addresses side by side.
  curl_socket_t sockets_[2] = {CURL_SOCKET_BAD, CURL_SOCKET_BAD};
  bool address_known_ = false;
  bool sent_ = false;
  bool reused_ = false;
  bool again_ = false;
  bool no_memory_ = false;
  bool answered_ = false;
  bool headers_done_ = false;
  bool header_limit_ = false;
  bool body_limit_ = false;
  bool paused_ = false;
};

}  // namespace holysheep
