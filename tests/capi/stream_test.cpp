// Streams that the caller has begun to read: order, credit, breaks, restarts.

#include <algorithm>
#include <string>
#include <tuple>

#include "fixture.h"

using namespace capi_test;

namespace {

const std::string kStream = chat("gpt-4.1", true);

}  // namespace

TEST_CASE("stream: events come in order, with their data untouched, and end in one DONE") {
  Mock mock(R"({"version":1,"endpoints":[{"name":"primary","default":{"tokens":50}}]})");
  Client client(mock.config());
  const Outcome outcome = client.call(kStream);
  REQUIRE(outcome.status == HOLYSHEEP_OK);
  REQUIRE(outcome.headers == 1);
  REQUIRE(outcome.dones == 1);
  REQUIRE(outcome.body.empty());
  REQUIRE(outcome.pieces.size() >= 50);
  for (const Piece& piece : outcome.pieces)
    REQUIRE(piece.data.find("[DONE]") == std::string::npos);
}

TEST_CASE("stream: bytes come exactly as they were sent, [DONE] included") {
  Mock mock(R"({"version":1,"endpoints":[{"name":"primary","default":{"events":
    ["{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}",
     "{\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}", "[DONE]"]}}]})");
  Client client(mock.config());
  holysheep_request request = Client::request(kStream);
  request.stream = HOLYSHEEP_STREAM_BYTES;
  const Outcome outcome = client.call(request);
  std::string bytes;
  for (const Piece& piece : outcome.pieces)
    bytes += piece.data;
  REQUIRE(outcome.status == HOLYSHEEP_OK);
  REQUIRE(bytes ==
          "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\n"
          "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
          "data: [DONE]\n\n");
}

TEST_CASE("stream: bytes of an unknown path need not be events, however long their lines are") {
  const std::string body(100'000, 'x');
  Mock mock(R"({"version":1,"endpoints":[{"name":"primary","default":{"body":")" + body +
            R"("}}]})");
  Client client(mock.config(R"(,"limits":{"event_bytes_max":65536})"));
  holysheep_request request = Client::request(kStream);
  request.path = "/audio/speech";
  request.stream = HOLYSHEEP_STREAM_BYTES;
  const Outcome outcome = client.call(request);
  INFO(outcome.meta << outcome.message);
  std::string bytes;
  for (const Piece& piece : outcome.pieces)
    bytes += piece.data;
  REQUIRE(outcome.status == HOLYSHEEP_OK);
  REQUIRE(bytes == body);
}

TEST_CASE("stream: a break after content is an error, never a success, and is not sent again") {
  const char* reply = GENERATE(R"({"tokens":20,"cut":{"at":"after_content","after_tokens":5}})",
                               R"({"tokens":20,"cut":{"at":"inside_event","after_tokens":5}})",
                               R"({"tokens":20,"in_band_error":{"after_tokens":5}})",
                               R"({"tokens":20,"in_band_error":{"after_tokens":5,"done":true}})",
                               R"({"tokens":20,"no_finish_reason":true})",
                               R"({"tokens":20,"no_finish_reason":true,"no_done":true})");
  INFO(reply);
  Mock mock(three(std::string(R"({"default":)") + reply + "}"));
  Client client(mock.config());
  const Outcome outcome = client.call(kStream);
  INFO(outcome.meta);
  REQUIRE(outcome.status == HOLYSHEEP_E_STREAM_INTERRUPTED);
  REQUIRE(!outcome.content().empty());
  REQUIRE(mock.count() == 1);
  REQUIRE((outcome.flags & HOLYSHEEP_FLAG_MAYBE_BILLED) != 0);
}

TEST_CASE("stream: once the finish reason has come, a cut or a missing [DONE] is a success") {
  const char* reply =
      GENERATE(R"({"tokens":3,"no_done":true})", R"({"tokens":3,"cut":"before_done"})");
  INFO(reply);
  Mock mock(three(std::string(R"({"default":)") + reply + "}"));
  Client client(mock.config());
  const Outcome outcome = client.call(kStream);
  INFO(outcome.meta);
  REQUIRE(outcome.status == HOLYSHEEP_OK);
  REQUIRE(outcome.endpoint() == "primary");
}

TEST_CASE("stream: after the end, two seconds of silence end it") {
  Mock mock(three(R"({"default":{"tokens":3,"stall":"before_done"}})"));
  Client client(mock.config());
  const auto id = client.submit(Client::request(kStream));
  while (client.of(id).pieces.size() < 4)
    REQUIRE(client.drain(kPatienceMs));
  REQUIRE(client.of(id).dones == 0);
  client.advance(2'100);
  REQUIRE(client.wait(id).status == HOLYSHEEP_OK);
}

TEST_CASE(
    "stream: silence between pieces is broken by idle, comments without content by progress") {
  struct Case {
    const char* reply;
    std::int64_t advance_ms;
    const char* limit;
  };
  const Case silent = GENERATE(
      Case{R"({"tokens":9,"stall":{"at":"after_content","after_tokens":4}})", 180'001, "idle"},
      // Comments come in each of the five steps that `progress` takes.
      Case{R"({"tokens":9,"comment_ms":20000,"stall":{"at":"after_content","after_tokens":4}})",
           60'001, "progress"});
  INFO(silent.limit);
  Mock mock(three(std::string(R"({"default":)") + silent.reply + "}"));
  Client client(mock.config());
  const auto id = client.submit(Client::request(kStream));
  while (client.of(id).content().empty())
    REQUIRE(client.drain(kPatienceMs));
  while (client.of(id).dones == 0) {
    client.advance(silent.advance_ms);
    client.drain(100);
  }
  const Outcome outcome = client.wait(id);
  REQUIRE(outcome.status == HOLYSHEEP_E_STREAM_INTERRUPTED);
  REQUIRE(Json(outcome.meta).text("/error/time_limit") == silent.limit);
}

TEST_CASE("stream: restart begins again elsewhere and tells the reader to drop what it had") {
  Mock mock(three(R"({"default":{"tokens":20,"cut":{"at":"after_content","after_tokens":5}}})"));
  Client client(mock.config(R"(,"stream_recovery":"restart")"));
  const Outcome outcome = client.call(kStream);
  INFO(outcome.meta);
  REQUIRE(outcome.status == HOLYSHEEP_OK);
  REQUIRE(outcome.restarts == 1);
  REQUIRE(outcome.content() == "Hello from backup-1.");
}

TEST_CASE("stream: the blocking call survives a restart that nothing follows at once") {
  Mock mock(three(R"({"default":{"tokens":10,"token_ms":1,"cut":{"at":"inside_event",)"
                  R"("after_tokens":3}}})",
                  R"({"default":{"latency_ms":100}})"));
  Client client(mock.config());
  const holysheep_request request =
      Client::request(kStream, R"({"stream_recovery":"restart","allow":["primary","backup-1"]})");
  holysheep_batch* batch = nullptr;
  REQUIRE(holysheep_call(client.get(), &request, &batch, nullptr) == HOLYSHEEP_OK);
  holysheep_event done = HOLYSHEEP_EVENT_INIT;
  holysheep_batch_event(batch, holysheep_batch_count(batch) - 1, &done);
  REQUIRE(done.kind == HOLYSHEEP_EVENT_DONE);
  REQUIRE(done.attempts == 2);
  holysheep_batch_free(batch);
}

TEST_CASE("stream: restart never follows a tool call that was delivered whole") {
  Mock mock(three(R"({"default":{"events":[
    "{\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]}}]}",
    "{\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"tool_calls\"}]}"],
    "cut":"before_done"}})"));
  Client client(mock.config(R"(,"stream_recovery":"restart")"));
  std::string body = kStream;
  body.insert(1, R"("n":2,)");
  const Outcome outcome = client.call(body);
  INFO(outcome.meta);
  REQUIRE(outcome.status == HOLYSHEEP_E_STREAM_INTERRUPTED);
  REQUIRE(mock.count() == 1);
}

TEST_CASE("stream: buffer delivers nothing until the answer is whole") {
  Mock mock(three(R"({"default":{"tokens":20,"cut":{"at":"after_content","after_tokens":5}}})"));
  Client client(mock.config(R"(,"stream_recovery":"buffer")"));
  const Outcome outcome = client.call(kStream);
  INFO(outcome.meta);
  REQUIRE(outcome.status == HOLYSHEEP_OK);
  REQUIRE(outcome.restarts == 0);
  REQUIRE(outcome.content() == "Hello from backup-1.");
}

TEST_CASE("stream: usage that only the engine asked for is not delivered, but known") {
  Mock mock(three("{}"));
  Client client(mock.config());
  const Outcome outcome = client.call(kStream, R"({"include_usage":true})");
  INFO(outcome.meta);
  REQUIRE(outcome.status == HOLYSHEEP_OK);
  for (const Piece& piece : outcome.pieces) {
    REQUIRE(piece.data.find("\"usage\":{") == std::string::npos);
  }
  REQUIRE(Json(outcome.meta).number("/usage/output") > 0);
}

TEST_CASE("stream: a server that does not know stream_options is asked without ours") {
  Mock mock(three(
      R"({"replies":[{"status":400,"body":{"error":{"message":"Unrecognized request argument supplied: stream_options","type":"invalid_request_error"}}}]})"));
  Client client(mock.config(R"(,"retry":{"max_attempts":1})"));
  const Outcome outcome = client.call(kStream, R"({"include_usage":true})");
  INFO(outcome.meta);
  REQUIRE(outcome.status == HOLYSHEEP_OK);
  REQUIRE(outcome.route() == "primary:invalid_request,primary:ok");
  const Outcome own = client.call(
      R"({"model":"m","stream":true,"stream_options":{"include_usage":true},"messages":[]})");
  REQUIRE(own.status == HOLYSHEEP_OK);
}

TEST_CASE("stream: a reader that gives nothing back stops its own stream only") {
  Mock mock(R"({"version":1,"endpoints":[{"name":"primary","default":{"tokens":40000}}]})");
  Client client(mock.config(R"(,"stream_credit_bytes":65536)"));
  const auto slow = client.submit(Client::request(kStream));
  // Nothing is given back: the stream stops near its credit.
  while (client.of(slow).pieces.empty())
    REQUIRE(client.drain(kPatienceMs, false));
  while (client.drain(1'000, false)) {
  }
  REQUIRE(client.of(slow).dones == 0);
  std::size_t delivered = 0;
  for (const Piece& piece : client.of(slow).pieces)
    delivered += piece.data.size();
  REQUIRE(delivered >= 65'536);
  REQUIRE(delivered < 4 * 65'536);
  // Others flow, and time stands still for the one that is held.
  mock.set("primary", R"({"default":{"tokens":3}})");
  REQUIRE(client.call(kStream).status == HOLYSHEEP_OK);
  client.advance(400'000);
  REQUIRE(client.call().status == HOLYSHEEP_OK);
  REQUIRE(client.of(slow).dones == 0);
  holysheep_credit(client.get(), slow, delivered);
  const Outcome outcome = client.wait(slow);
  INFO(outcome.message);
  REQUIRE(outcome.status == HOLYSHEEP_OK);
  REQUIRE(outcome.pieces.size() > 40'000);
}

TEST_CASE("stream: above buffered_bytes_max the stream that is furthest behind gives way") {
  Mock mock(R"({"version":1,"endpoints":[{"name":"primary","default":{"tokens":40000}}]})");
  Client client(
      mock.config(R"(,"stream_credit_bytes":65536,"limits":{"buffered_bytes_max":400000})"));
  const auto delivered = [&](holysheep_request_id id) {
    std::size_t bytes = 0;
    for (const Piece& piece : client.of(id).pieces)
      bytes += piece.data.size();
    return bytes;
  };
  const auto some_ended = [&](const std::vector<holysheep_request_id>& ids) {
    return std::any_of(ids.begin(), ids.end(), [&](auto id) { return client.of(id).dones > 0; });
  };
  // Each stops at its credit; nobody reads on. The first one's events are so large that it gets
  // furthest ahead of its reader.
  const std::string large = R"("{\"choices\":[{\"index\":0,\"delta\":{\"content\":\")" +
                            std::string(180'000, 'x') + R"(\"}}]}")";
  mock.set("primary",
           R"({"default":{"events":[)" + large + "," + large + "," + large + "," + large + "]}}");
  std::vector<holysheep_request_id> held{client.submit(Client::request(kStream))};
  while (delivered(held[0]) < 180'000)
    REQUIRE(client.drain(kPatienceMs, false));
  mock.set("primary", R"({"default":{"tokens":40000}})");
  while (held.size() < 64 && !some_ended(held)) {
    held.push_back(client.submit(Client::request(kStream)));
    while (delivered(held.back()) < 65'536 && !some_ended(held))
      REQUIRE(client.drain(kPatienceMs, false));
  }
  REQUIRE(held.size() >= 3);
  const Outcome furthest = client.wait(held[0]);
  REQUIRE(furthest.status == HOLYSHEEP_E_LIMIT);
  REQUIRE(furthest.message.find("limits.buffered_bytes_max") != std::string::npos);
  REQUIRE(client.status_of(0) == "healthy");
  // The others live: their readers go on and get everything.
  for (std::size_t i = 1; i < held.size(); ++i) {
    const auto id = held[i];
    holysheep_credit(client.get(), id, delivered(id));
    const Outcome outcome = client.wait(id);
    INFO(outcome.message);
    REQUIRE(outcome.status == HOLYSHEEP_OK);
    REQUIRE(outcome.pieces.size() > 40'000);
  }
}

TEST_CASE("stream: what comes before any content has a limit") {
  std::string events = R"({"default":{"events":[)";
  for (int i = 0; i < 40; ++i) {
    events += R"("{\"choices\":[{\"index\":0,\"delta\":{}}],\"x\":\")" + std::string(1'000, 'x') +
              R"(\"}",)";
  }
  events += R"("{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"},)"
            R"(\"finish_reason\":\"stop\"}]}"]}})";
  Mock mock(three(events));
  Client client(mock.config(R"(,"limits":{"held_bytes_max":16384})"));
  const Outcome outcome = client.call(kStream);
  INFO(outcome.meta);
  REQUIRE(outcome.status == HOLYSHEEP_OK);
  REQUIRE(outcome.endpoint() == "backup-1");
  REQUIRE(Json(outcome.meta).text("/trace/0/rule") == "limits.held_bytes_max");
}

TEST_CASE("stream: the responses and messages dialects end by their own events") {
  const auto [path, fault] = GENERATE(
      std::pair<const char*, const char*>{"/responses",
                                          R"({"default":{"in_band_error":{"after_tokens":0}}})"},
      std::pair<const char*, const char*>{"/messages", R"({"default":{"cut":"after_headers"}})"});
  INFO(path);
  Mock mock(three(fault));
  Client client(mock.config());
  holysheep_request request = Client::request(kStream);
  request.path = path;
  const Outcome outcome = client.call(request);
  INFO(outcome.meta << outcome.message);
  REQUIRE(outcome.status == HOLYSHEEP_OK);
  REQUIRE(outcome.endpoint() == "backup-1");
  REQUIRE(!outcome.pieces.empty());
  REQUIRE(!outcome.pieces.back().name.empty());
}

TEST_CASE("stream: restart drops nothing when nobody can begin again") {
  Mock mock(R"({"version":1,"endpoints":[{"name":"primary",)"
            R"("default":{"tokens":20,"cut":{"at":"after_content","after_tokens":5}}}]})");
  Client client(mock.config(R"(,"stream_recovery":"restart")"));
  const Outcome outcome = client.call(kStream, R"({"retry":{"max_attempts":1}})");
  REQUIRE(outcome.status == HOLYSHEEP_E_STREAM_INTERRUPTED);
  REQUIRE(outcome.restarts == 0);
  REQUIRE_FALSE(outcome.content().empty());
  REQUIRE(outcome.message.starts_with("the stream broke after content had been delivered"));
}

TEST_CASE("stream: an answer in buffer mode may be as large as one that is not streamed") {
  Mock mock(R"({"version":1,"endpoints":[{"name":"primary","default":{"tokens":200}}]})");
  Client client(mock.config(R"(,"stream_recovery":"buffer","limits":{"held_bytes_max":4096})"));
  const Outcome outcome = client.call(kStream);
  INFO(outcome.message);
  REQUIRE(outcome.status == HOLYSHEEP_OK);
  REQUIRE(outcome.pieces.size() >= 200);
}

TEST_CASE(
    "stream: what is too large for the client is no fault of an endpoint, and asked for once") {
  const auto [stream, limits, name] = GENERATE(
      std::tuple<bool, const char*, const char*>{
          true, R"(,"stream_recovery":"buffer","limits":{"body_bytes_max":8192})",
          "limits.body_bytes_max"},
      std::tuple<bool, const char*, const char*>{false, R"(,"limits":{"body_bytes_max":1024})",
                                                 "limits.body_bytes_max"});
  Mock mock(three(R"({"default":{"tokens":2000}})", R"({"default":{"tokens":2000}})"));
  Client client(mock.config(limits));
  const Outcome outcome = client.call(chat("gpt-4.1", stream));
  INFO(outcome.message << outcome.meta);
  REQUIRE(outcome.status == HOLYSHEEP_E_LIMIT);
  REQUIRE(outcome.message.starts_with(name));
  REQUIRE(mock.count() == 1);
  REQUIRE(client.status_of(0) == "healthy");
}

TEST_CASE("stream: an answer that came in one piece is one chunk of the stream") {
  Mock mock(three(R"({"default":{"stream":false,"text":"Hello"}})"));
  Client client(mock.config());
  const Outcome outcome = client.call(kStream);
  INFO(outcome.message << outcome.meta);
  REQUIRE(outcome.status == HOLYSHEEP_OK);
  REQUIRE(outcome.pieces.size() == 1);
  REQUIRE(outcome.content() == "Hello");
  REQUIRE(Json(outcome.pieces[0].data).text("/object") == "chat.completion.chunk");
}
