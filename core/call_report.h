// What stands beside an answer: where it came from, what was tried and why, what it cost, what went
// wrong. Structs until somebody asks; then one JSON object. Every text is scrubbed of secrets.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/config.h"
#include "core/headers.h"
#include "core/pool.h"
#include "core/price.h"
#include "core/transport_error.h"
#include "core/verdict.h"

namespace holysheep {

// One attempt.
struct TraceLine {
  std::uint32_t endpoint = 0;
  std::string model;
  int status = 0;
  Verdict verdict = Verdict::cancelled;
  LimitDimension dimension = LimitDimension::unknown;
  TimeLimit time_limit = TimeLimit::none;
  TransportError transport = TransportError::none;
  Nanos at = 0;      // since submit
  Nanos waited = 0;  // before this attempt, since the end of the one before
  Nanos took = 0;
  std::string_view why;   // it was chosen
  std::string_view rule;  // of the classifier
  std::vector<PassedOver> others;
};

struct CallReport {
  std::shared_ptr<const Config> config;
  // Keys that were set or read after the configuration; may be null.
  std::shared_ptr<const std::vector<std::string>> later_secrets;
  std::vector<std::string> call_secrets;  // of the credential that the call brought
  std::uint32_t endpoint = 0;
  bool has_endpoint = false;
  std::string model;         // as asked
  std::string model_served;  // as the answer says
  int http_status = 0;
  Headers headers;
  int attempts = 0;
  std::vector<TraceLine> trace;
  Nanos waited = 0;
  Nanos took = 0;
  Usage usage;
  std::optional<NanoUsd> cost;
  bool maybe_billed = false;
  bool failed = false;
  Status status = Status::ok;
  Classification cause;  // of a failed call
  std::string message;   // of a failed call; ours, no prompt
  std::string service;   // what the provider's status page says; "": it was not asked
  std::int64_t retry_after_ms = -1;
};

// Without any secret, configured or later.
std::string scrubbed(const CallReport& report, std::string text, bool was_cut = false);
std::string call_report_json(const CallReport& report);

// What happened, in one line per endpoint: the message of a failed call. Never holds provider
// texts, which may echo the prompt.
std::string describe_failure(const CallReport& report);
// "429 rate_limited (rpm)", "timeout (first_token)", "network (connect)".
std::string describe_attempt(const TraceLine& line);

}  // namespace holysheep
