// The replay table, from tests/vectors/replay.json.
#include "core/replay.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "vector_file.h"

namespace holysheep {
namespace {

namespace dom = simdjson::dom;

bool has(dom::element vector, const char* fact) {
  bool truth = false;
  return vector[fact].get(truth) == simdjson::SUCCESS && truth;
}

TEST_CASE("Every request has the replay class that its vector names") {
  const VectorFile file("replay.json");
  for (const dom::element vector : dom::array(file.root()["vectors"])) {
    const std::string_view method = vector["method"];
    const std::string_view path = vector["path"];
    INFO(method << " " << path);
    ReplayFacts facts;
    facts.previous_response = has(vector, "previous_response");
    facts.stored = has(vector, "stored");
    facts.server_side_tools = has(vector, "server_side_tools");
    CHECK(name_of(replay_class(method, path, facts)) == std::string_view(vector["class"]));
  }
}

}  // namespace
}  // namespace holysheep
