// A pool of endpoints for tests in virtual time: answers take no time unless a test says so, so
// that the instants that a test sees are those of the policy.
#pragma once

#include <catch2/catch_message.hpp>
#include <catch2/catch_test_macros.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/sim/sim_scenario.h"
#include "core/sim/simulation.h"

namespace holysheep {

// What an attempt was: [milliseconds since the beginning, endpoint].
struct Attempted {
  std::int64_t at_ms = 0;
  std::string endpoint;
  bool operator==(const Attempted& other) const {
    return at_ms == other.at_ms && endpoint == other.endpoint;
  }
};
inline std::ostream& operator<<(std::ostream& out, const Attempted& attempted) {
  return out << attempted.at_ms << " ms " << attempted.endpoint;
}

inline SimFault answer_of(int status, std::string headers = "") {
  SimFault fault;
  fault.kind = SimFaultKind::status;
  fault.status = status;
  fault.headers = std::move(headers);
  return fault;
}
inline SimFault answer_of(int status, std::string headers, std::string body) {
  SimFault fault = answer_of(status, std::move(headers));
  fault.body = std::move(body);
  return fault;
}
inline SimFault fault_of(SimFaultKind kind, int after_pieces = -1) {
  SimFault fault;
  fault.kind = kind;
  fault.after_pieces = after_pieces;
  return fault;
}
inline SimFault good() {
  return {};
}
inline SimFault late(SimFault fault, double delay_ms) {
  fault.delay_ms = Distribution::fixed(delay_ms);
  return fault;
}
inline SimFault pieces_of(std::vector<std::string> pieces, double delay_ms, SimEnd end) {
  SimFault fault = answer_of(200, "content-type: text/event-stream\r\n");
  fault.pieces = std::move(pieces);
  fault.piece_delay_ms = Distribution::fixed(delay_ms);
  fault.end = end;
  return fault;
}

inline std::string chunk(std::string_view content) {
  return R"(data: {"choices":[{"index":0,"delta":{"content":")" + std::string(content) +
         "\"},\"finish_reason\":null}]}\n\n";
}
inline constexpr char kFinish[] =
    "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
// The fault for every request of a time.
inline SimFault during(SimFault fault, Nanos from, Nanos until) {
  fault.from = from;
  fault.until = until;
  return fault;
}

inline SimProviderModel instant_model(std::string name) {
  SimProviderModel model;
  model.name = std::move(name);
  model.connect_ms = model.first_token_ms = model.token_ms = model.error_ms = {};
  return model;
}

class SimPool {
 public:
  // `settings`: members of the configuration beside "version" and "endpoints"; `endpoint_settings`:
  // members of each endpoint beside its name and url.
  explicit SimPool(std::string_view settings = "", std::size_t count = 3,
                   std::string_view endpoint_settings = R"("share_key": true)",
                   std::uint64_t seed = 1) {
    std::string json = R"({"version": 1, "endpoints": [)";
    for (std::size_t i = 0; i < count; ++i) {
      if (i > 0) json += ", ";
      const std::string name = i == 0 ? "primary" : "backup-" + std::to_string(i);
      json += R"({"name": ")" + name + R"(", "url": "https://)" + name + R"(.example/v1")";
      if (!endpoint_settings.empty()) json += ", " + std::string(endpoint_settings);
      json += "}";
      names_.push_back(name);
    }
    json += "]";
    if (!settings.empty()) json += ", " + std::string(settings);
    json += "}";
    Result<std::shared_ptr<const Config>> config = simulation_config(json);
    if (!config.ok()) FAIL(config.error().message);
    std::vector<SimProviderModel> models;
    for (const std::string& name : names_)
      models.push_back(instant_model(name));
    simulation_ = std::make_unique<Simulation>(config.value(), std::move(models), seed);
  }

  ~SimPool() {
    if (!simulation_->breach().empty()) FAIL_CHECK(simulation_->breach());
  }
  SimPool(const SimPool&) = delete;
  SimPool& operator=(const SimPool&) = delete;

  Simulation& simulation() { return *simulation_; }
  SimProvider& provider(std::string_view name) { return simulation_->provider(name); }
  void script(std::string_view name, std::vector<SimFault> answers) {
    provider(name).script(std::move(answers));
  }
  void schedule(std::string_view name, SimFault fault) {
    provider(name).schedule(std::move(fault));
  }

  std::size_t submit(const SimCallInput& input = {}) { return simulation_->submit(input); }
  // Submits and runs to the call's end.
  const SimCall& call(const SimCallInput& input = {}) {
    const std::size_t number = submit(input);
    return finish(number);
  }
  const SimCall& finish(std::size_t number) {
    while (simulation_->call(number).active() && simulation_->step()) {
    }
    CHECK(simulation_->breach() == "");
    REQUIRE_FALSE(simulation_->call(number).active());
    return simulation_->call(number);
  }
  void pass(Nanos duration) { simulation_->run_for(duration); }

  std::vector<Attempted> attempts() const {
    std::vector<Attempted> found;
    for (const SimAttempt& each : simulation_->transport().attempts()) {
      found.push_back({to_ms(each.started - kSimMonoBegin), names_[each.provider]});
    }
    return found;
  }
  // The endpoints that were tried, in order: "primary backup-1".
  std::string path() const {
    std::string text;
    for (const Attempted& each : attempts())
      text += (text.empty() ? "" : " ") + each.endpoint;
    return text;
  }
  std::size_t attempts_on(std::string_view name) const {
    std::size_t count = 0;
    for (const Attempted& each : attempts())
      if (each.endpoint == name) ++count;
    return count;
  }
  std::int64_t took_ms(std::size_t call) const {
    return to_ms(simulation_->call(call).done - simulation_->call(call).submitted);
  }

  EndpointStatus status(std::string_view name) const {
    return status_at(*view(name), simulation_->now().mono);
  }
  std::int64_t blocked_ms(std::string_view name) const {
    return to_ms_ceil(view(name)->until - simulation_->now().mono);
  }
  std::string reason(std::string_view name) const { return std::string(view(name)->reason); }

 private:
  std::shared_ptr<const EndpointView> view(std::string_view name) const {
    const std::shared_ptr<const Snapshot> snapshot = simulation_->engine().snapshot();
    for (const auto& each : snapshot->endpoints) {
      if (each->name == name) return each;
    }
    FAIL("no endpoint named " << name);
    return nullptr;
  }

  std::vector<std::string> names_;
  std::unique_ptr<Simulation> simulation_;
};

inline SimCallInput stream_call() {
  SimCallInput call;
  call.delivery = Delivery::events;
  call.body = R"({"model":"gpt-4.1","messages":[{"role":"user","content":"Hello"}],"stream":true})";
  return call;
}
inline SimCallInput with_timeout(std::int64_t timeout_ms) {
  SimCallInput call;
  call.timeout_ms = timeout_ms;
  return call;
}
inline SimCallInput with_options(std::string options) {
  SimCallInput call;
  call.options = std::move(options);
  return call;
}

}  // namespace holysheep
