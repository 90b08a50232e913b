// The pool's table of models: bounded, but for what calls hold.
#include "core/pool.h"

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

using namespace holysheep;

namespace {

Pool make_pool(std::int64_t routes_max) {
  Environment environment;
  auto config = parse_config(
      R"({"version":1,"api_key":"k-12345","base_url":"https://a.example","limits":{"routes_max":)" +
          std::to_string(routes_max) + "}}",
      environment);
  if (!config.ok()) FAIL(config.error().message);
  return Pool(config.value(), std::make_shared<Counters>(1));
}

// As a call does: one attempt on the model's route.
void use(Pool& pool, ModelId model, Nanos now, Random& random) {
  const std::vector<std::uint32_t> endpoints = {0};
  const std::vector<ModelId> models = {model};
  RouteWish wish;
  wish.endpoints = &endpoints;
  wish.models = &models;
  const Choice choice = pool.choose(wish, now, random);
  REQUIRE(choice.kind == Choice::Kind::route);
  pool.abandon(pool.lease(choice, false, now));
}

std::size_t routes_of(Pool& pool, Nanos now) {
  const auto snapshot = pool.publish({now, now});
  REQUIRE(snapshot != nullptr);
  return snapshot->endpoints[0]->routes.size();
}

}  // namespace

TEST_CASE("routes beyond routes_max go when the calls that hold them do") {
  constexpr std::size_t kRoutesMax = 16;
  Pool pool = make_pool(kRoutesMax);
  Random random(1);
  std::vector<ModelId> held;
  constexpr int kModels = 300;
  for (int i = 0; i < kModels; ++i) {
    held.push_back(pool.hold_model("m" + std::to_string(i), i));
    use(pool, held.back(), i, random);
  }
  CHECK(routes_of(pool, kModels) == kModels);
  for (const ModelId model : held)
    pool.drop_model(model);
  CHECK(routes_of(pool, kModels) == kRoutesMax);
  // The latest are the ones that are kept, and their places are still theirs.
  const ModelId latest = pool.hold_model("m299", kModels + 1);
  CHECK(latest == held.back());
  CHECK(pool.model_name(latest) == "m299");
  // Free places are used again.
  const ModelId fresh = pool.hold_model("fresh", kModels + 2);
  CHECK(fresh < kModels);
  use(pool, fresh, kModels + 2, random);
  CHECK(routes_of(pool, kModels + 2) == kRoutesMax);
}
