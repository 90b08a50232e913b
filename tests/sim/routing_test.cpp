// Routing modes of policy `smart`: which of several free endpoints takes a call.
#include <array>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>

#include "tests/sim/sim_pool.h"

namespace holysheep {
namespace {

// Three endpoints of weight 1, 2 and 5.
class Weighted {
 public:
  Weighted(std::string_view routing, double first_token_ms) {
    const std::array<int, 3> weights = {1, 2, 5};
    std::string json =
        R"({"version": 1, "routing": ")" + std::string(routing) + R"(","endpoints":[)";
    std::vector<SimProviderModel> models;
    for (std::size_t i = 0; i < weights.size(); ++i) {
      const std::string name = "weight-" + std::to_string(weights[i]);
      json += std::string(i == 0 ? "" : ",") + R"({"name":")" + name + R"(","url":"https://)" +
              name + R"(.example/v1","share_key":true,"weight":)" + std::to_string(weights[i]) +
              "}";
      models.push_back(instant_model(name));
      models.back().first_token_ms = Distribution::fixed(first_token_ms);
    }
    Result<std::shared_ptr<const Config>> config = simulation_config(json + "]}");
    REQUIRE(config.ok());
    simulation_ = std::make_unique<Simulation>(config.value(), std::move(models), 1);
  }

  Simulation& simulation() { return *simulation_; }
  std::array<int, 3> counts() const {
    std::array<int, 3> counts{};
    for (const SimAttempt& each : simulation_->transport().attempts())
      ++counts[each.provider];
    return counts;
  }

 private:
  std::unique_ptr<Simulation> simulation_;
};

}  // namespace

TEST_CASE("routing: sequential prefers the first") {
  SimPool pool;
  for (int i = 0; i < 3; ++i)
    pool.call();
  CHECK(pool.path() == "primary primary primary");
}

TEST_CASE("routing: round_robin takes turns among those that are free") {
  SimPool pool(R"("routing": "round_robin")");
  for (int i = 0; i < 4; ++i)
    pool.call();
  CHECK(pool.path() == "primary backup-1 backup-2 primary");
  pool.script("backup-1", {answer_of(429, "retry-after: 60\r\n")});
  const std::size_t before = pool.attempts_on("backup-1");
  for (int i = 0; i < 6; ++i)
    CHECK(pool.call().status == Status::ok);
  CHECK(pool.attempts_on("backup-1") == before + 1);
  // Seven calls were answered by each of the two others, or six.
  CHECK(pool.attempts_on("primary") + pool.attempts_on("backup-2") == 9);
}

TEST_CASE("routing: weighted shares calls out by weight") {
  Weighted pool("weighted", 1);
  constexpr int kCalls = 4000;
  for (int i = 0; i < kCalls; ++i) {
    pool.simulation().submit({});
    const Status status = pool.simulation().run();
    INFO(pool.simulation().breach());
    REQUIRE(status == Status::ok);
  }
  const std::array<int, 3> counts = pool.counts();
  const std::array<double, 3> shares = {1.0 / 8, 2.0 / 8, 5.0 / 8};
  for (std::size_t i = 0; i < counts.size(); ++i) {
    INFO("endpoint " << i);
    CHECK_THAT(static_cast<double>(counts[i]) / kCalls,
               Catch::Matchers::WithinAbs(shares[i], 0.03));
  }
}

TEST_CASE("routing: least_busy shares calls in flight out by weight") {
  Weighted pool("least_busy", 1000);
  for (int i = 0; i < 16; ++i)
    pool.simulation().submit({});
  pool.simulation().run();
  CHECK(pool.counts() == std::array<int, 3>{2, 4, 10});
}

TEST_CASE("routing: calls that wait for a connection are served in order of submission") {
  constexpr std::size_t kAtOnce = 5;
  constexpr std::size_t kCalls = 60;
  SimPool pool("", 2, R"("share_key": true, "connections_max": 1)");
  for (const char* name : {"primary", "backup-1"})
    pool.schedule(name, late(good(), 10));
  std::size_t submitted = 0;
  std::size_t done = 0;
  // Who has an answer asks again at once, so that a new call and a free connection meet.
  while (done < kCalls) {
    for (; submitted < std::min(done + kAtOnce, kCalls); ++submitted)
      pool.submit();
    const SimCall& next = pool.finish(done);
    CHECK(next.status == Status::ok);
    ++done;
  }
  const std::vector<Attempted> attempts = pool.attempts();
  REQUIRE(attempts.size() == kCalls);
  for (std::size_t i = 0; i < kCalls; ++i) {
    INFO(i);
    CHECK(pool.simulation().transport().attempts()[i].call == i);
  }
  CHECK(pool.attempts_on("primary") == pool.attempts_on("backup-1"));
}

TEST_CASE("routing: a lower priority number goes first, whatever the routing") {
  for (const std::string_view routing : {"sequential", "round_robin", "weighted", "least_busy"}) {
    INFO(routing);
    Result<std::shared_ptr<const Config>> config = simulation_config(
        R"({"version": 1, "routing": ")" + std::string(routing) + R"(", "endpoints": [
            {"name": "later", "url": "https://later.example/v1", "share_key": true, "priority": 1},
            {"name": "first", "url": "https://first.example/v1", "share_key": true, "priority": 0}]})");
    REQUIRE(config.ok());
    Simulation simulation(config.value(), {instant_model("later"), instant_model("first")}, 1);
    for (int i = 0; i < 5; ++i) {
      simulation.submit({});
      simulation.run();
    }
    REQUIRE(simulation.transport().attempts().size() == 5);
    for (const SimAttempt& each : simulation.transport().attempts())
      CHECK(each.provider == 1);
  }
}

}  // namespace holysheep
