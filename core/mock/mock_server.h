// The mock pool's thread: one epoll over all listeners and connections of all endpoints, and a heap
// of timers. Edge-triggered: every descriptor is registered once, and whoever stops reading or
// writing does so because the kernel said so. Everything here belongs to that thread but open(),
// post(), stop() and the recorder.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <queue>
#include <string>
#include <utility>
#include <vector>

#include "core/mock/mock_clock.h"
#include "core/mock/mock_connection.h"
#include "core/mock/mock_descriptor.h"
#include "core/mock/mock_endpoint.h"
#include "core/mock/mock_recorder.h"
#include "core/mock/mock_tls.h"
#include "core/result.h"

namespace holysheep {

class MockServer : private MockService {
 public:
  // Binds and listens; afterwards run() may be called, once, from any thread.
  static Result<std::unique_ptr<MockServer>> open(MockScript script);
  ~MockServer() override;

  void run();
  void stop();  // any thread
  // Any thread, while run() runs: replaces an endpoint's script; returns when it is done.
  Result<bool> replace(std::size_t endpoint, MockEndpointScript script);

  struct Address {
    MockEndpointScript script;  // as opened, with the port that was bound
    std::string host;           // as it stands in a URL
  };
  const std::vector<Address>& addresses() const { return addresses_; }
  const std::string& ca_file() const { return ca_file_; }
  MockRecorder& recorder() { return *recorder_; }

 private:
  struct Listener {
    MockDescriptor socket;
    std::unique_ptr<MockEndpoint> endpoint;
    bool listening = false;
  };
  struct Slot {
    std::unique_ptr<MockConnection> connection;
    std::uint32_t generation = 0;
    Nanos timer = kNever;  // the due time of the timer in the heap that counts
  };
  struct Timer {
    Nanos when;
    std::uint32_t slot;
    std::uint32_t generation;
    bool operator>(const Timer& other) const { return when > other.when; }
  };
  struct Command {
    std::size_t endpoint;
    MockEndpointScript script;
    Result<bool> result = false;
    bool done = false;
  };

  MockServer() = default;
  Result<bool> prepare(MockScript script);
  Result<bool> bind(std::size_t index, MockEndpointScript& script);
  Result<bool> listen(std::size_t index, bool refuse);
  void wake() const;
  void accept_all(std::size_t index);
  bool close_idle();
  void adopt(MockDescriptor& accepted, std::size_t index);
  void turn(std::uint32_t slot, std::uint32_t events);
  void schedule(std::uint32_t slot);
  void end(std::uint32_t slot);
  void fire_timers();
  int wait_ms() const;
  void obey();
  void obey(Command& command);

  bool deaf(std::size_t endpoint) override;
  MockResponse answer(MockConnection& connection, MockRequest request) override;
  void answering(const MockConnection& connection, int status) override;
  void answered(MockConnection& connection) override;
  Nanos draw(std::size_t endpoint, const MockDelay& delay) override;

  MockDescriptor epoll_;
  MockDescriptor wake_;
  std::unique_ptr<MockClockSleeper> sleeper_;
  std::unique_ptr<MockTls> tls_;
  std::string ca_file_;
  std::vector<Address> addresses_;
  std::unique_ptr<MockRecorder> recorder_;
  std::size_t record_body_bytes_max_ = 0;
  MockQuotas quotas_;
  std::vector<Listener> listeners_;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_slots_;
  std::priority_queue<Timer, std::vector<Timer>, std::greater<Timer>> timers_;
  std::uint64_t connections_ = 0;
  std::uint64_t requests_ = 0;
  Nanos opened_ = 0;
  Now now_;
  bool accept_again_ = false;    // descriptors had run out
  std::uint32_t last_idle_ = 0;  // the slot that close_idle() emptied last

  std::atomic<bool> stopping_{false};
  std::mutex mutex_;
  std::condition_variable obeyed_;
  std::vector<Command*> commands_;
};

}  // namespace holysheep
