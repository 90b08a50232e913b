// The sockets that libcurl has open: makes them, counts them per host, and shuts one down for
// everybody on it when its peer is suspected dead.
//
// libcurl reports a connection only by its addresses (PREREQFUNCTION), so the socket is found by
// those; that is rare, and costs nothing while all is well.
#pragma once

#include <curl/curl.h>

#include <cstdint>
#include <map>
#include <string>

#include "core/loop.h"
#include "core/transport.h"

namespace holysheep {

struct Lane;

// Both ends of a connection, as numbers in text; "" and 0 where libcurl does not know.
struct ConnectionEnds {
  std::string local_address;
  std::string peer_address;
  int local_port = 0;
  int peer_port = 0;
};

class ConnectionTable {
 public:
  explicit ConnectionTable(Loop& loop) : loop_(loop) {}
  ConnectionTable(const ConnectionTable&) = delete;
  ConnectionTable& operator=(const ConnectionTable&) = delete;

  // A socket with our options; CURL_SOCKET_BAD with *error_number set if there is none.
  curl_socket_t open(const curl_sockaddr& address, Lane& lane, AttemptId opener, int* error_number);
  // `opener` was connected on this socket: its host lives as long as it does.
  void prove(curl_socket_t socket, AttemptId opener);
  int close(curl_socket_t socket);
  // Ends the connection for all attempts on it, unless something has arrived on it in the last
  // `silence`: then it is alive, and only one stream of it is silent. False if it was left alone or
  // is gone already.
  bool shut_down(const ConnectionEnds& ends, Nanos silence);
  std::uint64_t opened() const { return opened_; }
  std::size_t open_now() const { return connections_.size(); }

 private:
  struct Connection {
    Lane* lane = nullptr;
    AttemptId opener = 0;
    bool live = false;
  };
  static void forget(const Connection& connection);

  Loop& loop_;
  std::map<curl_socket_t, Connection> connections_;
  std::uint64_t opened_ = 0;
};

}  // namespace holysheep
