// Names that traces, vectors and metrics depend on: each word once, and back.
#include <catch2/catch_test_macros.hpp>
#include <set>
#include <string>

#include "core/result.h"
#include "core/transport_error.h"
#include "core/verdict.h"

namespace holysheep {
namespace {

TEST_CASE("Every verdict has a name of its own that leads back to it") {
  std::set<std::string_view> names;
  for (int i = 0; i < kVerdictCount; ++i) {
    const Verdict verdict = static_cast<Verdict>(i);
    CHECK(names.insert(name_of(verdict)).second);
    CHECK(verdict_from_name(name_of(verdict)) == verdict);
  }
  CHECK(name_of(Verdict::rate_limited) == "rate_limited");
  CHECK(name_of(Verdict::cancelled) == "cancelled");
  CHECK_FALSE(verdict_from_name("").has_value());
  CHECK_FALSE(verdict_from_name("Ok").has_value());
}

TEST_CASE("Dimensions, time limits and transport errors are named as the contract writes them") {
  CHECK(name_of(LimitDimension::unknown) == "unknown");
  CHECK(name_of(LimitDimension::concurrency) == "concurrency");
  CHECK(name_of(TimeLimit::first_token) == "first_token");
  CHECK(name_of(TimeLimit::total) == "total");
  CHECK(name_of(TransportError::none) == "none");
  CHECK(name_of(TransportError::reused_dead) == "reused_dead");
  CHECK(name_of(TransportError::local_files) == "local_files");
}

TEST_CASE("An HTTP status becomes the error class that the OpenAI SDKs give it") {
  CHECK(status_from_http(400) == Status::bad_request);
  CHECK(status_from_http(401) == Status::authentication);
  CHECK(status_from_http(402) == Status::api_status);
  CHECK(status_from_http(403) == Status::permission_denied);
  CHECK(status_from_http(404) == Status::not_found);
  CHECK(status_from_http(409) == Status::conflict);
  CHECK(status_from_http(413) == Status::bad_request);
  CHECK(status_from_http(422) == Status::unprocessable_entity);
  CHECK(status_from_http(429) == Status::rate_limit);
  CHECK(status_from_http(500) == Status::internal_server);
  CHECK(status_from_http(529) == Status::internal_server);
  CHECK(status_from_http(599) == Status::internal_server);
  CHECK(status_from_http(302) == Status::api_status);
  CHECK(status_from_http(0) == Status::api_status);
}

TEST_CASE("A status is named by its constant in lower case") {
  CHECK(std::string(status_name(Status::ok)) == "ok");
  CHECK(std::string(status_name(Status::rate_limit)) == "rate_limit");
  CHECK(std::string(status_name(Status::no_route)) == "no_route");
  CHECK(std::string(status_name(static_cast<Status>(-12345))) == "unknown");
}

}  // namespace
}  // namespace holysheep
