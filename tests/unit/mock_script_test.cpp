// Scripts are read as strictly as configurations.
#include "core/mock/mock_script.h"

#include <catch2/catch_test_macros.hpp>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

using namespace holysheep;

namespace {

std::string complaint(std::string_view script) {
  const Result<MockScript> result = read_mock_script(script);
  if (result.ok()) return "";
  CHECK(result.error().status == Status::config);
  return result.error().message;
}

std::string complaint_of_reply(const std::string& reply) {
  return complaint(R"({"version":1,"endpoints":[{},{"replies":[{},)" + reply + "]}]}");
}

void check_names(const std::string& message, std::string_view path, std::string_view expectation) {
  INFO(message);
  CHECK(message.find(path) != std::string::npos);
  CHECK(message.find(expectation) != std::string::npos);
}

}  // namespace

TEST_CASE("a script's mistakes are named with their path", "[mock]") {
  check_names(complaint("{"), "mock script", "line 1");
  check_names(complaint("[]"), "expected an object", "found array");
  check_names(complaint("{}"), "version", "expected 1");
  check_names(complaint(R"({"version":1,"endpionts":[]})"), "endpionts", "\"endpoints\"");
  check_names(complaint(R"({"version":1,"endpoints":[]})"), "endpoints", "an array of endpoints");
  check_names(complaint(R"({"version":1,"endpoints":[{"name":"a b"}]})"), "endpoints[0].name",
              "letters");
  check_names(complaint(R"({"version":1,"endpoints":[{"name":"a"},{"name":"a"}]})"), "endpoints[1]",
              "twice");
  check_names(complaint(R"({"version":1,"endpoints":[{"host":"10.0.0.1"}]})"), "endpoints[0].host",
              "loopback");
  check_names(complaint(R"({"version":1,"endpoints":[{"port":70000}]})"), "endpoints[0].port",
              "65535");
  check_names(complaint(R"({"version":1,"endpoints":[{"fail_rate":2}]})"), "endpoints[0].fail_rate",
              "0 to 1");
  check_names(complaint(R"({"version":1,"endpoints":[{"limits":{"rmp":2}}]})"),
              "endpoints[0].limits.rmp", "\"rpm\"");
  check_names(complaint(R"({"version":1,"endpoints":[{"key":"a","key":"b"}]})"), "endpoints[0]",
              "twice");
}

TEST_CASE("a reply's mistakes are named with their path", "[mock]") {
  check_names(complaint_of_reply(R"({"stauts":500})"), "endpoints[1].replies[1].stauts",
              "did you mean \"status\"?");
  check_names(complaint_of_reply(R"({"status":"500"})"), "replies[1].status", "an integer");
  check_names(complaint_of_reply(R"({"cut":"inside"})"), "replies[1].cut", "inside_headers");
  check_names(complaint_of_reply(R"({"cut":"inside_body","stall":"inside_body"})"),
              "replies[1].cut", "not both");
  check_names(complaint_of_reply(R"({"cut":{"with":"fin"}})"), "replies[1].cut", "\"at\"");
  check_names(complaint_of_reply(R"({"latency_ms":{"min":2,"max":1}})"), "replies[1].latency_ms",
              "at most max");
  check_names(complaint_of_reply(R"({"headers":{"a b":"c"}})"), "replies[1].headers",
              "header name");
  check_names(complaint_of_reply(R"({"headers":{"a":"b\r\nc: d"}})"), "replies[1].headers.a",
              "line break");
  check_names(complaint_of_reply(R"({"error":"rate_limit"})"), "replies[1].error",
              "\"rate_limit_rpm\"");
  check_names(complaint_of_reply(R"({"family":"opena","error":"auth"})"), "replies[1].family",
              "\"openai\"");
  check_names(complaint_of_reply(R"({"retry_after_ms":5})"), "replies[1].retry_after_ms",
              "\"error\"");
  check_names(complaint_of_reply(R"({"close":"later"})"), "replies[1].close", "on_next_request");
}

TEST_CASE("keys that begin with x- are comments", "[mock]") {
  CHECK(complaint(R"({"version":1,"x-why":"because","endpoints":[{"x-1":2}]})").empty());
}

TEST_CASE("an endpoint's address stays when its script is replaced", "[mock]") {
  MockEndpointScript running;
  running.name = "e";
  running.port = 1234;
  running.tls = true;
  const Result<MockEndpointScript> replaced = read_mock_endpoint(R"({"key":"k"})", running);
  REQUIRE(replaced.ok());
  CHECK(replaced.value().name == "e");
  CHECK(replaced.value().port == 1234);
  CHECK(replaced.value().tls);
  CHECK(replaced.value().key == "k");
  CHECK_FALSE(read_mock_endpoint(R"({"port":1})", running).ok());
}

namespace {

// The first cell of each row between two headings of MOCK.md: the names in backticks.
std::vector<std::string> documented_keys(const std::string& manual, const std::string& heading) {
  std::vector<std::string> keys;
  const std::size_t begin = manual.find(heading);
  REQUIRE(begin != std::string::npos);
  const std::size_t end = manual.find("\n## ", begin + heading.size());
  std::istringstream lines(manual.substr(begin, end - begin));
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("| `")) continue;
    const std::string cell = line.substr(1, line.find('|', 1) - 1);
    for (std::size_t at = cell.find('`'); at != std::string::npos;) {
      const std::size_t close = cell.find('`', at + 1);
      keys.push_back(cell.substr(at + 1, close - at - 1));
      at = cell.find('`', close + 1);
    }
  }
  return keys;
}

}  // namespace

TEST_CASE("the manual's example and every key that it names are understood", "[mock]") {
  std::ifstream file(HOLYSHEEP_VECTORS "/../../MOCK.md");
  std::stringstream text;
  text << file.rdbuf();
  const std::string manual = text.str();
  const std::size_t begin = manual.find("```json\n") + 8;
  CHECK(complaint(manual.substr(begin, manual.find("```", begin) - begin)).empty());
  const std::pair<std::string, std::string> places[] = {
      {"# The mock pool", "{\"KEY\":0}"},
      {"## Endpoint", R"({"version":1,"endpoints":[{"KEY":0}]})"},
      {"## Reply", R"({"version":1,"endpoints":[{"default":{"KEY":0}}]})"},
      {"## Limits", R"({"version":1,"endpoints":[{"limits":{"KEY":0}}]})"},
  };
  for (const auto& [heading, script] : places) {
    const std::vector<std::string> keys = documented_keys(manual, heading);
    CHECK(keys.size() >= 4);
    for (const std::string& key : keys) {
      std::string with_key = script;
      with_key.replace(with_key.find("KEY"), 3, key);
      INFO(heading << " " << key);
      CHECK(complaint(with_key).find("unknown key") == std::string::npos);
    }
  }
}
