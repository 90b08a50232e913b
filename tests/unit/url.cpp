// Where an attempt goes: which query parameters it has.
#include "core/url.h"

#include <catch2/catch_test_macros.hpp>

namespace holysheep {
namespace {

TEST_CASE("a parameter of the request takes the place of the configured one") {
  EndpointConfig endpoint;
  endpoint.base_url = "https://api.example/v1";
  endpoint.query = {{"api-version", "7"}, {"a b", "c"}};
  const auto url = [&](std::string_view path) { return endpoint_url(endpoint, path, "m"); };
  CHECK(url("/x") == "https://api.example/v1/x?api-version=7&a%20b=c");
  CHECK(url("/x?api-version=8") == "https://api.example/v1/x?api-version=8&a%20b=c");
  CHECK(url("/x?q=1&api-version") == "https://api.example/v1/x?q=1&api-version&a%20b=c");
  CHECK(url("/x?a%20b=&q=api-version=9") ==
        "https://api.example/v1/x?a%20b=&q=api-version=9&api-version=7");
  CHECK(url("/x?api-version-2=1") ==
        "https://api.example/v1/x?api-version-2=1&api-version=7&a%20b=c");
  // However it is written, and as a list or an object too.
  CHECK(url("/x?api%2Dversion%5B%5D=8&a+b[c]=d") ==
        "https://api.example/v1/x?api%2Dversion%5B%5D=8&a+b[c]=d");
  CHECK(url("/x?%zz&%") == "https://api.example/v1/x?%zz&%&api-version=7&a%20b=c");
  CHECK(url("/x?") == "https://api.example/v1/x?api-version=7&a%20b=c");
}

TEST_CASE("a template's {path} has no query: that comes behind the template") {
  EndpointConfig endpoint;
  endpoint.base_url = "https://api.example";
  const auto url = [&](std::string_view path) { return endpoint_url(endpoint, path, "m"); };
  endpoint.path = "/d{path}/x";
  CHECK(url("/y?b=2") == "https://api.example/d/y/x?b=2");
  CHECK(url("/y") == "https://api.example/d/y/x");
  endpoint.query = {{"v", "2"}};
  CHECK(url("/y?b=2") == "https://api.example/d/y/x?b=2&v=2");
  endpoint.path = "/{model}{path}?w=1";
  CHECK(url("/y?b=2") == "https://api.example/m/y?w=1&b=2&v=2");
  CHECK(url("/y") == "https://api.example/m/y?w=1&v=2");
}

}  // namespace
}  // namespace holysheep
