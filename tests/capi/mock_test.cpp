// holysheep_mock.h through the shared library, with a client against it.
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "holysheep_mock.h"

namespace {

struct MockFree {
  void operator()(holysheep_mock* mock) const { holysheep_mock_free(mock); }
};
struct ClientFree {
  void operator()(holysheep_client* client) const { holysheep_client_free(client); }
};
using Mock = std::unique_ptr<holysheep_mock, MockFree>;
using Client = std::unique_ptr<holysheep_client, ClientFree>;
using MakeText = holysheep_status (*)(holysheep_mock*, holysheep_text**);

Mock open_mock(const char* script) {
  holysheep_mock* mock = nullptr;
  holysheep_error error = HOLYSHEEP_ERROR_INIT;
  const holysheep_status status = holysheep_mock_open(script, HOLYSHEEP_SIZE_NUL, &mock, &error);
  INFO(error.message);
  REQUIRE(status == HOLYSHEEP_OK);
  return Mock(mock);
}

std::string text_of(holysheep_mock* mock, MakeText make) {
  holysheep_text* text = nullptr;
  REQUIRE(make(mock, &text) == HOLYSHEEP_OK);
  std::string out(holysheep_text_data(text), holysheep_text_size(text));
  holysheep_text_free(text);
  return out;
}

Client open_client(holysheep_mock* mock) {
  const std::string config = text_of(mock, holysheep_mock_config);
  holysheep_client* client = nullptr;
  holysheep_error error = HOLYSHEEP_ERROR_INIT;
  const holysheep_status status =
      holysheep_client_open(config.data(), config.size(), &client, &error);
  INFO(error.message);
  REQUIRE(status == HOLYSHEEP_OK);
  return Client(client);
}

holysheep_status call(holysheep_client* client) {
  holysheep_request request = HOLYSHEEP_REQUEST_INIT;
  request.body = "{\"model\":\"gpt-4.1\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}";
  holysheep_batch* batch = nullptr;
  const holysheep_status status = holysheep_call(client, &request, &batch, nullptr);
  holysheep_batch_free(batch);
  return status;
}

}  // namespace

TEST_CASE("the header's example works: a limited primary, a backup that answers", "[mock]") {
  const Mock mock = open_mock(
      "{\"version\": 1, \"endpoints\": ["
      "  {\"name\": \"primary\", \"replies\": [{\"status\": 429, "
      "\"headers\": {\"Retry-After\": \"30\"}}]},"
      "  {\"name\": \"backup-1\"}]}");
  const Client client = open_client(mock.get());
  CHECK(call(client.get()) == HOLYSHEEP_OK);
  CHECK(holysheep_mock_count(mock.get(), "primary", HOLYSHEEP_SIZE_NUL) == 1);
  CHECK(holysheep_mock_count(mock.get(), "backup-1", HOLYSHEEP_SIZE_NUL) == 1);
  CHECK(holysheep_mock_await(mock.get(), nullptr, 0, 2, 1000) == HOLYSHEEP_OK);
  const std::string requests = text_of(mock.get(), holysheep_mock_requests);
  CHECK(requests.find("\"status\":429") != std::string::npos);
  CHECK(requests.find("\"key\":\"mock-key\"") != std::string::npos);
}

TEST_CASE("the clock of client and mock moves together", "[mock]") {
  const Mock mock = open_mock(
      "{\"version\": 1, \"endpoints\": [{\"family\": \"openai\", \"limits\": {\"rpm\": 1}}]}");
  const Client client = open_client(mock.get());
  REQUIRE(call(client.get()) == HOLYSHEEP_OK);
  for (int i = 2; i < 5; ++i) {
    REQUIRE(holysheep_mock_clock_advance(client.get(), 61'000) == HOLYSHEEP_OK);
    REQUIRE(call(client.get()) == HOLYSHEEP_OK);
    CHECK(holysheep_mock_count(mock.get(), nullptr, 0) == i);
  }
  CHECK(holysheep_mock_clock_advance(client.get(), -1) == HOLYSHEEP_E_INVALID_ARGUMENT);
  CHECK(holysheep_mock_clock_advance(nullptr, 1) == HOLYSHEEP_E_INVALID_ARGUMENT);
}

TEST_CASE("a client verifies a mock that serves TLS", "[mock]") {
  const Mock mock = open_mock("{\"version\": 1, \"endpoints\": [{\"tls\": true}]}");
  const Client client = open_client(mock.get());
  CHECK(call(client.get()) == HOLYSHEEP_OK);
}

TEST_CASE("a mock's script is replaced while it runs", "[mock]") {
  const Mock mock = open_mock("");
  holysheep_error error = HOLYSHEEP_ERROR_INIT;
  CHECK(holysheep_mock_set(mock.get(), "primary", HOLYSHEEP_SIZE_NUL, "{\"key\": \"other\"}",
                           HOLYSHEEP_SIZE_NUL, &error) == HOLYSHEEP_OK);
  const Client client = open_client(mock.get());
  CHECK(call(client.get()) == HOLYSHEEP_E_AUTHENTICATION);
  CHECK(holysheep_mock_set(mock.get(), "nobody", HOLYSHEEP_SIZE_NUL, "{}", HOLYSHEEP_SIZE_NUL,
                           &error) == HOLYSHEEP_E_INVALID_ARGUMENT);
  CHECK(error.status == HOLYSHEEP_E_INVALID_ARGUMENT);
  CHECK(holysheep_mock_set(mock.get(), "primary", HOLYSHEEP_SIZE_NUL, "{\"kee\": 1}",
                           HOLYSHEEP_SIZE_NUL, &error) == HOLYSHEEP_E_CONFIG);
  CHECK(std::string_view(error.message).find("\"key\"") != std::string_view::npos);
}

TEST_CASE("a script's mistake is a status with a message, and opens nothing", "[mock]") {
  holysheep_mock* mock = nullptr;
  holysheep_error error = HOLYSHEEP_ERROR_INIT;
  CHECK(holysheep_mock_open("{\"version\": 2}", HOLYSHEEP_SIZE_NUL, &mock, &error) ==
        HOLYSHEEP_E_CONFIG);
  CHECK(mock == nullptr);
  CHECK(std::string_view(error.message).find("version") != std::string_view::npos);
}

TEST_CASE("nothing of the mock crashes on NULL", "[mock]") {
  holysheep_text* text = nullptr;
  const Mock mock = open_mock("");
  CHECK(holysheep_mock_open("", 0, nullptr, nullptr) == HOLYSHEEP_E_INVALID_ARGUMENT);
  holysheep_mock* opened = nullptr;
  CHECK(holysheep_mock_open(nullptr, 5, &opened, nullptr) == HOLYSHEEP_E_INVALID_ARGUMENT);
  CHECK(holysheep_mock_open(nullptr, 0, &opened, nullptr) == HOLYSHEEP_OK);
  holysheep_mock_free(opened);
  holysheep_mock_free(nullptr);
  CHECK(holysheep_mock_config(nullptr, &text) == HOLYSHEEP_E_INVALID_ARGUMENT);
  CHECK(holysheep_mock_config(mock.get(), nullptr) == HOLYSHEEP_E_INVALID_ARGUMENT);
  CHECK(holysheep_mock_requests(nullptr, &text) == HOLYSHEEP_E_INVALID_ARGUMENT);
  CHECK(holysheep_mock_count(nullptr, nullptr, 0) == -1);
  CHECK(holysheep_mock_count(mock.get(), "nobody", HOLYSHEEP_SIZE_NUL) == -1);
  CHECK(holysheep_mock_await(nullptr, nullptr, 0, 1, 1) == HOLYSHEEP_E_INVALID_ARGUMENT);
  CHECK(holysheep_mock_await(mock.get(), "nobody", HOLYSHEEP_SIZE_NUL, 1, 1) ==
        HOLYSHEEP_E_INVALID_ARGUMENT);
  CHECK(holysheep_mock_await(mock.get(), nullptr, 0, 1, 1) == HOLYSHEEP_E_WAIT);
  CHECK(holysheep_mock_set(nullptr, nullptr, 0, "{}", 2, nullptr) == HOLYSHEEP_E_INVALID_ARGUMENT);
}

TEST_CASE("a forked child is told that the mock is its parent's", "[mock]") {
  holysheep_mock* mock = open_mock("").release();
  const pid_t child = fork();
  if (child == 0) {
    holysheep_text* text = nullptr;
    const bool refused = holysheep_mock_config(mock, &text) == HOLYSHEEP_E_FORKED;
    holysheep_mock_free(mock);
    _exit(refused ? 0 : 1);
  }
  int status = -1;
  waitpid(child, &status, 0);
  CHECK(status == 0);
  const Client client = open_client(mock);
  CHECK(call(client.get()) == HOLYSHEEP_OK);
  holysheep_mock_free(mock);
}
