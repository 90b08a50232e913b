// Many streams at a time through the C API: memory per stream and CPU per chunk.
#include <unistd.h>

#include <cstdint>
#include <string>
#include <vector>

#include "capi/holysheep.h"
#include "tests/bench/streams.h"

namespace {

constexpr std::string_view kPath = "/chat/completions";
// Credit is given back in lumps, as a reader does that has better things to do.
constexpr std::size_t kCreditBytes = 64 * 1024;

struct Stream {
  bool open = false;
  std::size_t used_bytes = 0;
};

void fail(const char* what) {
  std::fprintf(stderr, "bench_streams_engine: %s\n", what);
  _exit(2);
}

holysheep_client* open_client(const streams::Arguments& arguments) {
  const std::string base = arguments.url.substr(0, arguments.url.rfind(kPath));
  const std::string most = std::to_string(arguments.streams + 16);
  const std::string config = R"({"version":1,"isolated":true,"limits":{"calls_max":)" + most +
                             R"(,"connections_max":)" + most +
                             R"(},"endpoints":[{"name":"bench","url":")" + base +
                             R"(","auth":"none","http":"1.1"}]})";
  holysheep_client* client = nullptr;
  holysheep_error error = HOLYSHEEP_ERROR_INIT;
  if (holysheep_client_open(config.data(), config.size(), &client, &error) != HOLYSHEEP_OK) {
    fail(error.message);
  }
  return client;
}

void take(holysheep_client* client, const holysheep_event& event, Stream& stream,
          streams::Meter& meter) {
  if (event.kind == HOLYSHEEP_EVENT_DATA) {
    if (!stream.open) {
      stream.open = true;
      meter.opened();
    }
    meter.chunk();
    stream.used_bytes += event.data_size;
    if (stream.used_bytes < kCreditBytes) return;
    holysheep_credit(client, event.request, stream.used_bytes);
    stream.used_bytes = 0;
  } else if (event.kind == HOLYSHEEP_EVENT_DONE) {
    if (!stream.open) meter.opened();
    // The engine takes "[DONE]" itself; the raw program counts it, so it counts here too.
    if (event.status == HOLYSHEEP_OK) meter.chunk();
    meter.ended(event.status == HOLYSHEEP_OK && stream.open);
    if (event.status != HOLYSHEEP_OK) std::fprintf(stderr, "%s\n", event.name);
  }
}

}  // namespace

int main(int count, char** values) {
  const streams::Arguments arguments = streams::read_arguments(count, values);
  holysheep_client* client = open_client(arguments);
  holysheep_queue* queue = nullptr;
  if (holysheep_queue_new(&queue) != HOLYSHEEP_OK) return 2;
  const std::string body = streams::request_body();
  holysheep_request request = HOLYSHEEP_REQUEST_INIT;
  request.stream = HOLYSHEEP_STREAM_EVENTS;
  request.body = body.data();
  request.body_size = body.size();

  std::vector<Stream> all(static_cast<std::size_t>(arguments.streams));
  streams::Meter meter(arguments.streams);
  long started = 0;
  while (!meter.done()) {
    while (started < arguments.streams && meter.opening(started) < streams::kOpeningMax) {
      request.user_data = static_cast<std::uint64_t>(started++);
      holysheep_request_id id = 0;
      holysheep_error error = HOLYSHEEP_ERROR_INIT;
      if (holysheep_submit(client, queue, &request, &id, &error) != HOLYSHEEP_OK) {
        fail(error.message);
      }
    }
    holysheep_batch* batch = nullptr;
    if (holysheep_queue_drain(queue, 0, -1, &batch) != HOLYSHEEP_OK) return 2;
    for (std::size_t i = 0; i < holysheep_batch_count(batch); ++i) {
      holysheep_event event = HOLYSHEEP_EVENT_INIT;
      holysheep_batch_event(batch, i, &event);
      if (event.kind == HOLYSHEEP_EVENT_LOG) continue;
      take(client, event, all[static_cast<std::size_t>(event.user_data)], meter);
    }
    holysheep_batch_free(batch);
  }
  _exit(meter.print("engine"));
}
