// A simulated provider: decides, request by request, what happens to a connection and what the
// answer is. Knows nothing of the engine; sim_transport plays its answers in virtual time. All
// chance comes from its own generator, so that what one provider does never changes what another
// one does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/random.h"
#include "core/sim/sim_answer.h"
#include "core/sim/sim_limits.h"
#include "core/sim/sim_model.h"

namespace holysheep {

// What becomes of connecting.
struct SimConnect {
  Nanos delay = 0;
  TransportError error = TransportError::none;
  bool never = false;   // it neither succeeds nor fails
  bool reused = false;  // an idle connection is taken
};

class SimProvider {
 public:
  SimProvider(SimProviderModel model, std::uint64_t seed);

  // What is going to happen to the request that starts now.
  SimFault plan(Nanos since_start);
  SimConnect connect(const SimFault& fault, bool fresh);
  // The request has arrived. Each call is followed by one release().
  SimAnswer answer(const SimFault& fault, const SimRequest& request, Now now, bool reused);
  // The answer has ended, or the client has gone; `reusable`: the connection stays open.
  void release(const SimAnswer& answer, bool reusable);

  const SimProviderModel& model() const { return model_; }
  // Further answers, after those that are still waiting; a further fault of the schedule.
  void script(std::vector<SimFault> answers);
  void schedule(SimFault fault) { model_.schedule.push_back(std::move(fault)); }
  void replace_script(std::vector<SimFault> answers) {
    model_.answers = std::move(answers);
    scripted_ = 0;
  }
  void set_model(SimProviderModel model) {
    model_ = std::move(model);
    limiter_ = SimLimiter(model_.limits);
  }
  std::int64_t in_flight() const { return in_flight_; }

 private:
  SimAnswer model_answer(const SimFault& fault, const SimRequest& request, Now now);
  SimAnswer fault_answer(const SimFault& fault, const SimRequest& request, bool reused);
  void break_answer(SimAnswer& answer, const SimFault& fault, const SimRequest& request);
  void break_stream(SimAnswer& answer, const SimFault& fault);

  SimProviderModel model_;
  SimLimiter limiter_;
  Random random_;
  std::size_t scripted_ = 0;  // answers already given
  std::int64_t idle_connections_ = 0;
  std::int64_t in_flight_ = 0;
};

}  // namespace holysheep
