#include "core/json_skim.h"

#include <simdjson.h>

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

#include "core/body_scan.h"

namespace holysheep {
namespace {

bool skims(std::string_view text) {
  const std::vector<char> copy(text.begin(), text.end());
  JsonSkim json({copy.data(), copy.size()});
  return json.value().kind != JsonKind::none && json.finish();
}

bool scans(std::string_view text) {
  const std::vector<char> copy(text.begin(), text.end());
  BodyScan scan;
  scan.feed({copy.data(), copy.size()});
  return scan.whole();
}

}  // namespace

TEST_CASE("skimmer and scan agree with simdjson about structure", "[json_skim]") {
  const std::string seed =
      R"({"a":[1,-2.5e+3,true,false,null,"x\"\\yéz",{},[],[{"b":{"c":[]}}]] , "d" : "\u00e9" })";
  REQUIRE(skims(seed));
  simdjson::dom::parser parser;
  int valid = 0;
  constexpr std::string_view kBytes = "{}[]\",:\\ tnf1x\n";
  for (std::size_t at = 0; at <= seed.size(); ++at) {
    for (const char byte : kBytes) {
      std::string replaced = seed;
      if (at < seed.size()) replaced[at] = byte;
      std::string inserted = seed;
      inserted.insert(at, 1, byte);
      for (const std::string& text : {replaced, inserted, seed.substr(0, at)}) {
        INFO(text);
        const bool well = parser.parse(text).error() == simdjson::SUCCESS;
        valid += well;
        // Lenient about numbers, escapes and UTF-8: what simdjson takes must pass, the rest may.
        if (well) CHECK(skims(text));
        CHECK(skims(text) == scans(text));
      }
    }
  }
  CHECK(valid > 100);
}

TEST_CASE("structural faults are found", "[json_skim]") {
  for (const std::string_view text :
       {"",      " ",     "{",          "}",          "[",      "]",       "{]",
        "[}",    "[1,]",  "[,1]",       "{\"a\":1,}", "{,}",    "{\"a\"}", "{\"a\":}",
        "{1:2}", "[1 2]", "\"",         "\"\\",       "\"\\\"", "tru",     "nulll",
        "1 2",   "{}{}",  "[\"a\nb\"]", "x",          "+1",     ":",       ","}) {
    INFO(text);
    CHECK_FALSE(skims(text));
    CHECK_FALSE(scans(text));
  }
}

TEST_CASE("nesting is limited", "[json_skim]") {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  CHECK(skims(nested(1024)));
  CHECK(scans(nested(1024)));
  CHECK_FALSE(skims(nested(1025)));
  CHECK_FALSE(scans(nested(1025)));
}

TEST_CASE("members are walked and stepped over", "[json_skim]") {
  JsonSkim json(R"({"a":{"x":1},"b":[10,"s",null],"c":"t"} )");
  REQUIRE(json.enter_object());
  std::string seen;
  std::string_view name;
  while (json.next_member(name)) {
    seen += name;
    if (name == "b") {
      REQUIRE(json.enter_array());
      while (json.next_element())
        seen += "<" + std::string(json.value().raw) + ">";
    } else {
      seen += "=" + std::string(json.value().raw) + ";";
    }
  }
  CHECK(seen == "a={\"x\":1};b<10><s><null>c=t;");
  CHECK(json.finish());
}

TEST_CASE("a slice knows whether it holds something, and its count", "[json_skim]") {
  const auto slice = [](std::string_view text) { return JsonSkim(text).value(); };
  for (const std::string_view text : {"\"a\"", "1", "true", "[0]", "{\"a\":1}", "0.5"}) {
    INFO(text);
    CHECK(slice(text).filled());
  }
  for (const std::string_view text : {"\"\"", "0", "false", "null", "[]", "[ ]", "{\n}", "", "["}) {
    INFO(text);
    CHECK_FALSE(slice(text).filled());
  }
  CHECK(slice("12").count() == 12);
  CHECK(slice("12.7").count() == 12);
  for (const std::string_view text : {"-1", "1e3", "\"12\"", "null", "9999999999999999999"}) {
    INFO(text);
    CHECK(slice(text).count() == -1);
  }
}

TEST_CASE("escapes are resolved as simdjson does", "[json_skim]") {
  simdjson::dom::parser parser;
  for (const std::string raw :
       {R"(a\"b\\c\/d\b\f\n\r\t)", R"(\u0041\u00e9\u20ac)", R"(\ud83d\ude00!)", "plain"}) {
    INFO(raw);
    const std::string quoted = "\"" + raw + "\"";
    CHECK(unescape_json(raw) == parser.parse(quoted).get_string().value());
  }
  CHECK(unescape_json(R"(\ud83d!)") == "\uFFFD!");
  CHECK(unescape_json(R"(\ude00)") == "\uFFFD");
  CHECK(unescape_json(R"(\u12)") == "\uFFFD12");
}

}  // namespace holysheep
