// How fast event streams are read on one core, with chat events of 100 bytes in chunks of 16 KiB
// (as libcurl gives them): framing alone, and reading in the chat dialect (content, finish_reason,
// error, usage); and how fast a whole body is checked. Prints one line of JSON. The best of several
// rounds counts: on a shared machine the others measure the neighbours.
#include "core/sse.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "core/body_scan.h"
#include "core/stream_reader.h"

namespace {

using namespace holysheep;

constexpr std::size_t kChunkBytes = 16 * 1024;
constexpr std::size_t kStreamBytes = 4 * 1024 * 1024;
constexpr std::size_t kEventBytes = 100;
constexpr std::size_t kEventBytesMax = 1024 * 1024;
constexpr int kRounds = 15;

// One event of exactly kEventBytes, with its blank line.
std::string chat_event() {
  const std::string head =
      "data: {\"id\":\"c1\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"";
  const std::string tail = "\"},\"finish_reason\":null}]}\n\n";
  return head + std::string(kEventBytes - head.size() - tail.size(), 'a') + tail;
}

// An event as OpenAI sends it.
std::string long_event() {
  return "data: "
         "{\"id\":\"chatcmpl-AbCdEfGhIjKlMnOpQrStUvWxYz012\",\"object\":\"chat.completion.chunk\","
         "\"created\":1721075651,\"model\":\"gpt-4o-mini-2024-07-18\",\"system_fingerprint\":"
         "\"fp_9b0abffe81\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\" Hello\"},"
         "\"logprobs\":null,\"finish_reason\":null}],\"usage\":null}\n\n";
}

std::string stream_of(const std::string& event) {
  std::string stream;
  while (stream.size() < kStreamBytes)
    stream += event;
  return stream;
}

template <typename Pass>
double best_bytes_per_s(std::size_t bytes, Pass pass) {
  double best = 0;
  for (int round = 0; round < kRounds; ++round) {
    const auto begin = std::chrono::steady_clock::now();
    pass();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    best = std::max(best, static_cast<double>(bytes) / took.count());
  }
  return best;
}

template <typename Take>
void each_chunk(std::string_view stream, Take take) {
  for (std::size_t at = 0; at < stream.size(); at += kChunkBytes) {
    take(stream.substr(at, kChunkBytes));
  }
}

double framing(const std::string& stream, std::size_t& count) {
  return best_bytes_per_s(stream.size(), [&] {
    SseParser parser(kEventBytesMax);
    each_chunk(stream, [&](std::string_view chunk) {
      parser.feed(chunk, [&](const SseEvent& event) {
        count += event.data.size();
        return true;
      });
    });
  });
}

double reading(const std::string& stream, std::size_t& count) {
  std::vector<StreamEvent> events;
  return best_bytes_per_s(stream.size(), [&] {
    StreamReader reader(dialect_of("POST", "/chat/completions"), kEventBytesMax, 1);
    each_chunk(stream, [&](std::string_view chunk) {
      events.clear();
      reader.feed(chunk, events);
      for (const StreamEvent& event : events)
        count += event.item == StreamItem::content;
    });
  });
}

double scanning(const std::string& body, std::size_t& count) {
  return best_bytes_per_s(body.size(), [&] {
    BodyScan scan;
    each_chunk(body, [&](std::string_view chunk) { scan.feed(chunk); });
    count += scan.whole();
  });
}

// A base64 image or a long text, and an embedding's numbers.
std::string string_body() {
  return "{\"data\":[{\"b64_json\":\"" + std::string(kStreamBytes, 'a') + "\"}]}";
}

std::string number_body() {
  std::string body = "{\"data\":[{\"embedding\":[0.1";
  while (body.size() < kStreamBytes)
    body += ",-0.012345678";
  return body + "]}]}";
}

}  // namespace

int main() {
  const std::string short_stream = stream_of(chat_event());
  const std::string long_stream = stream_of(long_event());
  std::size_t count = 0;
  const double framed = framing(short_stream, count);
  const double read = reading(short_stream, count);
  const double read_long = reading(long_stream, count);
  const double strings = scanning(string_body(), count);
  const double numbers = scanning(number_body(), count);
  if (count == 0) return 1;
  std::printf("{\"framing_gb_per_s\":%.2f,\"reading_mb_per_s\":%.0f,", framed / 1e9, read / 1e6);
  std::printf("\"reading_long_events_mb_per_s\":%.0f,", read_long / 1e6);
  std::printf("\"body_strings_gb_per_s\":%.2f,\"body_numbers_mb_per_s\":%.0f}\n", strings / 1e9,
              numbers / 1e6);
  return 0;
}
