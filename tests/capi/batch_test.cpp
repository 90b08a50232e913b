// Batches: events that are kept longer than the drain that brought them.

#include "fixture.h"

using namespace capi_test;

TEST_CASE("batch: a taken event outlives its batch, with body and meta") {
  Mock mock(three("{}"));
  Client client(mock.config());
  const std::string body = chat();
  const holysheep_request_id id = client.submit(Client::request(body));
  holysheep_batch* batch = nullptr;
  REQUIRE(holysheep_queue_drain(client.queue(), 0, kPatienceMs, &batch) == HOLYSHEEP_OK);
  REQUIRE(holysheep_batch_count(batch) == 1);
  const char* meta = nullptr;
  REQUIRE(holysheep_batch_meta(batch, 0, &meta, nullptr) == HOLYSHEEP_OK);

  holysheep_batch* taken = nullptr;
  REQUIRE(holysheep_batch_take(batch, 0, &taken) == HOLYSHEEP_OK);
  holysheep_event rest = HOLYSHEEP_EVENT_INIT;
  REQUIRE(holysheep_batch_event(batch, 0, &rest) == HOLYSHEEP_OK);
  REQUIRE(rest.request == id);
  REQUIRE(rest.kind == HOLYSHEEP_EVENT_DONE);
  REQUIRE(rest.data_size == 0);
  REQUIRE(holysheep_batch_meta(batch, 0, &meta, nullptr) == HOLYSHEEP_E_INVALID_ARGUMENT);
  holysheep_batch_free(batch);

  REQUIRE(holysheep_batch_count(taken) == 1);
  Outcome outcome;
  add(taken, 0, outcome);
  REQUIRE(outcome.status == HOLYSHEEP_OK);
  REQUIRE(outcome.endpoint() == "primary");
  REQUIRE(Json(outcome.body).text("/object") == "chat.completion");
  REQUIRE(holysheep_batch_take(taken, 1, &batch) == HOLYSHEEP_E_INVALID_ARGUMENT);
  REQUIRE(batch == nullptr);
  REQUIRE(holysheep_batch_take(nullptr, 0, &batch) == HOLYSHEEP_E_INVALID_ARGUMENT);
  REQUIRE(holysheep_batch_take(taken, 0, nullptr) == HOLYSHEEP_E_INVALID_ARGUMENT);
  holysheep_batch_free(taken);
}
