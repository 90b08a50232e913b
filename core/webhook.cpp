#include "core/webhook.h"

#include "core/engine.h"
#include "core/json.h"
#include "core/request.h"

namespace holysheep {
namespace {

// Where the path begins; the URL's end if it has none.
std::size_t path_begin(std::string_view url) {
  const std::size_t host = url.find("://");
  return std::min(url.find('/', host == std::string_view::npos ? 0 : host + 3), url.size());
}

}  // namespace

std::string webhook_config(std::string_view url) {
  JsonWriter json;
  json.begin_object().member("version", 1).member("isolated", true);
  json.key("endpoints").begin_array().begin_object();
  json.member("name", "webhook").member("url", url.substr(0, path_begin(url)));
  json.member("auth", "none").member("allow_insecure", true).end_object().end_array();
  // An alert is worth a few tries, and nothing after minutes.
  json.key("retry").begin_object().member("max_attempts", 8);
  json.member("route_attempts_max", 8).end_object();
  json.key("time_limits").begin_object();
  json.member("response_ms", 10'000).member("total_ms", 120'000).end_object().end_object();
  return json.take();
}

std::string webhook_body(const Alert& alert, WebhookFormat format) {
  if (format == WebhookFormat::generic) return alert_json(alert);
  std::string text("HolySheep ");
  text.append(alert.resolved_unix != 0 ? "resolved" : name_of(alert.severity));
  text.append(" (").append(name_of(alert.cause)).append("): ").append(alert.message);
  JsonWriter json;
  json.begin_object().member("text", text).end_object();
  return json.take();
}

Webhook::Webhook(Engine& engine, std::string url, WebhookFormat format)
    : engine_(engine), path_(url.substr(path_begin(url))), format_(format) {
  if (path_.empty()) path_.push_back('/');
}

void Webhook::tell(const Alert& alert) {
  // What became of earlier ones is nobody's business but the engine's.
  queue_->drain(0, 0, ended_);
  ended_.clear();
  const std::string body = webhook_body(alert, format_);
  RequestInput input;
  input.path = path_;
  input.body = body;
  input.has_body = true;
  input.options = R"({"replay": "free"})";
  Result<Request> request = make_request(input, engine_.config());
  if (!request) return;
  CallId id = 0;
  Error error;
  engine_.submit(std::move(request).value(), queue_, 0, 0, &id, &error);
}

}  // namespace holysheep
