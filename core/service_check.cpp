#include "core/service_check.h"

#include <algorithm>

#include "core/call_report.h"
#include "core/engine_host.h"
#include "core/headers.h"
#include "core/json.h"
#include "core/request.h"

namespace holysheep {
namespace {

std::string config_for(std::string_view url, std::size_t path) {
  JsonWriter json;
  json.begin_object().member("version", 1).member("isolated", true);
  json.key("endpoints").begin_array().begin_object();
  json.member("name", "status-page").member("url", url.substr(0, path));
  json.member("auth", "none").member("allow_insecure", true).end_object().end_array();
  json.key("retry").begin_object().member("max_attempts", 1).end_object();
  json.member("max_wait_ms", 0).end_object();
  return json.take();
}

void text_or_null(JsonWriter& json, std::string_view name, std::string_view text) {
  json.key(name);
  if (text.empty()) {
    json.null();
  } else {
    json.value(text);
  }
}

// The form that hosted status pages have in common: {"status": {"indicator": "none", …}}.
std::string result_json(std::string_view url, const Completion& done) {
  std::string indicator;
  std::string description;
  if (const auto page = JsonDocument::parse(done.data, "status page", Status::response);
      page.ok()) {
    const JsonValue status = page.value().root().member("status");
    indicator = status.member("indicator").string_or("");
    description = status.member("description").string_or("");
  }
  const bool answered = is_success(done.http_status);
  JsonWriter json;
  json.begin_object().member("url", url);
  json.member("ok", answered && (indicator.empty() || indicator == "none"));
  json.member("http_status", done.http_status);
  text_or_null(json, "indicator", indicator);
  text_or_null(json, "description", description);
  json.member("took_ms", done.report == nullptr ? std::int64_t{0} : to_ms(done.report->took));
  text_or_null(json, "error", answered ? std::string_view() : std::string_view(done.name));
  json.end_object();
  return json.take();
}

}  // namespace

Result<std::string> check_service(std::string_view url, std::int64_t timeout_ms,
                                  const Environment& environment) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) {
    return Error{Status::invalid_argument, "url: expected a URL that begins with https://"};
  }
  const std::size_t path = std::min(url.find('/', scheme + 3), url.size());
  auto config = parse_config(config_for(url, path), environment);
  if (!config) return Error{Status::invalid_argument, "url: " + config.error().message};
  auto opened = EngineHost::open(std::move(config).value());
  if (!opened) return opened.error();
  const auto [host, handle] = std::move(opened).value();
  RequestInput input;
  input.method = "GET";
  input.path = path == url.size() ? "/" : url.substr(path);
  input.timeout_ms = timeout_ms;
  Result<Request> request = make_request(input, host->engine().config());
  const auto queue = std::make_shared<Queue>();
  Error error;
  CallId id = 0;
  std::vector<Completion> done;
  if (!request) {
    error = request.error();
  } else if (host->engine().submit(std::move(request).value(), queue, 0, handle, &id, &error) ==
             Status::ok) {
    while (done.empty() || done.back().kind != Completion::Kind::done)
      queue->drain(0, -1, done);
  }
  host->close(handle);
  if (done.empty()) return error;
  return result_json(url, done.back());
}

}  // namespace holysheep
