// The head of a request: method, path, headers, time limit, options. Everything that could change
// where the request goes, or smuggle a second one, is refused here.
#include "core/request.h"

#include <algorithm>
#include <array>

#include "core/config_secrets.h"
#include "core/headers.h"
#include "core/http_field.h"
#include "core/json.h"
#include "core/request_body.h"
#include "core/state_places.h"
#include "core/trim.h"

namespace holysheep {
namespace {

// Far above what anybody sends; servers refuse less (8 KiB to 64 KiB in all).
constexpr std::size_t kPathBytesMax = 8 * 1024;
constexpr std::size_t kHeaderBytesMax = 64 * 1024;
constexpr std::size_t kMethodBytesMax = 32;
// As the table's: a longer limit is a mistake in the unit.
constexpr std::int64_t kTimeoutMsMax = 30LL * 24 * 3600 * 1000;

// What may stand around a header's value (RFC 9110 5.6.3): no line break.
constexpr std::string_view kHeaderSpace = " \t";

// Headers that carry a credential of the caller's own.
constexpr std::array<std::string_view, 5> kCredentialHeaders = {
    {"Authorization", "api-key", "x-api-key", "x-goog-api-key", "ocp-apim-subscription-key"}};

Error request_error(std::string_view field, std::string_view complaint) {
  return Error{Status::request, std::string(field).append(": ").append(complaint)};
}

std::optional<Error> check_method(std::string_view method) {
  if (!is_token(method) || method.size() > kMethodBytesMax) {
    return request_error("method", "expected an HTTP method, as in \"POST\"");
  }
  if (equals_ignore_case(method, "CONNECT") || equals_ignore_case(method, "TRACE")) {
    return request_error("method", "CONNECT and TRACE are no requests to an API");
  }
  return std::nullopt;
}

// A . or .. that a server would resolve, plain or percent-encoded.
bool is_dot_segment(std::string_view segment) {
  std::string plain;
  while (!segment.empty()) {
    const bool encoded = segment.size() >= 3 && equals_ignore_case(segment.substr(0, 3), "%2e");
    plain += encoded ? '.' : segment.front();
    segment.remove_prefix(encoded ? 3 : 1);
  }
  return plain == "." || plain == "..";
}

std::optional<Error> check_path(std::string_view path) {
  if (path.find("://") < path.find('/')) {
    return request_error("path", "expected a path below the endpoint's base URL, not a URL");
  }
  if (path.empty() || path.front() != '/') {
    return request_error("path", "expected a path that begins with /");
  }
  if (path.substr(0, 2) == "//") return request_error("path", "begins with two slashes");
  if (path.size() > kPathBytesMax) return request_error("path", "is longer than 8192 bytes");
  const bool bad = std::any_of(path.begin(), path.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte <= 0x20 || byte >= 0x7f || c == '\\' || c == '"' || c == '<' || c == '>';
  });
  if (bad) return request_error("path", "holds a character that must be percent-encoded");
  if (path.find('#') != std::string_view::npos) return request_error("path", "has a fragment (#…)");
  std::string_view rest = path.substr(0, path.find('?'));
  while (!rest.empty()) {
    rest.remove_prefix(1);  // the slash
    const std::string_view segment = rest.substr(0, rest.find('/'));
    if (is_dot_segment(segment)) return request_error("path", "has a . or .. segment");
    rest.remove_prefix(segment.size());
  }
  return std::nullopt;
}

std::optional<Error> read_header(std::string_view line, std::size_t number, Request& request) {
  const std::string where = "headers: line " + std::to_string(number);
  const std::size_t colon = line.find(':');
  const std::string_view name = line.substr(0, colon);
  if (colon == std::string_view::npos || !is_token(name)) {
    return request_error(where, "expected \"Name: value\"");
  }
  const std::string_view value = trim(line.substr(colon + 1), kHeaderSpace);
  const std::string field = where + ": " + std::string(name);
  if (!is_field_value(value)) return request_error(field, "holds a control character");
  if (value.empty()) return request_error(field, "has no value");
  if (const std::string_view refusal = header_refusal(name); !refusal.empty()) {
    return request_error(field, "cannot be set: it " + std::string(refusal));
  }
  if (equals_ignore_case(name, "Content-Type")) {
    if (!request.content_type.empty()) return request_error(field, "is given twice");
    request.content_type = value;
    return std::nullopt;
  }
  for (const std::string_view credential : kCredentialHeaders) {
    if (!equals_ignore_case(name, credential)) continue;
    request.own_credential = true;
    add_header_secret(request.secrets, value);
    finish_secrets(request.secrets);
  }
  request.headers.push_back(std::string(name).append(": ").append(value));
  return std::nullopt;
}

std::optional<Error> read_headers(std::string_view lines, Request& request) {
  if (lines.size() > kHeaderBytesMax) return request_error("headers", "are longer than 64 KiB");
  std::size_t number = 0;
  while (!lines.empty()) {
    const std::size_t end = std::min(lines.find('\n'), lines.size());
    std::string_view line = lines.substr(0, end);
    lines.remove_prefix(std::min(end + 1, lines.size()));
    ++number;
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (line.empty()) continue;
    if (auto error = read_header(line, number, request)) return error;
  }
  return std::nullopt;
}

std::optional<Error> check_content_type(const RequestInput& input, Request& request) {
  if (request.content_type.empty()) {
    if (input.has_body) request.content_type = "application/json";
    return std::nullopt;
  }
  const std::string_view type = trim(request.content_type, kHeaderSpace);
  const std::size_t slash = type.find('/');
  const std::size_t end = std::min(type.find_first_of("; "), type.size());
  const bool good = is_field_value(type) && slash != std::string_view::npos && slash < end &&
                    is_token(type.substr(0, slash)) &&
                    is_token(type.substr(slash + 1, end - slash - 1));
  if (!good) {
    return request_error("content_type", "expected a media type, as in \"application/json\"");
  }
  return std::nullopt;
}

std::optional<Error> read_total(const RequestInput& input, Request& request) {
  if (input.timeout_ms < -1 || input.timeout_ms > kTimeoutMsMax) {
    return request_error("timeout_ms",
                         "expected -1 (none), 0 (the client's) or up to 2592000000 (30 days)");
  }
  request.total = request.options.time_limits.total;
  if (input.timeout_ms == -1) request.total = 0;
  if (input.timeout_ms > 0) request.total = from_ms(input.timeout_ms);
  return std::nullopt;
}

Replay replay_of(const Request& request, const ReplayFacts& facts) {
  const auto& asked = request.options.replay;
  if (!asked) return replay_class(request.method, request.path, facts);
  for (const Replay replay : {Replay::free, Replay::bound}) {
    if (*asked == name_of(replay)) return replay;
  }
  return Replay::once;
}

// An endpoint whose URL names the model cannot take a request that does not.
std::optional<Error> check_model(const Request& request, const Config& config) {
  if (!request.model.empty()) return std::nullopt;
  for (const EndpointConfig& endpoint : config.endpoints) {
    const bool needed = endpoint.path.find("{model}") != std::string::npos &&
                        is_allowed(endpoint, config.allow) &&
                        is_allowed(endpoint, request.options.allow);
    if (!needed) continue;
    return request_error("body.model",
                         "is missing; the path of endpoint \"" + endpoint.name + "\" needs it");
  }
  return std::nullopt;
}

}  // namespace

Result<Request> make_request(const RequestInput& input, const Config& config) {
  Request request;
  request.delivery = input.delivery;
  if (auto error = check_method(input.method)) return *error;
  request.method = input.method;
  if (auto error = check_path(input.path)) return *error;
  request.path = input.path;
  request.dialect = dialect_of(request.method, request.path);
  request.content_type = input.content_type;
  if (auto error = read_headers(input.headers, request)) return *error;
  if (auto error = check_content_type(input, request)) return *error;
  auto options = parse_call_options(input.options, config);
  if (!options.ok()) return options.error();
  request.options = std::move(options).value();
  if (auto error = read_total(input, request)) return *error;
  ReplayFacts facts;
  if (auto error = read_request_body(input, config, request, facts)) return *error;
  if (auto error = check_model(request, config)) return *error;
  request.replay = replay_of(request, facts);
  if (request.replay == Replay::bound) {
    request.state_ids = ids_of_path(request.path);
    for (std::string& id : facts.state_ids)
      request.state_ids.push_back(std::move(id));
  }
  return request;
}

}  // namespace holysheep
