// TLS with an authority of the pool's own.
#include <sys/stat.h>

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "tests/unit/mock_client.h"

using namespace holysheep;
using namespace holysheep::mock_test;

namespace {

constexpr std::string_view kScript =
    R"({"version":1,"endpoints":[{"tls":true},{"tls":true,"host":"localhost"},{}]})";

}  // namespace

TEST_CASE("a client that trusts the pool's authority is served over TLS", "[mock]") {
  const auto pool = open_pool(kScript);
  Ask ask = streamed();
  ask.ca_file = pool->ca_file();
  Client client;
  for (const char* const name : {"primary", "backup-1"}) {
    for (int i = 0; i < 2; ++i) {
      const Answer answer = client.send(pool->url(name), ask);
      REQUIRE(answer.code == CURLE_OK);
      CHECK(answer.body.ends_with("data: [DONE]\n\n"));
    }
  }
  CHECK(pool->url("primary").starts_with("https://127.0.0.1:"));
  CHECK(pool->url("backup-1").starts_with("https://localhost:"));
  CHECK(pool->url("backup-2").starts_with("http://127.0.0.1:"));
  CHECK(send(pool->url("backup-2")).status == 200);
}

TEST_CASE("a client that does not know the authority refuses it", "[mock]") {
  const auto pool = open_pool(kScript);
  CHECK(send(pool->url()).code == CURLE_PEER_FAILED_VERIFICATION);
  CHECK(pool->count() == 0);
}

TEST_CASE("the authority's file is private and goes with the pool", "[mock]") {
  auto pool = open_pool(kScript);
  const std::string file = pool->ca_file();
  struct stat status{};
  REQUIRE(stat(file.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777U) == 0600U);
  const JsonDocument config = parsed(pool->client_config());
  const auto endpoints = config.root().member("endpoints").elements();
  CHECK(endpoints.at(0).member("ca_file").string_or("") == file);
  CHECK_FALSE(endpoints.at(2).member("ca_file").exists());
  pool.reset();
  CHECK(stat(file.c_str(), &status) != 0);
}

TEST_CASE("cuts, closes and large bodies work over TLS", "[mock]") {
  const auto pool = open_pool(R"({"version":1,"endpoints":[{"tls":true,"replies":[
      {"cut":"after_headers"},{"cut":{"at":"inside_event","with":"reset"}},
      {"framing":"close"},{"tokens":200000}]}]})");
  Ask ask = streamed();
  ask.ca_file = pool->ca_file();
  CHECK(send(pool->url(), ask).code != CURLE_OK);
  CHECK(send(pool->url(), ask).code != CURLE_OK);
  CHECK(send(pool->url(), ask).code == CURLE_OK);
  ask.timeout_ms = 120'000;  // a sanitizer takes its time over 40 MB of TLS
  const Answer large = send(pool->url(), ask);
  CHECK(large.code == CURLE_OK);
  CHECK(large.body.ends_with("data: [DONE]\n\n"));
}

TEST_CASE("a client that speaks no TLS is dropped", "[mock]") {
  const auto pool = open_pool(kScript);
  RawSocket socket(pool->port("primary"));
  socket.write_request();
  socket.read_to_end();
  CHECK(pool->count() == 0);
}
