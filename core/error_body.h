// The error that an answer's body holds, whatever its shape: `{"error": {…}}`, an array of that,
// `error` as a string, no `error` object at all, JSON inside of a message, HTML, plain text,
// nothing. Only places are known here; what the words mean is classify's table.
//
// All views point into the body or into this object's parsers: it must outlive them, and does not
// move.
#pragma once

#include <simdjson.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace holysheep {

// One violation of google.rpc.QuotaFailure.
struct QuotaViolation {
  std::string_view id;     // "GenerateRequestsPerDayPerProjectPerModel-FreeTier"
  std::string_view value;  // the limit
};

// A text, or a number of the body as text.
class BodyText {
 public:
  std::string_view view() const { return number_size_ != 0 ? number() : text_; }
  bool empty() const { return view().empty(); }
  void set(std::string_view text) {
    text_ = text;
    number_size_ = 0;
  }
  void set(std::int64_t number);
  void set(double number);

 private:
  std::string_view number() const { return {number_.data(), number_size_}; }

  std::string_view text_;
  std::array<char, 32> number_{};
  std::size_t number_size_ = 0;
};

class ErrorBody {
 public:
  // Reads at most kBytesMax of `body`; what is longer, or no JSON, stays text.
  explicit ErrorBody(std::string_view body);
  ErrorBody(const ErrorBody&) = delete;
  ErrorBody& operator=(const ErrorBody&) = delete;

  // An error's text is short; what is longer is a page or a defect, and costs the engine's thread
  // time.
  static constexpr std::size_t kBytesMax = 64 * 1024;

  bool json = false;
  bool html = false;
  std::string_view message;
  BodyText code;
  std::string_view type;
  std::string_view param;
  std::string_view status;  // google.rpc: "RESOURCE_EXHAUSTED"
  std::string_view request_id;
  BodyText retry_after;          // `retry_after`, `resets_in_seconds`, google.rpc.RetryInfo: a wait
  bool retry_info = false;       // … the last of them
  BodyText resets_at;            // an instant
  std::string_view reason;       // google.rpc.ErrorInfo.reason, or errors[0].reason
  std::string_view detail_code;  // Anthropic's details.error_code, Azure's innererror.code
  std::array<QuotaViolation, 8> violations{};
  std::size_t violations_size = 0;
  std::int64_t prompt_tokens = -1;   // llama.cpp: n_prompt_tokens
  std::int64_t context_tokens = -1;  // n_ctx
  // OpenRouter
  std::string_view error_type;
  std::string_view limit_source;
  std::string_view raw;  // the upstream's own words
  BodyText header_limit;
  BodyText header_remaining;
  BodyText header_reset;
  std::string_view availability_code;
  std::optional<bool> retryable;

 private:
  void read_text(std::string_view text, std::size_t depth);
  void read_root(simdjson::dom::element root, std::size_t depth);
  void read_object(simdjson::dom::object object);
  void read_error(simdjson::dom::object error);
  void read_error_member(std::string_view key, simdjson::dom::element value);
  void read_metadata(simdjson::dom::object metadata);
  void read_metadata_header(std::string_view key, simdjson::dom::element value);
  void read_availability(simdjson::dom::object availability);
  void read_detail(simdjson::dom::object detail);

  // The body's JSON, and the JSON inside of its message.
  std::array<simdjson::dom::parser, 2> parsers_;
};

}  // namespace holysheep
