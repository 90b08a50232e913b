// Bodies of a 2xx against tests/vectors/bodies.json, in every way a body can arrive.
#include "core/body_check.h"

#include <simdjson.h>

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

namespace holysheep {
namespace {

struct Judged {
  std::string verdict;
  std::string rule;
  std::string model;
  std::string finish_reason;
  std::int64_t input = -1;
  std::int64_t output = -1;
  std::int64_t cached = -1;
  bool operator==(const Judged&) const = default;
};

// A copy of its own size: reading outside of it is seen by the sanitizer.
void feed(BodyCheck& check, std::string_view piece) {
  const std::vector<char> copy(piece.begin(), piece.end());
  check.feed({copy.data(), copy.size()});
}

Judged judge(const BodyCheck& check, const Outcome& outcome) {
  BodyFacts facts;
  const Classification found = check.finish(outcome, facts);
  return {std::string(name_of(found.verdict)),
          std::string(found.rule),
          facts.model,
          facts.finish_reason,
          facts.usage.input,
          facts.usage.output,
          facts.usage.cached};
}

std::int64_t number(simdjson::dom::element object, std::string_view name) {
  std::int64_t value = 0;
  return object[name].get(value) == simdjson::SUCCESS ? value : -1;
}

std::string text_of(simdjson::dom::element object, std::string_view name) {
  std::string_view value;
  return object[name].get(value) == simdjson::SUCCESS ? std::string(value) : std::string();
}

Judged expected_of(simdjson::dom::element vector, const Judged& whole) {
  const simdjson::dom::element facts = vector["facts"];
  Judged expected{text_of(vector, "verdict"),      text_of(vector, "rule"), text_of(facts, "model"),
                  text_of(facts, "finish_reason"), number(facts, "input"),  number(facts, "output"),
                  number(facts, "cached")};
  if (expected.verdict == "*" && whole.verdict != "ok") expected.verdict = whole.verdict;
  // The classifier's own rules are checked where it is.
  if (expected.rule.empty() && expected.verdict != "ok") expected.rule = whole.rule;
  return expected;
}

}  // namespace

TEST_CASE("bodies of a success are judged alike however they arrive", "[body_check]") {
  simdjson::dom::parser json;
  const simdjson::dom::element vectors = json.load(HOLYSHEEP_VECTORS "/bodies.json");
  for (const simdjson::dom::element vector : vectors["vectors"].get_array()) {
    INFO(vector["name"].get_string().value());
    const std::string body = text_of(vector, "body");
    const std::string_view path = vector["path"].get_string().value();
    const std::string_view method = path.starts_with("/models") ? "GET" : "POST";
    const Dialect& dialect = dialect_of(method, path);
    const Headers headers("Content-Type: " + text_of(vector, "content_type") + "\r\n");
    Outcome outcome;
    outcome.status = static_cast<int>(number(vector, "status"));
    outcome.headers = &headers;
    outcome.body = body;

    BodyCheck whole_check(dialect);
    feed(whole_check, body);
    const Judged whole = judge(whole_check, outcome);
    const Judged expected = expected_of(vector, whole);
    CHECK(whole.verdict == expected.verdict);
    CHECK(whole.model == expected.model);
    CHECK(whole == expected);

    for (std::size_t cut = 1; cut < body.size(); ++cut) {
      INFO("cut at " << cut);
      BodyCheck check(dialect);
      feed(check, std::string_view(body).substr(0, cut));
      feed(check, std::string_view(body).substr(cut));
      CHECK(judge(check, outcome) == expected);
    }
    BodyCheck check(dialect);
    for (const char& byte : body)
      feed(check, {&byte, 1});
    CHECK(judge(check, outcome) == expected);
  }
}

TEST_CASE("an error larger than what is kept of it still is one", "[body_check]") {
  const std::string body = "{\"error\":{\"message\":\"" + std::string(100'000, 'x') + "\"}}";
  Outcome outcome;
  outcome.status = 200;
  outcome.body = body;
  BodyFacts facts;
  CHECK(classify_success(outcome, dialect_of("POST", "/chat/completions"), facts).verdict !=
        Verdict::ok);
}

}  // namespace holysheep
