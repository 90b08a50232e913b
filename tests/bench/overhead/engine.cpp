// The whole of HolySheep as a C programmer uses it: submit and drain, policy included.
#include <unistd.h>

#include <string>

#include "capi/holysheep.h"
#include "tests/bench/overhead/arguments.h"

namespace {

constexpr const char* kPath = "/chat/completions";

void fail(const holysheep_error& error) {
  std::fprintf(stderr, "bench_engine: %s\n", error.message);
  _exit(2);
}

holysheep_client* open(const overhead::Arguments& arguments) {
  // The engine adds the path: the URL is the raw program's without it.
  const std::string base = arguments.url.substr(0, arguments.url.rfind(kPath));
  const std::string config =
      R"({"version":1,"isolated":true,"api_key":"sk-0123456789abcdef0123456789abcdef",)"
      R"("endpoints":[{"name":"bench","url":")" +
      base + R"(","share_key":true,"http":"1.1"}]})";
  holysheep_client* client = nullptr;
  holysheep_error error = HOLYSHEEP_ERROR_INIT;
  if (holysheep_client_open(config.data(), config.size(), &client, &error) != HOLYSHEEP_OK) {
    fail(error);
  }
  return client;
}

}  // namespace

int main(int count, char** values) {
  const overhead::Arguments arguments = overhead::read_arguments(count, values);
  holysheep_client* client = open(arguments);
  holysheep_queue* queue = nullptr;
  if (holysheep_queue_new(&queue) != HOLYSHEEP_OK) return 2;
  const std::string body = overhead::request_body();
  holysheep_request request = HOLYSHEEP_REQUEST_INIT;
  request.body = body.data();
  request.body_size = body.size();
  const auto start = [&] {
    holysheep_request_id id = 0;
    holysheep_error error = HOLYSHEEP_ERROR_INIT;
    if (holysheep_submit(client, queue, &request, &id, &error) != HOLYSHEEP_OK) fail(error);
  };
  for (long i = 0; i < arguments.in_flight; ++i)
    start();

  // The first calls open the connections and are not counted.
  long to_start = arguments.calls;
  long to_end = arguments.calls + arguments.in_flight;
  long failed = 0;
  double before = 0;
  while (to_end > 0) {
    holysheep_batch* batch = nullptr;
    if (holysheep_queue_drain(queue, 0, -1, &batch) != HOLYSHEEP_OK) return 2;
    for (std::size_t i = 0; i < holysheep_batch_count(batch); ++i) {
      holysheep_event event = HOLYSHEEP_EVENT_INIT;
      holysheep_batch_event(batch, i, &event);
      if (event.kind != HOLYSHEEP_EVENT_DONE) continue;
      if (event.status != HOLYSHEEP_OK || event.data_size == 0) ++failed;
      if (--to_end == arguments.calls) before = overhead::cpu_us();
      if (to_start-- > 0) start();
    }
    holysheep_batch_free(batch);
  }
  overhead::print_result("engine", arguments, overhead::cpu_us() - before, failed);
  _exit(failed == 0 ? 0 : 1);
}
