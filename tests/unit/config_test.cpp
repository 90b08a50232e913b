// What a good configuration becomes: defaults, keys, proxies, certificates, policies, prices.
#include "core/config.h"

#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "core/config_endpoints.h"

using namespace holysheep;

namespace {

Environment with_key() {
  Environment environment;
  environment.variables["HOLYSHEEP_API_KEY"] = "sk-client";
  return environment;
}

std::shared_ptr<const Config> parse(const std::string& members,
                                    const Environment& environment = with_key()) {
  auto config = parse_config("{\"version\":1" + members + "}", environment);
  if (!config.ok()) FAIL(config.error().message);
  return config.value();
}

std::string key_at(const Config& config, std::size_t index) {
  return key_of(config.endpoints[index], config).value;
}

}  // namespace

TEST_CASE("nothing at all is the document's three endpoints with the key of the environment") {
  const auto config = parse_config("", with_key());
  REQUIRE(config.ok());
  const Config& found = *config.value();
  REQUIRE(found.endpoints.size() == 3);
  const std::vector<std::pair<std::string, std::string>> expected = {
      {"primary", "https://api.holysheep.ai/v1"},
      {"backup-1", "https://backup1.holysheep.ai/v1"},
      {"backup-2", "https://backup2.holysheep.ai/v1"}};
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(found.endpoints[i].name == expected[i].first);
    CHECK(found.endpoints[i].base_url == expected[i].second);
    CHECK(found.endpoints[i].scheme == "https");
    CHECK(found.endpoints[i].port == 443);
    CHECK(found.endpoints[i].share_key);
    CHECK(key_at(found, i) == "sk-client");
  }
  CHECK(found.policy_name == "smart");
  CHECK(found.stream_recovery == StreamRecovery::error);
  CHECK(found.log_level == 0);
  CHECK_FALSE(found.isolated);
}

TEST_CASE("the defaults are those of the contract") {
  Environment environment = with_key();
  environment.descriptors_max = 4096;
  const auto config = parse("", environment);
  CHECK(config->time_limits.connect == 5 * kSecond);
  CHECK(config->time_limits.first_token == 300 * kSecond);
  CHECK(config->time_limits.idle == 180 * kSecond);
  CHECK(config->time_limits.progress == 300 * kSecond);
  CHECK(config->time_limits.response == 600 * kSecond);
  CHECK(config->time_limits.total == 600 * kSecond);
  CHECK(config->limits.connections_max == 2048);
  CHECK(config->limits.calls_max > 0);
  CHECK(config->limits.header_bytes_max == 256 * 1024);
  CHECK(config->limits.body_bytes_max == 64 * 1024 * 1024);
  CHECK(config->limits.request_bytes_max > 0);
  CHECK(config->limits.request_bytes_total_max > 0);
  CHECK(config->limits.event_bytes_max > 0);
  CHECK(config->limits.held_bytes_max > 0);
  CHECK(config->limits.buffered_bytes_max > 0);
  CHECK(config->limits.routes_max > 0);
  CHECK(config->stream_credit_bytes == 256 * 1024);
  CHECK(config->connection_age_max == 300 * kSecond);
  CHECK(config->endpoints[0].time_limits.connect == -1);
  CHECK(config->endpoints[0].http == HttpVersion::automatic);
  CHECK(config->endpoints[0].weight == 1);
  environment.descriptors_max = 1;
  CHECK(parse("", environment)->limits.connections_max == 1);
}

TEST_CASE("base_url is a pool of exactly one; the document's full URLs are cut back") {
  const std::vector<std::pair<std::string, std::string>> rows = {
      {"https://api.holysheep.ai/v1/chat/completions", "https://api.holysheep.ai/v1"},
      {"https://a.example", "https://a.example"},
      {"https://a.example/", "https://a.example"},
      {"HTTPS://A.Example:443/V1/", "https://a.example/V1"},
      {"https://a.example:8443/v1/chat/completions/", "https://a.example:8443/v1"},
      {"http://localhost:8000/v1", "http://localhost:8000/v1"},
      {"http://x.localhost", "http://x.localhost"},
      {"http://127.0.0.1:80", "http://127.0.0.1"},
      {"http://10.1.2.3/v1", "http://10.1.2.3/v1"},
      {"http://172.16.0.1", "http://172.16.0.1"},
      {"http://192.168.1.1", "http://192.168.1.1"},
      {"http://169.254.1.1", "http://169.254.1.1"},
      {"http://[::1]:8000/v1", "http://[::1]:8000/v1"},
      {"http://[fd00::1]", "http://[fd00::1]"},
      {"http://[fe80::1]", "http://[fe80::1]"},
      {"http://[::ffff:127.0.0.1]", "http://[::ffff:127.0.0.1]"},
      {"https://[2001:db8::1:2]:8443", "https://[2001:db8::1:2]:8443"},
      {"https://a.example/v1%20x", "https://a.example/v1%20x"},
  };
  for (const auto& [url, base] : rows) {
    INFO(url);
    const auto config = parse(",\"base_url\":\"" + url + "\"");
    REQUIRE(config->endpoints.size() == 1);
    CHECK(config->endpoints[0].name == "primary");
    CHECK(config->endpoints[0].base_url == base);
    CHECK(key_at(*config, 0) == "sk-client");
  }
}

TEST_CASE("an endpoint is a name of the document's, a URL or an object") {
  const auto config = parse(R"(,"endpoints":["backup-2",
      "https://backup1.holysheep.ai/v1",
      {"name":"full","url":"https://x.example","api_key":"sk-own","weight":2.5,"priority":3,"models":["a","b"],
       "model_names":{"a":"A"},"labels":{"region":"eu"},"quota_group":"g","http":"1.1",
       "connections_max":7,"time_limits":{"connect_ms":10},"auth":"x-api-key",
       "headers":{"X-B":"2","X-A":"1"},"query":{"v":"1"},"path":"/d/{model}{path}"},
      {"name":"primary"}])");
  REQUIRE(config->endpoints.size() == 4);
  CHECK(config->endpoints[0].name == "backup-2");
  CHECK(config->endpoints[1].name == "backup-1");
  CHECK(config->endpoints[3].base_url == "https://api.holysheep.ai/v1");
  const EndpointConfig& full = config->endpoints[2];
  CHECK(full.name == "full");
  CHECK(full.key.value == "sk-own");
  CHECK_FALSE(full.share_key);
  CHECK(full.weight == 2.5);
  CHECK(full.priority == 3);
  CHECK(full.models == std::vector<std::string>{"a", "b"});
  CHECK(full.model_names.at("a") == "A");
  CHECK(full.labels.at("region") == "eu");
  CHECK(full.quota_group == "g");
  CHECK(full.http == HttpVersion::http1);
  CHECK(full.connections_max == 7);
  CHECK(full.time_limits.connect == 10 * kMillisecond);
  CHECK(full.time_limits.idle == -1);
  CHECK(full.auth == Auth::x_api_key);
  CHECK(full.headers ==
        std::vector<std::pair<std::string, std::string>>{{"X-A", "1"}, {"X-B", "2"}});
  CHECK(full.query[0].second == "1");
  CHECK(full.path == "/d/{model}{path}");
}

TEST_CASE("the client's key goes to one host, and further where it is told to") {
  const auto config = parse(R"(,"headers":{"X-Org":"org-1"},"query":{"v":"2"},"endpoints":[
      {"name":"local","url":"http://127.0.0.1:1","auth":"none"},
      {"name":"own","url":"https://own.example","api_key":"sk-own"},
      {"name":"first","url":"https://a.example:1"},
      {"name":"same-host","url":"https://a.example:2/v2"},
      {"name":"told","url":"https://b.example","share_key":true,"headers":{"x-org":"org-2"}}])");
  const auto& endpoints = config->endpoints;
  const std::vector<bool> shared = {false, false, true, true, true};
  for (std::size_t i = 0; i < shared.size(); ++i) {
    INFO(endpoints[i].name);
    CHECK(endpoints[i].share_key == shared[i]);
    CHECK(endpoints[i].headers.size() == (shared[i] ? 1 : 0));
    CHECK(endpoints[i].query.size() == (shared[i] ? 1 : 0));
  }
  CHECK(key_of(endpoints[0], *config).kind == KeySource::Kind::none);
  CHECK(key_at(*config, 1) == "sk-own");
  CHECK(key_at(*config, 3) == "sk-client");
  CHECK(key_at(*config, 4) == "sk-client");
  CHECK(endpoints[4].headers[0].second == "org-2");
}

TEST_CASE("a pool without keys needs none") {
  const auto config = parse(R"(,"base_url":"http://gateway.example","auth":"none")", Environment());
  CHECK_FALSE(config->endpoints[0].share_key);
  const auto local = parse(
      R"(,"base_url":"http://localhost:1","auth":"none","headers":{"X-A":"b"})", Environment());
  CHECK(local->endpoints[0].headers.size() == 1);
  CHECK(parse(R"(,"base_url":"http://a.example","allow_insecure":true)")->endpoints.size() == 1);
}

TEST_CASE(
    "a key comes from the configuration, a variable or a file, and before HOLYSHEEP_API_KEY") {
  Environment environment = with_key();
  environment.variables["MY_KEY"] = "sk-mine";
  CHECK(parse(R"(,"api_key":"sk-text")", environment)->api_key.value == "sk-text");
  CHECK(parse(R"(,"api_key":{"env":"MY_KEY"})", environment)->api_key.value == "sk-mine");

  const std::string path =
      (std::filesystem::temp_directory_path() / ("holysheep-key-" + std::to_string(getpid())))
          .string();
  std::ofstream(path) << "  sk-in-a-file\r\n";
  environment.load_key_file = load_key_file;
  const auto config = parse(",\"api_key\":{\"file\":\"" + path + "\"}", environment);
  CHECK(config->api_key.kind == KeySource::Kind::file);
  CHECK(config->api_key.value == path);
  CHECK(scrub(*config, "key sk-in-a-file refused") == "key \u2026 refused");
  std::ofstream(path) << "sk-one\nsk-two\n";
  const auto two =
      parse_config("{\"version\":1,\"api_key\":{\"file\":\"" + path + "\"}}", environment);
  REQUIRE_FALSE(two.ok());
  CHECK(two.error().message ==
        "api_key.file: the key in the file holds a control character or line break");
  std::ofstream(path) << " \n";
  CHECK_FALSE(load_key_file(path).ok());
  std::ofstream(path) << std::string(70000, 'k');
  CHECK_FALSE(load_key_file(path).ok());
  std::remove(path.c_str());
  CHECK_FALSE(load_key_file(path).ok());
}

TEST_CASE("proxies come from the configuration, else from the environment, by scheme") {
  const auto proxy = [](const std::string& members, const Environment& environment) {
    const auto config = parse(members, environment);
    return config->endpoints[0].proxy + "|" + config->endpoints[0].no_proxy;
  };
  const std::string https = R"(,"base_url":"https://a.example")";
  const std::string http = R"(,"base_url":"http://10.0.0.1","allow_insecure":true)";
  Environment environment = with_key();
  CHECK(proxy(https, environment) == "|");
  environment.variables["no_proxy"] = "internal";
  CHECK(proxy(https, environment) == "|");
  environment.variables["ALL_PROXY"] = "socks5h://all:1";
  CHECK(proxy(https, environment) == "socks5h://all:1|internal");
  CHECK(proxy(http, environment) == "socks5h://all:1|internal");
  environment.variables["all_proxy"] = "socks5h://lower:1";
  CHECK(proxy(http, environment) == "socks5h://lower:1|internal");
  environment.variables["HTTP_PROXY"] = "http://evil:1";
  CHECK(proxy(http, environment) == "socks5h://lower:1|internal");
  environment.variables["http_proxy"] = "plain:1";
  CHECK(proxy(http, environment) == "plain:1|internal");
  environment.variables["HTTPS_PROXY"] = "http://upper:1";
  CHECK(proxy(https, environment) == "http://upper:1|internal");
  environment.variables["https_proxy"] = "http://user:s3cretpw@lower:1";
  CHECK(proxy(https, environment) == "http://user:s3cretpw@lower:1|internal");
  CHECK(proxy(https + R"(,"proxy":"http://mine:1")", environment) == "http://mine:1|");
  CHECK(proxy(https + R"(,"no_proxy":"x")", environment) == "http://user:s3cretpw@lower:1|x");
  CHECK(proxy(https + R"(,"proxy":"")", environment) == "|");
  CHECK(
      proxy(R"(,"proxy":"http://client:1","endpoints":[{"name":"primary","proxy":"http://own:1"}])",
            environment) == "http://own:1|");
  // Endpoints on this machine, and those that no_proxy names.
  CHECK(proxy(R"(,"base_url":"http://localhost:1")", environment) == "|");
  CHECK(proxy(R"(,"base_url":"http://127.8.0.1:1")", environment) == "|");
  CHECK(proxy(R"(,"base_url":"http://[::1]:1")", environment) == "|");
  CHECK(proxy(R"(,"base_url":"http://[::1]:1","proxy":"http://10.1.1.1:1")", environment) ==
        "http://10.1.1.1:1|");
  CHECK(proxy(https + R"(,"no_proxy":"example")", environment) == "|");
  const auto config = parse(https, environment);
  CHECK(show_config(*config).find("s3cretpw") == std::string::npos);
  CHECK(show_config(*config).find("http://\u2026@lower:1") != std::string::npos);
  CHECK(scrub(*config, "407 for user:s3cretpw") == "407 for \u2026");
}

TEST_CASE("certificates: configuration, SSL_CERT_FILE, CURL_CA_BUNDLE, then the system's") {
  Environment environment = with_key();
  const auto ca = [&](const std::string& members) {
    return parse(members, environment)->endpoints[0].ca_file;
  };
  CHECK(ca("").empty());
  environment.file_exists = [](const std::string& path) {
    return path == "/etc/pki/tls/certs/ca-bundle.crt" || path.substr(0, 3) == "/ok";
  };
  CHECK(ca(R"(,"ca_file_default":"/ok/last")") == "/etc/pki/tls/certs/ca-bundle.crt");
  CHECK(ca(R"(,"base_url":"http://localhost")").empty());
  environment.variables["CURL_CA_BUNDLE"] = "/ok/curl";
  CHECK(ca("") == "/ok/curl");
  environment.variables["SSL_CERT_FILE"] = "/ok/ssl";
  CHECK(ca("") == "/ok/ssl");
  CHECK(ca(R"(,"ca_file":"/ok/own")") == "/ok/own");
  environment.variables.erase("SSL_CERT_FILE");
  environment.variables.erase("CURL_CA_BUNDLE");
  environment.file_exists = [](const std::string& path) { return path.substr(0, 3) == "/ok"; };
  CHECK(ca(R"(,"ca_file_default":"/ok/last")") == "/ok/last");
  CHECK(ca(R"(,"ca_file_default":"/gone")").empty());
  environment.file_exists = [](const std::string& path) { return path.substr(0, 3) == "/ok"; };
  const auto config = parse(R"(,"client_cert":"/ok/c","client_key":"/ok/k")", environment);
  CHECK(config->endpoints[2].client_cert == "/ok/c");
  CHECK(config->endpoints[2].client_key == "/ok/k");
}

TEST_CASE("every knob of the policy can be changed by itself") {
  const auto config = parse(R"(,"policy":"document","routing":"weighted","when_none":"wait",
      "max_wait_ms":1,"cooldown_ms":2,"obey_hints":true,"per_route":true,"breaker":true,
      "slow_start":true,"retry":{"max_attempts":5,"route_attempts_max":6,
      "rate_limited_counts":false,"delay_on":"any_failure","base_delay_ms":7,"delay_max_ms":8,
      "repeat_delay_ms":9,"jitter":true,"budget":true,
      "overrides":{"overloaded":{"max_attempts":5,"base_delay_ms":2000}}})");
  const Policy& policy = config->policy;
  CHECK(policy.name == "document");
  CHECK(policy.routing == Routing::weighted);
  CHECK(policy.when_none == WhenNone::wait);
  CHECK(policy.max_wait == kMillisecond);
  CHECK(policy.cooldown == 2 * kMillisecond);
  CHECK(policy.cooldown_base == 2 * kMillisecond);
  CHECK((policy.obey_hints && policy.per_route && policy.breaker && policy.slow_start));
  CHECK(policy.max_attempts == 5);
  CHECK(policy.route_attempts_max == 6);
  CHECK_FALSE(policy.rate_limited_counts);
  CHECK(policy.delay_on == DelayOn::any_failure);
  CHECK(policy.base_delay == 7 * kMillisecond);
  CHECK(policy.delay_max == 8 * kMillisecond);
  CHECK(policy.repeat_delay == 9 * kMillisecond);
  CHECK((policy.jitter && policy.retry_budget));
  const auto& overloaded = policy.overrides[static_cast<std::size_t>(Verdict::overloaded)];
  CHECK(overloaded.max_attempts == 5);
  CHECK(overloaded.base_delay == 2 * kSecond);
}

TEST_CASE("a shorter cooldown of policy smart takes its base along, a longer one does not") {
  CHECK(parse(R"(,"cooldown_ms":500)")->policy.cooldown_base == 500 * kMillisecond);
  CHECK(parse(R"(,"cooldown_ms":90000)")->policy.cooldown_base == kSecond);
  CHECK(parse(R"(,"cooldown_base_ms":2000)")->policy.cooldown_base == 2 * kSecond);
  CHECK(parse(R"(,"retry":{"delay_max_ms":0})")->policy.delay_max == kNever);
}

TEST_CASE("policy document has no limit over all attempts unless one is given") {
  CHECK(parse(R"(,"policy":"document")")->time_limits.total == 0);
  CHECK(parse(R"(,"policy":"document","time_limits":{"total_ms":5})")->time_limits.total ==
        5 * kMillisecond);
}

TEST_CASE("fallback models are for all, or by model") {
  CHECK(parse(R"(,"fallback_models":["a","b"])")->fallback_models.at("*") ==
        std::vector<std::string>{"a", "b"});
  const auto config = parse(R"(,"fallback_models":{"gpt-4.1":["a"],"*":["b"]})");
  CHECK(config->fallback_models.at("gpt-4.1") == std::vector<std::string>{"a"});
  CHECK(config->fallback_models.at("*") == std::vector<std::string>{"b"});
}

TEST_CASE("prices are exact, as text or number") {
  const auto config = parse(R"(,"prices":{
      "a":{"input":"2.50","output":15},"x-ai/b":{"input":0.42,"output":"0.420","cached":"0.1"},
      "c":{"input":"1.5e-2","output":1E1,"cached":0},"d":{"input":".005","output":0.001}})");
  const auto price = [&](const char* model) { return config->prices.at(model); };
  CHECK(price("a").input == 2'500'000'000);
  CHECK(price("a").output == 15'000'000'000);
  CHECK(price("a").cached == 2'500'000'000);
  CHECK(price("x-ai/b").input == 420'000'000);
  CHECK(price("x-ai/b").output == 420'000'000);
  CHECK(price("x-ai/b").cached == 100'000'000);
  CHECK(price("c").input == 15'000'000);
  CHECK(price("c").output == 10'000'000'000);
  CHECK(price("c").cached == 0);
  CHECK(price("d").input == 5'000'000);
  CHECK(price("d").output == 1'000'000);
}

TEST_CASE("allow takes names and labels") {
  const auto config = parse(
      R"(,"allow":["primary","region:eu"],"endpoints":["primary",
         {"name":"backup-1","labels":{"region":"eu"}},"backup-2"])");
  const auto& endpoints = config->endpoints;
  CHECK(is_allowed(endpoints[0], config->allow));
  CHECK(is_allowed(endpoints[1], config->allow));
  CHECK_FALSE(is_allowed(endpoints[2], config->allow));
  CHECK(is_allowed(endpoints[2], {}));
  CHECK_FALSE(is_allowed(endpoints[1], {"region:e"}));
  CHECK_FALSE(is_allowed(endpoints[1], {"region"}));
}

TEST_CASE("HOLYSHEEP_LOG sets the level") {
  Environment environment = with_key();
  const std::vector<std::pair<std::string, int>> rows = {
      {"debug", 10}, {"info", 20}, {"warning", 30}, {"error", 40}, {"off", 0}, {"", 0}};
  for (const auto& [text, level] : rows) {
    environment.variables["HOLYSHEEP_LOG"] = text;
    CHECK(parse("", environment)->log_level == level);
  }
}

TEST_CASE("the process's environment has variables, a limit of open files, and looks at files") {
  const Environment environment = read_environment();
  CHECK(environment.variables.count("PATH") == 1);
  CHECK(environment.descriptors_max > 0);
  CHECK(environment.file_exists("/dev/null"));
  CHECK_FALSE(environment.file_exists("/no/such/file"));
}
