#include "core/service_check.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "core/call_report.h"
#include "core/engine_host.h"
#include "core/headers.h"
#include "core/json.h"
#include "core/label.h"
#include "core/request.h"
#include "core/utf8.h"

namespace holysheep {
namespace {

// Of a page's own words.
constexpr std::size_t kDescriptionMax = 200;

// Where the path begins; the URL's end if it has none. Nothing if it is no URL.
std::optional<std::size_t> path_begin(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return std::nullopt;
  return std::min(url.find('/', scheme + 3), url.size());
}

void text_or_null(JsonWriter& json, std::string_view name, std::string_view text) {
  json.key(name);
  if (text.empty()) {
    json.null();
  } else {
    json.value(text);
  }
}

struct PageAnswer {
  bool answered = false;  // with 2xx
  bool ok = false;        // … and names no outage
  std::string indicator;
  std::string description;
};

// The form that hosted status pages have in common: {"status": {"indicator": "none", …}}.
PageAnswer read_page(const Completion& done) {
  PageAnswer answer;
  if (const auto page = JsonDocument::parse(done.data, "status page", Status::response);
      page.ok()) {
    const JsonValue status = page.value().root().member("status");
    answer.indicator = status.member("indicator").string_or("");
    answer.description = status.member("description").string_or("");
  }
  answer.answered = is_success(done.http_status);
  answer.ok = answer.answered && (answer.indicator.empty() || answer.indicator == "none");
  return answer;
}

std::string result_json(std::string_view url, const Completion& done) {
  const PageAnswer page = read_page(done);
  JsonWriter json;
  json.begin_object().member("url", url);
  json.member("ok", page.ok);
  json.member("http_status", done.http_status);
  text_or_null(json, "indicator", page.indicator);
  text_or_null(json, "description", page.description);
  json.member("took_ms", done.report == nullptr ? std::int64_t{0} : to_ms(done.report->took));
  text_or_null(json, "error", page.answered ? std::string_view() : std::string_view(done.name));
  json.end_object();
  return json.take();
}

// "the status page https://status.example says: Major outage (major)"
std::string result_line(std::string_view url, const Completion& done) {
  const PageAnswer page = read_page(done);
  std::string line("the status page ");
  line.append(url);
  if (done.http_status == 0) return line + " does not answer";
  if (!page.answered) return line + " answers with HTTP status " + std::to_string(done.http_status);
  if (page.indicator.empty()) return line + " answers";
  const std::string text = as_label(cut_utf8(page.description, kDescriptionMax));
  return line + " says: " + (text.empty() ? "" : text + " ") + "(" +
         as_label(cut_utf8(page.indicator, kDescriptionMax)) + ")";
}

Result<Request> page_request(std::string_view url, std::size_t path, std::int64_t timeout_ms,
                             const Config& config) {
  RequestInput input;
  input.method = "GET";
  input.path = path == url.size() ? "/" : url.substr(path);
  input.timeout_ms = timeout_ms;
  return make_request(input, config);
}

}  // namespace

std::string service_check_config(std::string_view url, std::string_view network) {
  JsonWriter json;
  json.begin_object().member("version", 1).member("isolated", true);
  json.key("endpoints").begin_array().begin_object();
  json.member("name", "status-page").member("url", url.substr(0, path_begin(url).value_or(0)));
  json.member("auth", "none").member("allow_insecure", true).end_object().end_array();
  json.key("retry").begin_object().member("max_attempts", 1).end_object();
  json.member("max_wait_ms", 0).end_object();
  std::string config = json.take();
  config.pop_back();
  return config.append(network) + "}";
}

Result<std::string> check_service(std::string_view url, std::int64_t timeout_ms,
                                  const Environment& environment) {
  const std::optional<std::size_t> path = path_begin(url);
  if (!path) {
    return Error{Status::invalid_argument, "url: expected a URL that begins with https://"};
  }
  auto config = parse_config(service_check_config(url, {}), environment);
  if (!config) return Error{Status::invalid_argument, "url: " + config.error().message};
  auto opened = EngineHost::open(std::move(config).value());
  if (!opened) return opened.error();
  const auto [host, handle] = std::move(opened).value();
  Result<Request> request = page_request(url, *path, timeout_ms, host->engine().config());
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

ServiceAsker::ServiceAsker(Engine& engine, std::string url, Told told)
    : engine_(engine), url_(std::move(url)), told_(std::move(told)) {
  queue_->set_notify(&ServiceAsker::take_answer, this);
}

ServiceAsker::~ServiceAsker() {
  queue_->set_notify(nullptr, nullptr);
}

// Where the request cannot be made nobody is told, and who waits waits for nothing, in bounds.
void ServiceAsker::ask() {
  Result<Request> request =
      page_request(url_, path_begin(url_).value_or(url_.size()), kServiceCheckMs, engine_.config());
  if (!request) return;
  CallId id = 0;
  Error error;
  engine_.submit(std::move(request).value(), queue_, 0, 0, &id, &error);
}

void ServiceAsker::take_answer(void* self) {
  ServiceAsker& asker = *static_cast<ServiceAsker*>(self);
  std::vector<Completion> answers;
  asker.queue_->drain(0, 0, answers);
  for (const Completion& each : answers) {
    if (each.kind == Completion::Kind::done) asker.told_(result_line(asker.url_, each));
  }
}

}  // namespace holysheep
