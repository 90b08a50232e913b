// One connection of the mock pool: reads requests, sends answers piece by piece when their time has
// come, stops where the script says. Belongs to the pool's thread. What it needs from the pool
// stands in MockService, so that it knows nothing of epoll.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/duration.h"
#include "core/mock/mock_request.h"
#include "core/mock/mock_response.h"
#include "core/mock/mock_socket.h"

namespace holysheep {

class MockConnection;
class MockQuota;

class MockService {
 public:
  virtual ~MockService() = default;
  // The endpoint does not read now.
  virtual bool deaf(std::size_t endpoint) = 0;
  virtual MockResponse answer(MockConnection& connection, MockRequest request) = 0;
  // The first byte of the answer is about to leave.
  virtual void answering(const MockConnection& connection, int status) = 0;
  // The answer is over, one way or another; for each answer() once.
  virtual void answered(MockConnection& connection) = 0;
  virtual Nanos draw(std::size_t endpoint, const MockDelay& delay) = 0;
};

class MockConnection {
 public:
  MockConnection(std::size_t endpoint, std::uint64_t number)
      : endpoint_(endpoint), number_(number) {}
  bool open(int descriptor, SSL_CTX* context) { return socket_.open(descriptor, context); }

  int descriptor() const { return socket_.descriptor(); }
  std::size_t endpoint() const { return endpoint_; }
  std::uint64_t number() const { return number_; }
  // Of the request that is being answered: the service's to set and read.
  std::uint64_t record = 0;
  MockQuota* quota = nullptr;

  // Does what can be done now. False: the connection is over and is to be destroyed.
  bool turn(MockService& service, Nanos now);
  // The peer is gone, or has said that it will send nothing more.
  bool hang_up(MockService& service, Nanos now);
  // When turn() is wanted again though nothing happens; kNever: not at all.
  Nanos due() const { return due_; }
  // Ends an answer that is under way, before destruction.
  void abandon(MockService& service);
  void reset_on_close() { socket_.reset_on_close(); }
  // Has answered, and nothing of a further request has come.
  bool idle() const {
    return answered_ && phase_ == Phase::reading && parser_.idle() && !socket_.has_unread();
  }

 private:
  enum class Phase : std::uint8_t { reading, answering, silent, waiting_to_die };

  bool read_some(MockService& service, Nanos now);
  void begin(MockService& service, MockResponse response, Nanos now);
  bool send_some(MockService& service, Nanos now);
  void open_due(MockService& service, Nanos now);
  void comment_due(Nanos now);
  bool flush(MockService& service, bool* blocked);
  bool finish(MockService& service);
  std::size_t next_unit(MockDelay* delay);

  MockSocket socket_;
  std::size_t endpoint_;
  std::uint64_t number_;
  MockRequestParser parser_;
  MockResponse response_;
  std::string aside_;  // bytes that go between two pieces: 100 Continue, comments
  std::size_t head_size_ = 0;
  std::size_t total_ = 0;    // bytes of the answer that will be sent
  std::size_t allowed_ = 0;  // whose time has come
  std::size_t sent_ = 0;
  std::size_t unit_end_ = 0;  // of the piece that is being allowed
  std::size_t piece_ = 0;     // the next one of the body
  Nanos ready_ = 0;           // when more is allowed
  Nanos next_comment_ = kNever;
  Nanos due_ = kNever;
  Phase phase_ = Phase::reading;
  bool peer_ended_ = false;
  bool answered_ = false;  // a first request
};

}  // namespace holysheep
