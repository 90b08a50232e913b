// Streams by dialect against tests/vectors/streams.json, in every way a stream can be cut.
#include "core/stream_reader.h"

#include <simdjson.h>

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

namespace holysheep {
namespace {

constexpr std::size_t kEventBytesMax = 1 << 20;

struct Seen {
  std::vector<std::string> items;
  std::vector<std::int64_t> tool_calls;
  std::vector<std::string> data;
};

void feed(StreamReader& reader, std::string_view chunk, Seen& seen) {
  const std::vector<char> copy(chunk.begin(), chunk.end());
  std::vector<StreamEvent> events;
  reader.feed({copy.data(), copy.size()}, events);
  for (const StreamEvent& event : events) {
    CHECK(event.end <= copy.size());
    if (event.tool_call_complete) {
      seen.tool_calls.push_back(static_cast<std::int64_t>(seen.items.size()));
    }
    seen.items.emplace_back(name_of(event.item));
    seen.data.push_back(std::string(event.name) + "|" + std::string(event.data));
  }
}

std::int64_t number(simdjson::dom::element object, std::string_view name, std::int64_t fallback) {
  std::int64_t value = 0;
  return object[name].get(value) == simdjson::SUCCESS ? value : fallback;
}

std::string text_of(simdjson::dom::element object, std::string_view name) {
  std::string_view value;
  return object[name].get(value) == simdjson::SUCCESS ? std::string(value) : std::string();
}

void check_facts(const BodyFacts& facts, simdjson::dom::element expected) {
  CHECK(facts.model == text_of(expected, "model"));
  CHECK(facts.finish_reason == text_of(expected, "finish_reason"));
  CHECK(facts.usage.input == number(expected, "input", -1));
  CHECK(facts.usage.output == number(expected, "output", -1));
  CHECK(facts.usage.cached == number(expected, "cached", -1));
}

void check(const StreamReader& reader, const Seen& seen, simdjson::dom::element vector) {
  std::vector<std::string> items;
  for (const simdjson::dom::element item : vector["items"].get_array()) {
    items.emplace_back(item.get_string().value());
  }
  std::vector<std::int64_t> tool_calls;
  simdjson::dom::array complete;
  if (vector["tool_call_complete"].get(complete) == simdjson::SUCCESS) {
    for (const simdjson::dom::element index : complete) {
      tool_calls.push_back(index.get_int64().value());
    }
  }
  CHECK(seen.items == items);
  CHECK(seen.tool_calls == tool_calls);
  CHECK(reader.ended() == vector["ended"].get_bool().value());
  CHECK(reader.done_seen() == vector["done"].get_bool().value());
  CHECK(reader.content_seen() == vector["content_seen"].get_bool().value());
  CHECK(reader.error_seen() == vector["error_seen"].get_bool().value());
  CHECK(!reader.fault().empty() == vector["fault"].get_bool().value());
  check_facts(reader.facts(), vector["facts"]);
}

}  // namespace

TEST_CASE("streams are read by their dialect however they are cut", "[stream_reader]") {
  simdjson::dom::parser json;
  const simdjson::dom::element vectors = json.load(HOLYSHEEP_VECTORS "/streams.json");
  for (const simdjson::dom::element vector : vectors["vectors"].get_array()) {
    INFO(vector["name"].get_string().value());
    std::string text;
    for (const simdjson::dom::element piece : vector["stream"].get_array()) {
      text += piece.get_string().value();
    }
    const std::string_view path = vector["path"].get_string().value();
    const std::string_view method = path.starts_with("/models") ? "GET" : "POST";
    const Dialect& dialect = dialect_of(method, path);
    const int choices = static_cast<int>(number(vector, "choices", 1));

    StreamReader whole_reader(dialect, kEventBytesMax, choices);
    Seen whole;
    feed(whole_reader, text, whole);
    check(whole_reader, whole, vector);

    for (std::size_t cut = 1; cut < text.size(); ++cut) {
      INFO("cut at " << cut);
      StreamReader reader(dialect, kEventBytesMax, choices);
      Seen seen;
      feed(reader, std::string_view(text).substr(0, cut), seen);
      feed(reader, std::string_view(text).substr(cut), seen);
      check(reader, seen, vector);
      CHECK(seen.data == whole.data);
    }

    StreamReader reader(dialect, kEventBytesMax, choices);
    Seen seen;
    for (std::size_t at = 0; at < text.size(); ++at) {
      feed(reader, std::string_view(text).substr(at, 1), seen);
    }
    check(reader, seen, vector);
    CHECK(seen.data == whole.data);
  }
}

TEST_CASE("an event above the limit is a fault that leaves earlier events valid",
          "[stream_reader]") {
  StreamReader reader(dialect_of("POST", "/chat/completions"), 100, 1);
  std::vector<StreamEvent> events;
  const std::string chunk =
      "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\ndata: " + std::string(200, 'x');
  reader.feed(chunk, events);
  REQUIRE(events.size() == 1);
  CHECK(events[0].item == StreamItem::content);
  CHECK_FALSE(reader.fault().empty());
}

TEST_CASE("views of several joined events in one feed stay valid", "[stream_reader]") {
  StreamReader reader(dialect_of("POST", "/unknown"), 1000, 1);
  std::vector<StreamEvent> events;
  reader.feed("data: a\ndata: b\n\ndata: c\ndata: d\n\ndata: e\n\n", events);
  REQUIRE(events.size() == 3);
  CHECK(events[0].data == "a\nb");
  CHECK(events[1].data == "c\nd");
  CHECK(events[2].data == "e");
}

}  // namespace holysheep
