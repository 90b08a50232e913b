// Which endpoint made which id: bounded, the least recently named goes first.
#include "core/state_places.h"

#include <catch2/catch_test_macros.hpp>

using namespace holysheep;

namespace {

int place_of(StatePlaces& places, const char* id) {
  const auto found = places.find({id});
  return found ? static_cast<int>(*found) : -1;
}

}  // namespace

TEST_CASE("an id leads to the endpoint that gave it out, until others take its room") {
  StatePlaces places(2);
  places.remember("resp_a", 1);
  places.remember("resp_b", 2);
  CHECK(place_of(places, "resp_a") == 1);  // named again: resp_b is now the older one
  places.remember("resp_c", 3);
  CHECK(place_of(places, "resp_a") == 1);
  CHECK(place_of(places, "resp_b") == -1);
  CHECK(place_of(places, "resp_c") == 3);
  places.remember("resp_c", 1);
  CHECK(place_of(places, "resp_c") == 1);
  CHECK(place_of(places, "resp_a") == 1);
}

TEST_CASE("the first known of several ids decides; ids that are none are not kept") {
  StatePlaces places;
  places.remember("file-1", 2);
  places.remember("", 1);
  places.remember(std::string(kStateIdBytesMax + 1, 'x'), 1);
  CHECK(places.find({"unknown", "file-1"}) == 2U);
  CHECK_FALSE(places.find({"", std::string(kStateIdBytesMax + 1, 'x')}));
}

TEST_CASE("ids of a path are its segments behind the first") {
  CHECK(ids_of_path("/v1/responses/resp_1?include=x") == std::vector<std::string>{"resp_1"});
  CHECK(ids_of_path("/threads/thread_1/runs/run_1/") ==
        std::vector<std::string>{"thread_1", "runs", "run_1"});
  CHECK(ids_of_path("/responses").empty());
}
