// The classifier's tables: what each word of a provider means. Ordered; within a table the first
// row that fits decides. classify.cpp walks them in the precedence of ALGORITHMS 3.7.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "core/transport_error.h"
#include "core/verdict.h"

namespace holysheep {

// Which statuses a row is for. In-band errors have the status that their typed fields name, if any.
enum StatusSet : std::uint16_t {
  kStatusUnknown = 1U << 0,  // in-band, and nothing names a status
  kStatus400 = 1U << 1,      // 400 and the like: 412, 422
  kStatus402 = 1U << 2,
  kStatus403 = 1U << 3,
  kStatus404 = 1U << 4,
  kStatus413 = 1U << 5,
  kStatus429 = 1U << 6,
  kStatus5xx = 1U << 7,
  kStatusOther = 1U << 8,
  kAnyStatus = 0xFFFF,
};
StatusSet status_set(int status);

// When quota comes back if nothing says so: the provider's calendar.
enum class Reset : std::uint8_t { none, utc_day, utc_month, pacific_day };

struct Rule {
  std::string_view text;  // the whole word in typed tables; a part of the message in message tables
  std::string_view also = {};  // message tables: and this part
  unsigned statuses = kAnyStatus;
  Verdict verdict = Verdict::invalid_request;
  LimitDimension dimension = LimitDimension::unknown;
  Reset reset = Reset::none;
  bool whole_credential = false;
  // The word names a family only: message patterns may say more ("Request too large" within
  // rate_limit_exceeded).
  bool family = false;
};

struct TransportRule {
  TransportError error;
  Verdict verdict;
  // The verdict if the answer's header had come already.
  Verdict inside;
  std::string_view message;
};

struct StatusRule {
  int first;
  int last;
  Verdict verdict;
  std::string_view name;
  bool whole_credential = false;
};

// Typed fields, strongest first.
std::span<const Rule> error_type_rules();    // OpenRouter's metadata.error_type
std::span<const Rule> limit_source_rules();  // OpenRouter's metadata.limit_source
std::span<const Rule>
detail_code_rules();                   // Anthropic's details.error_code, Azure's innererror.code
std::span<const Rule> reason_rules();  // google.rpc.ErrorInfo.reason, errors[].reason
std::span<const Rule> code_rules();    // error.code
std::span<const Rule> type_rules();    // error.type
std::span<const Rule> status_name_rules();  // google.rpc status
// Lower-case parts of messages.
std::span<const Rule> message_rules();

const TransportRule& transport_rule(TransportError error);
const StatusRule& status_rule(int status);

}  // namespace holysheep
