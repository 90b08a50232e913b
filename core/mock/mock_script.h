// A mock pool's script as values: what each endpoint answers, when, and how it breaks. MOCK.md is
// its manual. Plain data, immutable once read.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/duration.h"
#include "core/result.h"

namespace holysheep {

// Fixed (min == max) or uniform between the two.
struct MockDelay {
  Nanos min = 0;
  Nanos max = 0;
};

// Where in an answer something happens.
enum class MockPlace : std::uint8_t {
  none,
  before_headers,
  inside_headers,
  after_headers,
  inside_body,
  inside_event,
  after_content,
  before_done,
};

// What becomes of the connection at the end of an answer, or where it is stopped.
enum class MockEnding : std::uint8_t {
  keep,           // keep-alive, as HTTP says
  close,          // closed silently, though the answer promised keep-alive
  close_on_next,  // closed, unread, when the next request begins to arrive
  fin,            // stopped: closed in order
  reset,          // stopped: RST
  hang,           // stopped: open and silent for ever
};

enum class MockFraming : std::uint8_t { automatic, chunked, length, close };

// Stops an answer at a place.
struct MockStop {
  MockPlace place = MockPlace::none;
  MockEnding ending = MockEnding::fin;
  std::int64_t after_tokens = -1;  // for inside_event and after_content; -1: half or all of them
};

struct MockInBandError {
  std::int64_t after_tokens = 0;
  std::string body;   // JSON of the event; "": as the API says it
  bool done = false;  // [DONE] still follows
};

struct MockReply {
  int status = 200;
  // A value that is absent takes a header away that the mock would have sent.
  std::vector<std::pair<std::string, std::optional<std::string>>> headers;
  std::optional<std::string> body;   // as it is; absent: made to fit the request
  std::string content_type;          // of `body`
  std::string text;                  // what the model says; "": says hello from the endpoint
  std::int64_t tokens = -1;          // that many words instead of `text`
  std::string finish_reason;         // "": "stop" or what the dialect calls it
  std::string model;                 // as served; "": as asked
  std::vector<std::string> events;   // a stream's data lines as they are, instead of the made ones
  std::optional<std::string> usage;  // JSON instead of the counted one; "null": none
  std::optional<std::string> garbage;  // bytes instead of an HTTP answer
  MockDelay latency;                   // from the whole request to the first byte
  MockDelay first_token;               // of a stream: from the headers to the first content
  MockDelay token;                     // of a stream: between pieces of content
  Nanos drip = 0;                      // between single bytes
  Nanos comment = 0;  // keep-alive comments while a stream waits for its first content
  MockStop stop;
  std::optional<MockInBandError> in_band_error;
  MockEnding ending = MockEnding::keep;
  MockFraming framing = MockFraming::automatic;
  bool gzip = false;
  bool no_done = false;
  bool no_finish_reason = false;
  std::optional<bool> stream;  // absent: as the request asks
  std::int64_t times = 1;      // of a list: how often in a row
};

enum class MockFamily : std::uint8_t {
  openai,
  azure,
  anthropic,
  gemini,
  groq,
  mistral,
  openrouter,
  deepseek,
  document,
};

// 0: no such limit.
struct MockLimits {
  std::int64_t rpm = 0;
  std::int64_t tpm = 0;
  std::int64_t rpd = 0;
  std::int64_t tpd = 0;
  std::int64_t concurrency = 0;
  std::int64_t tokens_per_request = 0;  // counted for each request; 0: estimated from it
  bool window = false;                  // fixed windows, else buckets that refill continuously
  bool per_endpoint = false;            // else per key and model
  std::string group;                    // endpoints that share a group share its limits
  bool any() const { return rpm > 0 || tpm > 0 || rpd > 0 || tpd > 0 || concurrency > 0; }
};

// What follows when `replies` is used up.
enum class MockThen : std::uint8_t { ok, repeat, last };

struct MockEndpointScript {
  std::string name;
  std::string host = "127.0.0.1";
  int port = 0;  // 0: any
  bool tls = false;
  bool refuse = false;              // connection refused
  bool half_open = false;           // accepts, then neither reads nor answers
  std::string key;                  // expected; "": any
  std::vector<std::string> models;  // served; empty: any
  MockFamily family = MockFamily::openai;
  std::vector<std::shared_ptr<const MockReply>> replies;
  MockThen then = MockThen::ok;
  std::shared_ptr<const MockReply> healthy;  // `default`
  std::shared_ptr<const MockReply> fail;
  double fail_rate = 0;
  MockLimits limits;
};

struct MockScript {
  std::uint64_t seed = 1;
  bool record = true;
  std::int64_t record_max = 0;
  std::int64_t record_body_bytes_max = 0;
  std::vector<MockEndpointScript> endpoints;
};

// Errors are Status::config and name the JSON path. An empty text is one healthy endpoint.
Result<MockScript> read_mock_script(std::string_view text);
// One element of "endpoints", without its name, for an endpoint that runs: `host`, `port` and `tls`
// stay as they are in `running`.
Result<MockEndpointScript> read_mock_endpoint(std::string_view text,
                                              const MockEndpointScript& running);

}  // namespace holysheep
