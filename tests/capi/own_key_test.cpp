// Keys that a call brings itself, and keys that change while a client is open.

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

#include "fixture.h"

using namespace capi_test;

namespace {

const char* const kOwnKey = "Authorization: Bearer a-key-of-its-own";

holysheep_request with_own_key(const std::string& body) {
  holysheep_request request = Client::request(body);
  request.headers = kOwnKey;
  return request;
}

// A file that is gone with the test.
class KeyFile {
 public:
  KeyFile() {
    char path[] = "/tmp/holysheep-key-XXXXXX";
    const int fd = mkstemp(path);
    REQUIRE(fd >= 0);
    path_ = path;
    std::fclose(fdopen(fd, "w"));
  }
  ~KeyFile() { std::remove(path_.c_str()); }
  KeyFile(const KeyFile&) = delete;
  KeyFile& operator=(const KeyFile&) = delete;
  void write(std::string_view key) { std::ofstream(path_, std::ios::trunc) << key << "\n"; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// The mock's configuration, whose key is in the file instead.
std::string config_with(const Mock& mock, const KeyFile& file) {
  std::string config = mock.config();
  const std::string text = R"("api_key":"mock-key")";
  const std::size_t place = config.find(text);
  REQUIRE(place != std::string::npos);
  return config.replace(place, text.size(), R"("api_key":{"file":")" + file.path() + R"("})");
}

}  // namespace

TEST_CASE("own key: a 429 sends the call elsewhere, and closes nothing for the client's key") {
  Mock mock(three(R"({"replies":[{"status":429,"headers":{"Retry-After":"30"}}]})"));
  Client client(mock.config());
  const std::string body = chat();
  const Outcome outcome = client.call(with_own_key(body));
  REQUIRE(outcome.route() == "primary:rate_limited,backup-1:ok");
  REQUIRE(client.status_of(0) == "healthy");
  REQUIRE(client.call().endpoint() == "primary");
}

TEST_CASE("own key: limited everywhere, the call waits as the hint says and never hammers") {
  const char* limited = R"({"replies":[{"status":429,"headers":{"Retry-After":"30"}}]})";
  Mock mock(three(limited, limited, limited));
  Client client(mock.config(R"(,"time_limits":{"total_ms":5000})"));
  const std::string body = chat();
  const Outcome outcome = client.call(with_own_key(body));
  REQUIRE(outcome.status == HOLYSHEEP_E_RATE_LIMIT);
  REQUIRE(outcome.retry_after_ms > 29'000);
  REQUIRE(mock.count() == 3);
}

TEST_CASE("own key: the limits of the client's key are not its limits") {
  Mock mock(three(R"({"replies":[{"status":429,"headers":{"Retry-After":"30"}}]})"));
  Client client(mock.config());
  REQUIRE(client.call().route() == "primary:rate_limited,backup-1:ok");
  const std::string body = chat();
  REQUIRE(client.call(with_own_key(body)).endpoint() == "primary");
  // And its success says nothing of the client's.
  REQUIRE(client.status_of(0) == "rate_limited");
}

TEST_CASE("key file: a key that is rotated is used within a second, without a 401") {
  Mock mock(R"({"version":1,"endpoints":[{"name":"primary"}]})");
  KeyFile file;
  file.write("key-one-1234");
  Client client(config_with(mock, file));
  client.call();
  file.write("key-two-5678");
  client.advance(1'001);
  client.call();
  const Json requests = mock.requests();
  REQUIRE(requests.text("/0/key") == "key-one-1234");
  REQUIRE(requests.text("/1/key") == "key-two-5678");
}

TEST_CASE("key file: a file that has not changed leaves alone what the program has set") {
  Mock mock(R"({"version":1,"endpoints":[{"name":"primary"}]})");
  KeyFile file;
  file.write("key-one-1234");
  Client client(config_with(mock, file));
  holysheep_error error = HOLYSHEEP_ERROR_INIT;
  REQUIRE(holysheep_client_set_key(client.get(), nullptr, 0, "key-set-9999", HOLYSHEEP_SIZE_NUL,
                                   &error) == HOLYSHEEP_OK);
  client.advance(1'001);
  client.call();
  REQUIRE(mock.requests().text("/0/key") == "key-set-9999");
}

TEST_CASE("keys: a refused client's key leads to an endpoint that needs none") {
  Mock mock(three(R"({"default":{"status":401}})"));
  std::string config = mock.config();
  const std::string name = R"("name":"backup-1")";
  const std::size_t place = config.find(name);
  REQUIRE(place != std::string::npos);
  config.insert(place, R"("auth":"none",)");
  Client client(config);
  REQUIRE(client.call().route() == "primary:auth,backup-1:ok");
}

TEST_CASE("keys: who opens a configuration later gets its key, not one that was set since") {
  Mock mock(R"({"version":1,"endpoints":[{"name":"primary"}]})");
  Client first(mock.config());
  holysheep_error error = HOLYSHEEP_ERROR_INIT;
  REQUIRE(holysheep_client_set_key(first.get(), nullptr, 0, "key-set-9999", HOLYSHEEP_SIZE_NUL,
                                   &error) == HOLYSHEEP_OK);
  first.call();
  Client second(mock.config());
  second.call();
  const Json requests = mock.requests();
  REQUIRE(requests.text("/0/key") == "key-set-9999");
  REQUIRE(requests.text("/1/key") == "mock-key");
}

TEST_CASE("secrets: a provider that echoes keys puts them neither into logs nor into errors") {
  const char* echo =
      R"({"default":{"status":401,"headers":{"x-request-id":"req mock-key","x-seen":"a-key-of-its-own"},)"
      R"("body":{"error":{"message":"Incorrect API key provided: a-key-of-its-own","code":"mock-key"}}}})";
  const char* served =
      R"({"default":{"body":{"id":"x","object":"chat.completion","model":"mock-key",)"
      R"("choices":[{"index":0,"message":{"role":"assistant","content":"hi"},)"
      R"("finish_reason":"stop"}]}}})";
  Mock mock(three(echo, served));
  Client client(mock.config());
  holysheep_queue* logs = nullptr;
  REQUIRE(holysheep_queue_new(&logs) == HOLYSHEEP_OK);
  REQUIRE(holysheep_client_log(client.get(), logs, HOLYSHEEP_LOG_DEBUG) == HOLYSHEEP_OK);
  const std::string body = chat();
  const Outcome refused = client.call(with_own_key(body));
  REQUIRE(refused.status == HOLYSHEEP_E_AUTHENTICATION);
  const Outcome other = client.call(body, R"({"endpoint":"backup-1"})");
  REQUIRE(other.status == HOLYSHEEP_OK);
  REQUIRE(refused.body.find("Incorrect API key provided") != std::string::npos);
  std::string seen = refused.message + refused.body + refused.meta + other.meta;
  holysheep_batch* batch = nullptr;
  REQUIRE(holysheep_queue_drain(logs, 0, kPatienceMs, &batch) == HOLYSHEEP_OK);
  for (std::size_t i = 0; i < holysheep_batch_count(batch); ++i) {
    holysheep_event event = HOLYSHEEP_EVENT_INIT;
    holysheep_batch_event(batch, i, &event);
    seen.append(event.data, event.data_size);
  }
  holysheep_batch_free(batch);
  holysheep_queue_free(logs);
  INFO(seen);
  REQUIRE(seen.find("attempt failed") != std::string::npos);
  REQUIRE(seen.find("mock-key") == std::string::npos);
  REQUIRE(seen.find("a-key-of-its-own") == std::string::npos);
}
