// Every class of complaint about a configuration: the path, what was expected, and no secret in it.
#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

#include "core/config.h"

using namespace holysheep;

namespace {

// Stands wherever a secret could be quoted by mistake.
constexpr const char* kSecret = "sk-hush-0123456789";

Environment with_key() {
  Environment environment;
  environment.variables["HOLYSHEEP_API_KEY"] = kSecret;
  return environment;
}

struct Row {
  std::string text;     // after {"version":1, — or the whole text if it begins with !
  std::string message;  // the whole message, or its beginning
  Status status = Status::config;
};

void check_rows(const std::vector<Row>& rows, const Environment& environment = with_key()) {
  for (const Row& row : rows) {
    const std::string text =
        row.text.rfind("!", 0) == 0 ? row.text.substr(1) : "{\"version\":1," + row.text + "}";
    INFO(text);
    const auto config = parse_config(text, environment);
    REQUIRE_FALSE(config.ok());
    CHECK(config.error().message.substr(0, row.message.size()) == row.message);
    CHECK(config.error().status == row.status);
    CHECK(config.error().message.find("sk-") == std::string::npos);
  }
}

}  // namespace

TEST_CASE("a number that fits into no integer is an error that names its key") {
  check_rows({
      {R"("time_limits":{"total_ms":100000000000000000000})", "time_limits.total_ms: expected "},
      {R"("api_key":"a\"b1","retry":{"max_attempts":-99999999999999999999})",
       "retry.max_attempts: expected "},
      {R"("weights":[0.12345678901234567890,1e400,100000000000000000000])",
       "configuration: JSON that cannot be read"},
  });
}

TEST_CASE("an unknown key is an error that names its path and the nearest name") {
  check_rows({
      {R"("prioritty":1)", "prioritty: unknown key"},
      {R"("endpoints":["primary",{"url":"https://a.example","prioritty":1}])",
       R"(endpoints[1].prioritty: unknown key; did you mean "priority"?)"},
      {R"("polici":"smart")", R"(polici: unknown key; did you mean "policy"?)"},
      {R"("retry":{"max_atempts":1})",
       R"(retry.max_atempts: unknown key; did you mean "max_attempts"?)"},
      {R"("max_attempts":1)", R"(max_attempts: unknown key; did you mean "retry.max_attempts"?)"},
      {R"("connections_max":1)",
       R"(connections_max: unknown key; did you mean "limits.connections_max"?)"},
      {R"("retry":{"overrides":{"overloded":{}}})",
       R"(retry.overrides.overloded: unknown key; did you mean "overloaded"?)"},
      {R"("retry":{"overrides":{"zzz":{}}})",
       R"(retry.overrides.zzz: unknown key; expected "rate_limited", )"},
      {R"("time_limits":{"connect":1})",
       R"(time_limits.connect: unknown key; did you mean "connect_ms"?)"},
      {R"("retry.max_attempts":1)", "[\"retry.max_attempts\"]: unknown key"},
      {R"("prices":{"m":{"inputs":1}})", R"(prices.m.inputs: unknown key; did you mean "input"?)"},
      {R"("tag":"x")", "tag: unknown key"},
  });
}

TEST_CASE("keys that begin with x- are let through at every level") {
  const auto config = parse_config(
      R"({"version":1,"x-note":[1],"retry":{"x-a":1,"overrides":{"x-b":3}},
          "limits":{"x-c":null},"endpoints":[{"name":"primary","x-d":{}}]})",
      with_key());
  REQUIRE(config.ok());
}

TEST_CASE("a wrong type or range says what was expected") {
  check_rows({
      {"!{}", "version: is missing; expected 1"},
      {"![]", "configuration: expected an object, not array"},
      {"!{\"version\":1",
       "configuration: not valid JSON: line 1, column 13: expected a comma or '}'"},
      {"!{\"version\":2}", "version: expected the integer 1, not 2"},
      {"!{\"version\":\"1\"}", "version: expected the integer 1, not string"},
      {R"("policy":"clever")", R"(policy: expected "smart" or "document")"},
      {R"("policy":"Smart")", R"(policy: expected "smart" or "document"; did you mean "smart"?)"},
      {R"("policy":1)", R"(policy: expected "smart" or "document", not integer)"},
      {R"("isolated":"yes")", "isolated: expected true or false, not string"},
      {R"("isolated":null)", "isolated: expected true or false, not null"},
      {R"("max_wait_ms":-1)", "max_wait_ms: expected an integer from 0 to 2592000000, not -1"},
      {R"("max_wait_ms":1.5)", "max_wait_ms: expected an integer from 0 to 2592000000, not number"},
      {R"("max_wait_ms":99999999999999999999)", ""},
      {R"("limits":{"calls_max":0})",
       "limits.calls_max: expected an integer from 1 to 10000000, not 0"},
      {R"("limits":[])", "limits: expected an object, not array"},
      {R"("endpoints":[{"name":"primary","weight":0}])",
       "endpoints[0].weight: expected a number from 0.001 to 1000, not 0"},
      {R"("endpoints":[])", "endpoints: must not be empty"},
      {R"("endpoints":{})", "endpoints: expected an array of endpoints, not object"},
      {R"("endpoints":[1])", "endpoints[0]: expected a name, a URL or an object, not integer"},
      {R"("endpoints":[{"name":"primary","models":["a",1]}])",
       "endpoints[0].models[1]: expected a string, not integer"},
      {R"("endpoints":[{"name":"primary","models":[""]}])",
       "endpoints[0].models[0]: must not be empty"},
      {R"("endpoints":[{"name":"primary","labels":{"a":1}}])",
       "endpoints[0].labels.a: expected a string, not integer"},
      {R"("fallback_models":"x")",
       "fallback_models: expected an array of models, or an object from model to array, not "
       "string"},
      {R"("fallback_models":{"m":"x"})",
       "fallback_models.m: expected an array of strings, not string"},
      {R"("retry":{"overrides":{"overloaded":3}})",
       "retry.overrides.overloaded: expected an object, not integer"},
      {R"("isolated":true,"isolated":true)", "isolated: is given twice"},
      {R"("cooldown_base_ms":2000,"cooldown_ms":1000)",
       "cooldown_base_ms: must not be above cooldown_ms (1000)"},
      {R"("allow":[])", "allow: must not be empty"},
      {R"("allow":["primry"])",
       R"(allow[0]: no endpoint has this name or label (label:value); did you mean "primary"?)"},
      {R"("allow":["region:eu"])", "allow[0]: no endpoint has this name or label (label:value)"},
  });
}

TEST_CASE("a URL is read strictly and never quoted") {
  const std::string url = "endpoints[0].url: ";
  const auto row = [&](const std::string& text, const std::string& complaint) {
    return Row{R"("endpoints":[{"name":"a","auth":"none","url":")" + text + "\"}]",
               url + complaint};
  };
  check_rows({
      row("ftp://a.example", "expected a URL that begins with https:// or http://"),
      row("a.example/v1", "expected a URL that begins with https:// or http://"),
      row("https://sk-hush@a.example/v1",
          "a URL must not hold a user name or key (…@): use api_key"),
      row("https://user:sk-hush@a.example/v1", "a URL must not hold a user name or key"),
      row("https://a.example/v1?key=sk-hush", "a base URL has no query (?…): use the key `query`"),
      row("https://a.example/v1#sk-hush", "a base URL has no fragment"),
      row("https:///v1", "the URL has no host"),
      row("https://a..example", "the host has an empty label"),
      row("https://a b", "the host holds a character that no host name has"),
      row("https://bücher.example", "the host holds a character that no host name has"),
      row("https://127.1", "the host is no IPv4 address"),
      row("https://2130706433", "the host is no IPv4 address"),
      row("https://[::g]", "the host in brackets is no IPv6 address"),
      row("https://a.example:0", "expected a port from 1 to 65535"),
      row("https://a.example:65536", "expected a port from 1 to 65535"),
      row("https://a.example:", "expected a port from 1 to 65535"),
      row("https://a.example:8x", "expected a port from 1 to 65535"),
      row("https://a.example/v1/../x", "the path has a . or .. segment"),
      row("https://a.example/v1 x", "the path holds a character that must be percent-encoded"),
      row("https://a.example/%zz", "the path has a % without two hexadecimal digits"),
      row("https://a.example/\\n", "holds a control character"),
  });
  check_rows({
      {R"("endpoints":["sk-hush"])",
       "endpoints[0]: expected a URL, an object or one of the names "
       R"("primary", "backup-1" or "backup-2")"},
      {R"("endpoints":["backup1"])",
       "endpoints[0]: expected a URL, an object or one of the names "
       R"("primary", "backup-1" or "backup-2"; did you mean "backup-1"?)"},
      {R"("endpoints":[{"name":"other"}])", "endpoints[0]: has no url"},
      {R"("endpoints":[{"name":"a b","url":"https://a.example"}])",
       "endpoints[0].name: expected 1 to 64 letters, digits, dots, underscores or hyphens"},
      {R"("endpoints":["primary",{"name":"primary","url":"https://a.example"}])",
       "endpoints[1]: another endpoint is named \"primary\" already"},
      {R"("base_url":"https://sk-hush@a.example")", "base_url: a URL must not hold a user name"},
      {R"("base_url":"https://a.example","endpoints":["primary"])",
       "base_url: is a pool of one endpoint; give it or endpoints, not both"},
  });
}

TEST_CASE("the client's key does not go to a second host without being told to") {
  check_rows({
      {R"("endpoints":["primary","https://other.example/v1"])",
       "endpoints[1]: another host than \"api.holysheep.ai\", where the client's key goes: give it "
       "an api_key of its own, or \"share_key\": true"},
      {R"("endpoints":["https://a.example",{"url":"https://b.example","share_key":false}])",
       "endpoints[1]: share_key is false: give the endpoint an api_key of its own"},
      {R"("endpoints":["https://a.example","https://a.example.evil.example"])",
       "endpoints[1]: another host than \"a.example\""},
      {R"("endpoints":[{"url":"https://a.example","api_key":"sk-hush-own","share_key":true}])",
       "endpoints[0].share_key: the endpoint has an api_key of its own"},
  });
}

TEST_CASE("secrets do not go over plain http to a public address") {
  const auto row = [](const std::string& host) {
    return Row{R"("base_url":"http://)" + host + R"(/v1")",
               "base_url: a key, header or query value would go over plain http to"};
  };
  check_rows({
      row("a.example"),
      row("8.8.8.8"),
      row("172.32.0.1"),
      row("192.169.0.1"),
      row("100.64.0.1"),
      row("0.0.0.0"),
      row("[2001:db8::1]"),
      row("[::ffff:8.8.8.8]"),
      row("localhost.example"),
      row("notlocalhost"),
      {R"("endpoints":[{"url":"http://a.example","auth":"none","headers":{"X-A":"sk-hush"}}])",
       "endpoints[0].url: a key, header or query value would go over plain http to"},
      {R"("endpoints":[{"url":"http://a.example","auth":"none","query":{"k":"sk-hush"}}])",
       "endpoints[0].url: a key, header or query value would go over plain http to"},
  });
}

TEST_CASE("secrets do not go over plain http through a public proxy") {
  const std::string private_url = R"("base_url":"http://10.0.0.1/v1")";
  const std::string complaint =
      "base_url: a key, header or query value would go over plain http through the proxy ";
  check_rows({
      {private_url + R"(,"proxy":"http://u:sk-hush@8.8.8.8:3128")", complaint + "\"8.8.8.8\""},
      {private_url + R"(,"proxy":"socks5h://proxy.example")", complaint + "\"proxy.example\""},
      {R"("base_url":"http://127.0.0.1:1/v1","proxy":"8.8.8.8:3128")", complaint},
  });
  Environment environment = with_key();
  environment.variables["http_proxy"] = "http://proxy.example:3128";
  check_rows({{private_url, complaint}}, environment);
  for (const std::string& members :
       {private_url + R"(,"no_proxy":"10.0.0.0/8")", private_url + R"(,"allow_insecure":true)",
        private_url + R"(,"proxy":"http://10.0.0.2:3128")",
        std::string(R"("base_url":"http://127.0.0.1:1/v1")"),
        std::string(R"("base_url":"https://a.example/v1","proxy":"http://proxy.example:3128")")}) {
    INFO(members);
    CHECK(parse_config("{\"version\":1," + members + "}", environment).ok());
  }
}

TEST_CASE("a missing key is an error that says which variables are not read") {
  const Environment empty;
  const std::string complaint =
      "no API key: set api_key, or HOLYSHEEP_API_KEY in the environment (OPENAI_* variables are "
      "not read)";
  check_rows(
      {
          {"!", "api_key: " + complaint, Status::no_key},
          {R"("base_url":"https://a.example")", "api_key: " + complaint, Status::no_key},
          {R"("endpoints":["primary"])", "endpoints[0]: " + complaint, Status::no_key},
          {R"("endpoints":[{"name":"primary","api_key":"sk-hush-own"},"backup-1"])",
           "endpoints[1]: " + complaint, Status::no_key},
          {R"("api_key":{"env":"NO_SUCH"})",
           "api_key.env: the environment variable that it names is not set", Status::no_key},
          {R"("api_key":{"env":"sk-hush"})",
           "api_key.env: the environment variable that it names is not set", Status::no_key},
          {R"("endpoints":[{"name":"primary","api_key":{"env":"NO_SUCH"}}])",
           "endpoints[0].api_key.env: the environment variable that it names is not set",
           Status::no_key},
      },
      empty);
}

TEST_CASE("a missing key is told only when nothing else is wrong") {
  const Environment empty;
  const std::string allow = R"("allow":["primry"])";
  const std::string complaint = "allow[0]: no endpoint has this name or label";
  check_rows(
      {
          {allow, complaint},
          {R"("api_key":{"env":"NO_SUCH"},)" + allow, complaint},
          {R"("endpoints":[{"name":"primary","api_key":{"env":"NO_SUCH"}}],)" + allow, complaint},
          {R"("api_key":{"env":"NO_SUCH"},"endpoints":["primary",{"url":"https://b.example/v1"}])",
           "endpoints[1]: another host than \"api.holysheep.ai\""},
          {R"("monitor":{"token":{"env":"NO_SUCH"}},)" + allow, complaint},
      },
      empty);
}

TEST_CASE("a key that cannot be one is refused without being quoted") {
  check_rows({
      {R"("api_key":"")", "api_key: must not be empty"},
      {R"("api_key":"sk-hush\n")", "api_key: holds a control character"},
      {R"("api_key":"sk-hush x")", "api_key: the key holds a space"},
      {R"("api_key":"sk-húsh")", "api_key: the key holds a character that is not ASCII"},
      {R"("api_key":7)", R"(api_key: expected a string, {"env": NAME} or {"file": PATH})"},
      {R"("api_key":{"env":"A","file":"B"})", "api_key: expected a string"},
      {R"("api_key":{"evn":"A"})", "api_key: expected a string"},
      {R"("api_key":{"env":7})", "api_key.env: expected a string, not integer"},
      {R"("endpoints":[{"name":"primary","api_key":"sk-hush x"}])",
       "endpoints[0].api_key: the key holds a space"},
  });
  Environment environment;
  environment.variables["HOLYSHEEP_API_KEY"] = "sk-hush\r\nX-Evil: 1";
  check_rows({{"!", "HOLYSHEEP_API_KEY: the key holds a control character or line break"}},
             environment);
  environment.variables["HOLYSHEEP_API_KEY"] = "";
  check_rows({{"!", "api_key: no API key", Status::no_key}}, environment);
}

TEST_CASE("files that a configuration names must be there") {
  Environment environment = with_key();
  environment.file_exists = [](const std::string& path) { return path == "/there.pem"; };
  environment.load_key_file = load_key_file;
  check_rows(
      {
          {R"("api_key":{"file":"/no/such/sk-hush"})", "api_key.file: the file cannot be read"},
          {R"("ca_file":"/no/such")", "ca_file: the file cannot be read"},
          {R"("endpoints":[{"name":"primary","ca_file":"/no/such"}])",
           "endpoints[0].ca_file: the file cannot be read"},
          {R"("client_cert":"/there.pem")",
           "configuration: client_cert and client_key belong together: give both"},
          {R"("client_cert":"/there.pem","client_key":"/no")",
           "client_key: the file cannot be read"},
      },
      environment);
  environment.variables["SSL_CERT_FILE"] = "/no/such";
  check_rows({{"!", "SSL_CERT_FILE: the file that this environment variable names cannot be read"}},
             environment);
}

TEST_CASE("headers, paths and proxies that would break a request are refused") {
  const auto endpoint = [](const std::string& members, const std::string& message) {
    return Row{R"("endpoints":[{"name":"primary",)" + members + "}]", "endpoints[0]." + message};
  };
  check_rows({
      endpoint(R"("headers":{"X A":"sk-hush"})", "headers[\"X A\"]: is no name of an HTTP header"),
      endpoint(R"("headers":{"Host":"sk-hush"})",
               "headers.Host: cannot be set: it is made from the endpoint's URL"),
      endpoint(R"("headers":{"content-length":"1"})", "headers.content-length: cannot be set"),
      endpoint(R"("headers":{"Connection":"close"})", "headers.Connection: cannot be set"),
      endpoint(R"("headers":{"X-A":"sk-hush\r\nX-B: 1"})",
               "headers.X-A: holds a control character"),
      endpoint(R"("headers":{"X-A":"1","x-a":"2"})", "headers.x-a: is given twice"),
      endpoint(R"("headers":{"authorization":"Bearer sk-hush"})",
               "headers: authorization: the key is sent in this header"),
      endpoint(R"("auth":"api-key","headers":{"Api-Key":"sk-hush"})",
               "headers: Api-Key: the key is sent in this header"),
      endpoint(R"("query":{"k":"sk-hush\u0000"})", "query.k: holds a control character"),
      endpoint(R"("path":"x")", "path: expected a path that begins with / or {path}"),
      endpoint(R"("path":"/{deployment}")", "path: expected no other braces"),
      endpoint(R"("path":"/a?b")", "path: a path has no query or fragment"),
      endpoint(R"("path":"/a/../{path}")", "path: has a .. segment"),
      endpoint(R"("path":"/a b")", "path: holds a character that must be percent-encoded"),
      endpoint(R"("proxy":"ftp://p")", "proxy: expected a proxy with http"),
      endpoint(R"("proxy":"http://user:sk-hush@")", "proxy: expected a proxy's URL"),
      endpoint(R"("http":"3")", R"(http: expected "auto", "1.1" or "2")"),
      {R"("headers":{"Expect":"sk-hush"})", "headers.Expect: cannot be set"},
  });
  Environment environment = with_key();
  environment.variables["https_proxy"] = "gopher://sk-hush@p";
  check_rows({{"!", "https_proxy: expected a proxy with http"}}, environment);
}

TEST_CASE("prices that are no whole nano-dollars are refused") {
  const auto row = [](const std::string& price, const std::string& complaint) {
    return Row{R"("prices":{"gpt-4.1":{"input":)" + price + R"(,"output":1}})",
               "prices[\"gpt-4.1\"].input: " + complaint};
  };
  check_rows({
      row("0.0000000375", "has more than nine decimals"),
      row("\"0.00000000005\"", "has more than nine decimals"),
      row("-1", "expected dollars per million tokens"),
      row("\"$2\"", "expected dollars per million tokens"),
      row("\"\"", "expected dollars per million tokens"),
      row("\".\"", "expected dollars per million tokens"),
      row("\"1e\"", "expected dollars per million tokens"),
      row("\"1e999\"", "expected dollars per million tokens"),
      row("1e19", "is more than a million dollars per million tokens"),
      row("1e9", "is more than a million dollars per million tokens"),
      row("true",
          "expected dollars per million tokens as a number or a decimal string, not boolean"),
      {R"("prices":{"m":{"input":1}})", "prices.m: needs both input and output"},
      {R"("prices":{"m":1})", "prices.m: expected an object, not integer"},
  });
}

TEST_CASE("the environment's own settings are checked too") {
  Environment environment = with_key();
  environment.variables["HOLYSHEEP_LOG"] = "verbose";
  check_rows({{"!", "HOLYSHEEP_LOG: expected debug, info, warning, error or off"}}, environment);
}
