// The event-stream parser against tests/vectors/sse.json, in every way a stream can be cut.
#include "core/sse.h"

#include <simdjson.h>

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

namespace holysheep {
namespace {

struct Framed {
  std::string name;
  std::string data;
  bool bare = false;
  bool operator==(const Framed&) const = default;
};

struct Outcome {
  std::vector<Framed> events;
  bool too_large = false;
  bool inside_event = false;
  std::size_t comments = 0;
  std::string last_id;
  std::int64_t retry_ms = -1;
  bool operator==(const Outcome&) const = default;
};

// Each chunk is copied into a block of its own size: reading outside of it is seen by the
// sanitizer, and so is a view that outlives it.
void feed(SseParser& parser, std::string_view chunk, std::vector<Framed>& events) {
  const std::vector<char> copy(chunk.begin(), chunk.end());
  std::size_t end = 0;
  parser.feed({copy.data(), copy.size()}, [&](const SseEvent& event) {
    CHECK(event.end > end);
    CHECK(event.end <= copy.size());
    end = event.end;
    events.push_back({std::string(event.name), std::string(event.data), event.bare});
    return true;
  });
}

Outcome outcome_of(const SseParser& parser, std::vector<Framed> events) {
  Outcome outcome;
  outcome.events = std::move(events);
  outcome.too_large = parser.too_large();
  if (outcome.too_large) return outcome;
  outcome.inside_event = parser.inside_event();
  outcome.comments = parser.comments();
  outcome.last_id = parser.last_id();
  outcome.retry_ms = parser.retry_ms();
  return outcome;
}

Outcome parse(std::string_view text, std::size_t limit, std::size_t cut) {
  SseParser parser(limit);
  std::vector<Framed> events;
  feed(parser, text.substr(0, cut), events);
  feed(parser, text.substr(cut), events);
  return outcome_of(parser, std::move(events));
}

Outcome parse_bytes(std::string_view text, std::size_t limit) {
  SseParser parser(limit);
  std::vector<Framed> events;
  for (std::size_t at = 0; at < text.size(); ++at)
    feed(parser, text.substr(at, 1), events);
  return outcome_of(parser, std::move(events));
}

bool flag(simdjson::dom::element vector, std::string_view name) {
  bool value = false;
  return vector[name].get(value) == simdjson::SUCCESS && value;
}

std::int64_t number(simdjson::dom::element vector, std::string_view name, std::int64_t fallback) {
  std::int64_t value = 0;
  return vector[name].get(value) == simdjson::SUCCESS ? value : fallback;
}

Outcome expected_of(simdjson::dom::element vector) {
  Outcome outcome;
  simdjson::dom::array bare;
  const bool has_bare = vector["bare"].get(bare) == simdjson::SUCCESS;
  std::size_t index = 0;
  for (const simdjson::dom::element event : vector["events"].get_array()) {
    Framed framed;
    framed.name = std::string(event["name"].get_string().value());
    framed.data = std::string(event["data"].get_string().value());
    framed.bare = has_bare && bare.at(index).get_bool().value();
    outcome.events.push_back(framed);
    ++index;
  }
  outcome.too_large = flag(vector, "too_large");
  if (outcome.too_large) return outcome;
  outcome.inside_event = flag(vector, "inside_event");
  outcome.comments = static_cast<std::size_t>(number(vector, "comments", 0));
  std::string_view last_id;
  if (vector["last_id"].get(last_id) == simdjson::SUCCESS) outcome.last_id = last_id;
  outcome.retry_ms = number(vector, "retry_ms", -1);
  return outcome;
}

}  // namespace

TEST_CASE("event streams are framed alike however they are cut", "[sse]") {
  simdjson::dom::parser json;
  const simdjson::dom::element vectors = json.load(HOLYSHEEP_VECTORS "/sse.json");
  for (const simdjson::dom::element vector : vectors["vectors"].get_array()) {
    INFO(vector["name"].get_string().value());
    const std::string text(vector["text"].get_string().value());
    const auto limit = static_cast<std::size_t>(number(vector, "event_bytes_max", 1 << 20));
    const Outcome expected = expected_of(vector);
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
      INFO("cut at " << cut);
      CHECK(parse(text, limit, cut) == expected);
    }
    CHECK(parse_bytes(text, limit) == expected);
  }
}

TEST_CASE("an event inside one chunk is not copied", "[sse]") {
  SseParser parser(1024);
  const std::string chunk = "data: first\n\nevent: two\ndata: second\n\n";
  int inside = 0;
  parser.feed(chunk, [&](const SseEvent& event) {
    inside += event.data.data() >= chunk.data() && event.data.data() < chunk.data() + chunk.size();
    return true;
  });
  CHECK(inside == 2);
}

TEST_CASE("a sink that says false stops the parser for good", "[sse]") {
  SseParser parser(1024);
  int events = 0;
  const auto sink = [&](const SseEvent&) {
    ++events;
    return false;
  };
  CHECK_FALSE(parser.feed("data: 1\n\ndata: 2\n\n", sink));
  CHECK_FALSE(parser.feed("data: 3\n\n", sink));
  CHECK(events == 1);
  CHECK_FALSE(parser.too_large());
}

TEST_CASE("a parser may be moved inside an event", "[sse]") {
  SseParser first(1024);
  const auto refuse = [](const SseEvent&) { return false; };
  CHECK(first.feed("event: n\ndata: a\ndata: b", refuse));
  SseParser second = std::move(first);
  std::string seen;
  second.feed("c\n\n", [&](const SseEvent& event) {
    seen = std::string(event.name) + ":" + std::string(event.data);
    return true;
  });
  CHECK(seen == "n:a\nbc");
}

}  // namespace holysheep
