// How each family of providers says no: status, headers and body of its errors, as PROVIDERS.md
// found them in the wild. Data and pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/duration.h"
#include "core/mock/mock_script.h"

namespace holysheep {

enum class MockError : std::uint8_t {
  rate_limit_rpm,
  rate_limit_tpm,
  rate_limit_rpd,
  rate_limit_tpd,
  concurrency,
  too_large,
  insufficient_quota,
  overloaded,
  server_error,
  auth,
  permission,
  model_not_found,
  context_length,
  content_filter,
  invalid_request,
};

// The numbers in an error's text and headers.
struct MockErrorFacts {
  std::int64_t limit = 0;
  std::int64_t used = 0;
  std::int64_t requested = 0;
  Nanos wait = 0;  // until the same request would be served; 0: not said
  std::string model;
};

std::optional<MockFamily> mock_family_named(std::string_view name);
std::string mock_family_names();  // quoted, for messages
std::optional<MockError> mock_error_named(std::string_view name);
std::string mock_error_names();

// Numbers like those of PROVIDERS 1.5, for errors that a script asks for by name.
MockErrorFacts mock_error_facts(MockError error);

// Go's text of a duration, rounded up to milliseconds: "12ms", "8.64s", "7m12s".
std::string go_duration_text(Nanos duration);

// Sets status, headers and body of `reply`.
void apply_mock_error(MockFamily family, MockError error, const MockErrorFacts& facts,
                      MockReply& reply);

}  // namespace holysheep
