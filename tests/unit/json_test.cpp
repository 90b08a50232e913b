#include "core/json.h"

#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "core/json_scan.h"

using namespace holysheep;

namespace {

JsonDocument parse(std::string_view text) {
  auto document = JsonDocument::parse(text, "test", Status::config);
  REQUIRE(document.ok());
  return std::move(document).value();
}

std::string fault_of(std::string_view text) {
  const auto fault = scan_json(text);
  return fault ? describe_fault(text, *fault) : "valid";
}

}  // namespace

TEST_CASE("the writer puts commas, nests and escapes") {
  JsonWriter json;
  json.begin_object();
  json.member("a", 1).member("b", "x\"\\\n\x01").member("c", true).key("d").null();
  json.key("e").begin_array().value(1.5).value(std::int64_t{-2}).begin_object().end_object();
  json.end_array().key("f").raw("[1]").member("g", std::string("t")).member("h", std::size_t{7});
  json.end_object();
  CHECK(json.text() ==
        "{\"a\":1,\"b\":\"x\\\"\\\\\\n\\u0001\",\"c\":true,\"d\":null,\"e\":[1.5,-2,{}],\"f\":[1],"
        "\"g\":\"t\",\"h\":7}");
}

TEST_CASE("the writer mends what is not UTF-8 and writes no NaN") {
  CHECK(JsonWriter().value(std::string_view("a\xff\xc3(\xe2\x82\xac")).text() ==
        "\"a\xef\xbf\xbd\xef\xbf\xbd(\xe2\x82\xac\"");
  CHECK(JsonWriter().value(std::nan("")).text() == "null");
  CHECK(JsonWriter().value(std::numeric_limits<double>::infinity()).text() == "null");
}

TEST_CASE("values are read leniently, with a fallback for another type") {
  const JsonDocument document =
      parse(R"({"s":"text","i":-3,"u":18446744073709551615,"d":2.5,"b":true,"n":null,"a":[1,"x"],)"
            R"("o":{"k":1}})");
  const JsonValue root = document.root();
  CHECK(root.is_object());
  CHECK(root.member("s").string_or("") == "text");
  CHECK(root.member("i").integer_or(0) == -3);
  CHECK(root.member("i").number_or(0) == -3.0);
  CHECK(root.member("u").kind() == JsonValue::Kind::number);
  CHECK(root.member("u").integer_or(7) == 7);
  CHECK(root.member("d").number_or(0) == 2.5);
  CHECK(root.member("d").integer_or(9) == 9);
  CHECK(root.member("b").boolean_or(false));
  CHECK(root.member("n").exists());
  CHECK(root.member("n").kind() == JsonValue::Kind::null);
  CHECK_FALSE(root.member("none").exists());
  CHECK(root.member("none").member("deeper").string_or("fallback") == "fallback");
  CHECK(root.member("s").integer_or(5) == 5);
  CHECK(root.member("a").size() == 2);
  CHECK(root.member("a").elements()[1].string_or("") == "x");
  CHECK(root.member("o").members()[0].first == "k");
  CHECK(root.member("o").dump() == R"({"k":1})");
  CHECK(JsonValue().dump() == "null");
}

TEST_CASE("a value knows its path") {
  const JsonDocument document =
      parse(R"({"endpoints":[{"url":"u"},{"labels":{"a b":[[],{"deep":1}]}}],"x":{}})");
  const JsonValue root = document.root();
  CHECK(root.path().empty());
  CHECK(root.member("x").path() == "x");
  const JsonValue second = root.member("endpoints").elements()[1];
  CHECK(second.path() == "endpoints[1]");
  CHECK(root.member("endpoints").elements()[0].member("url").path() == "endpoints[0].url");
  const JsonValue deep = second.member("labels").member("a b").elements()[1].member("deep");
  CHECK(deep.path() == "endpoints[1].labels[\"a b\"][1].deep");
}

TEST_CASE("a syntax error says line, column and what was expected, and quotes nothing") {
  const auto document = JsonDocument::parse("{\n  \"api_key\": \"sk-secret\" \"x\"\n}",
                                            "configuration", Status::config);
  REQUIRE_FALSE(document.ok());
  CHECK(document.error().status == Status::config);
  CHECK(document.error().message ==
        "configuration: not valid JSON: line 2, column 26: expected a comma or '}'");
}

TEST_CASE("a byte order mark is skipped") {
  CHECK(parse("\xef\xbb\xbf{\"a\":1}").root().member("a").integer_or(0) == 1);
}

TEST_CASE("the scanner finds each kind of fault where it is") {
  struct Row {
    std::string text;
    std::string fault;
  };
  const std::vector<Row> rows = {
      {"{}", "valid"},
      {" [1, -0.5e+3, \"a\\u00e9\\n\", true, false, null, {\"a\":{}}, []] ", "valid"},
      {"", "line 1, column 1: expected a JSON value"},
      {"{", "line 1, column 2: expected a name in quotes or '}'"},
      {"{\"a\" 1}", "line 1, column 6: expected a colon"},
      {"{\"a\":1,}", "line 1, column 8: expected a name in quotes"},
      {"[1,]", "line 1, column 4: expected a JSON value"},
      {"[1 2]", "line 1, column 4: expected a comma or ']'"},
      {"{'a':1}", "line 1, column 2: expected a name in quotes or '}'"},
      {"[01]", "line 1, column 3: expected a number without a leading zero"},
      {"[1.]", "line 1, column 4: expected a digit"},
      {"[tru]", "line 1, column 2: expected a JSON value"},
      {"\"a", "line 1, column 3: expected the closing quote of a string"},
      {"\"a\nb\"", "line 1, column 3: expected an escaped control character"},
      {"\"\\x\"", "line 1, column 2: expected an escape that JSON knows"},
      {"\"\\u12g4\"", "line 1, column 2: expected four hexadecimal digits after \\u"},
      {"{} {}", "line 1, column 4: expected the end of the text"},
      {"\n\n[\"abc\xff\"]", "line 3, column 6: expected UTF-8"},
  };
  for (const Row& row : rows) {
    INFO(row.text);
    CHECK(fault_of(row.text) == row.fault);
  }
  CHECK(fault_of(std::string(2000, '[')).find("less nesting") != std::string::npos);
}

TEST_CASE("the scanner shows the top-level members and where their values stand") {
  const std::string text =
      R"({ "model" : "gpt-4.1" , "messages":[{"model":"inner"}],"m\u006fdel2":{"a":[]},"n":3 })";
  std::vector<std::pair<std::string, std::string>> seen;
  REQUIRE_FALSE(scan_json(text, [&](std::string_view name, JsonSpan span) {
    CHECK(span.found);
    seen.emplace_back(name, text.substr(span.begin, span.end - span.begin));
  }));
  const std::vector<std::pair<std::string, std::string>> expected = {
      {"model", "\"gpt-4.1\""},
      {"messages", R"([{"model":"inner"}])"},
      {"model2", R"({"a":[]})"},
      {"n", "3"}};
  CHECK(seen == expected);
}

TEST_CASE("members of an array at the top are not shown") {
  int count = 0;
  REQUIRE_FALSE(scan_json(R"([{"a":1},{"b":2}])", [&](std::string_view, JsonSpan) { ++count; }));
  CHECK(count == 0);
}

TEST_CASE("the nearest name is offered only when it is near") {
  const std::vector<std::string_view> names = {"priority", "path", "proxy", "weight"};
  CHECK(nearest_name("prioritty", names) == "priority");
  CHECK(nearest_name("wieght", names) == "weight");
  CHECK(nearest_name("proxi", names) == "proxy");
  CHECK(nearest_name("zzz", names).empty());
  CHECK(nearest_name("", names).empty());
  CHECK(nearest_name(std::string(100000, 'p'), names).empty());
}
