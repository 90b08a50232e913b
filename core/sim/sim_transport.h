// The seam's other side in virtual time: carries attempts to simulated providers and plays their
// answers, event by event. Each running attempt has exactly one next event in an ordered list, so
// that a pause simply takes it out. Keeps a record of every attempt: the simulator's own account of
// what the engine did, which its checks and reports are made of. One thread; never waits.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/sim/sim_answer.h"
#include "core/sim/sim_provider.h"
#include "core/transport.h"

namespace holysheep {

// A header that the simulator puts on each request, to know whose attempt it is.
constexpr std::string_view kSimCallHeader = "X-Simulation-Call";

// What happened to one attempt.
struct SimAttempt {
  std::size_t call = 0;
  std::size_t provider = 0;
  std::string model;
  Nanos started = 0;
  Nanos ended = kNever;  // kNever: still running
  int status = 0;        // 0: no header was delivered
  TransportError error = TransportError::none;
  bool sent = false;       // the request has arrived
  bool cancelled = false;  // by the engine
  bool data = false;       // some of the body was delivered
  SimTruth truth = SimTruth::unknown;
  bool whole = false;             // everything of the answer was delivered
  Nanos told_until = 0;           // a 429 that was delivered: when the provider said to come back
  std::uint64_t reader_hash = 0;  // of what a reader must get, if `truth` is good
};

class SimTransport final : public Transport {
 public:
  // Providers by index; their models' names are the endpoints' names.
  SimTransport(std::vector<SimProviderModel> models, std::uint64_t seed, Now begin);

  // Sets the clock; it never goes back.
  void set_now(Now now);
  // When the next event is due; kNever if nothing is going to happen.
  Nanos next_event() const;
  // Appends what is due by now.
  void collect(std::vector<TransportEvent>& events);

  void start(AttemptId attempt, HttpRequest request) override;
  // By the endpoint's connections_max; what the engine starts above that runs all the same.
  bool has_room(const EndpointConfig& endpoint) override {
    return endpoint.connections_max == 0 ||
           running_on_[find(endpoint.name)] < static_cast<std::size_t>(endpoint.connections_max);
  }
  void cancel(AttemptId attempt, bool kill_connection) override;
  void pause(AttemptId attempt) override;
  void resume(AttemptId attempt) override;
  void poll(Nanos until, std::vector<TransportEvent>& events) override;
  void wake() override {}

  const std::vector<SimAttempt>& attempts() const { return attempts_; }
  std::size_t running() const { return flights_.size(); }
  // Calls visit(const SimAttempt&) for each attempt under way, in the order of their starts.
  template <typename Visit>
  void each_running(Visit visit) const {
    for (const auto& [attempt, flight] : flights_)
      visit(attempts_[flight.record]);
  }
  std::size_t provider_count() const { return providers_.size(); }
  SimProvider& provider(std::size_t index) { return *providers_[index]; }
  // The provider's index by its name, or provider_count().
  std::size_t find(std::string_view name) const;
  std::size_t running_on(std::size_t provider) const { return running_on_[provider]; }
  // The attempts (their places in attempts()) that have ended since the last call.
  std::vector<std::size_t> take_ended() { return std::exchange(ended_, {}); }

 private:
  enum class Phase : std::uint8_t { queued, connecting, waiting, body, silent };
  struct Flight {
    std::size_t record = 0;  // index in attempts_
    std::size_t provider = 0;
    Phase phase = Phase::queued;
    SimFault fault;
    SimConnect connect;
    SimRequest request;
    SimAnswer answer;
    bool fresh = false;
    std::size_t piece = 0;
    Nanos due = kNever;
    std::uint64_t order = 0;  // with `due`: the key in agenda_; 0: not there
    bool paused = false;
  };
  using Flights = std::map<AttemptId, Flight>;

  void schedule(AttemptId attempt, Flight& flight, Nanos due);
  void unschedule(Flight& flight);
  // Plays one event of a flight; may end it.
  void advance(Flights::iterator found, std::vector<TransportEvent>& events);
  void arrive(AttemptId attempt, Flight& flight, std::vector<TransportEvent>& events);
  void deliver_head(AttemptId attempt, Flight& flight, std::vector<TransportEvent>& events);
  void schedule_body(AttemptId attempt, Flight& flight);
  void finish(Flights::iterator found, TransportError error, std::vector<TransportEvent>& events);

  std::vector<std::unique_ptr<SimProvider>> providers_;
  std::vector<std::size_t> running_on_;
  Flights flights_;
  std::map<std::pair<Nanos, std::uint64_t>, AttemptId> agenda_;
  std::vector<SimAttempt> attempts_;
  std::vector<std::size_t> ended_;
  Now begin_;
  Now now_;
  std::uint64_t order_ = 0;
};

}  // namespace holysheep
