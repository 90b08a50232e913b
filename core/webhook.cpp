#include "core/webhook.h"

#include <unistd.h>

#include <algorithm>

#include "core/engine.h"
#include "core/json.h"
#include "core/process_id.h"
#include "core/request.h"

namespace holysheep {
namespace {

// Of alerts that a receiver is behind with: more than it ever needs to know.
constexpr std::size_t kWaitingMax = 256;

// Where the path begins; the URL's end if it has none.
std::size_t path_begin(std::string_view url) {
  const std::size_t host = url.find("://");
  return std::min(url.find('/', host == std::string_view::npos ? 0 : host + 3), url.size());
}

// Slack reads "<!channel>" and "<https://…|text>" in a text, and model names come from users: its
// three control characters are written as it asks for.
std::string slack_escaped(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

}  // namespace

std::string webhook_config(const MonitorConfig& monitor) {
  const std::string_view url = monitor.webhook_url;
  JsonWriter json;
  json.begin_object().member("version", 1).member("isolated", true);
  json.key("endpoints").begin_array().begin_object();
  json.member("name", "webhook").member("url", url.substr(0, path_begin(url)));
  json.member("auth", "none").member("allow_insecure", true).end_object().end_array();
  // A receiver that restarts is back within two minutes: after 1, 3, 7, 15, 31, 63 and 127 s.
  json.member("policy", "document");
  json.key("retry").begin_object().member("max_attempts", 8);
  json.member("delay_on", "any_failure").member("base_delay_ms", 1000).end_object();
  json.key("time_limits").begin_object();
  json.member("response_ms", 10'000).member("total_ms", 240'000).end_object().end_object();
  std::string config = json.take();
  config.pop_back();
  return config + monitor.network + "}";
}

std::string webhook_body(const Alert& alert, WebhookFormat format, std::string_view name) {
  JsonWriter json;
  if (format == WebhookFormat::generic) {
    json.begin_object().member("name", name).end_object();
    std::string body = json.take();
    body.pop_back();
    return body + "," + alert_json(alert).substr(1);
  }
  std::string text("HolySheep of ");
  text.append(name).append(", ");
  text.append(alert.resolved_unix != 0 ? "resolved" : name_of(alert.severity));
  text.append(" (").append(name_of(alert.cause)).append("): ").append(alert.message);
  json.begin_object().member("text", slack_escaped(text)).end_object();
  return json.take();
}

std::string default_program_name() {
  char host[256] = {};
  if (gethostname(host, sizeof host - 1) != 0) host[0] = '\0';
  return std::string(host) + ", process " + std::to_string(process_id());
}

Webhook::Webhook(Engine& engine, const MonitorConfig& config, AlertDeliveries& deliveries,
                 std::function<void()> ended)
    : engine_(engine),
      deliveries_(deliveries),
      ended_(std::move(ended)),
      name_(config.name.empty() ? default_program_name() : config.name),
      path_(config.webhook_url.substr(path_begin(config.webhook_url))),
      format_(config.webhook_format) {
  if (path_.empty()) path_.push_back('/');
  queue_->set_notify(&Webhook::take_ended, this);
}

Webhook::~Webhook() {
  queue_->set_notify(nullptr, nullptr);
}

void Webhook::take_ended(void* self) {
  Webhook& webhook = *static_cast<Webhook*>(self);
  std::vector<Completion> ended;
  webhook.queue_->drain(0, 0, ended);
  {
    const std::lock_guard<std::mutex> lock(webhook.mutex_);
    webhook.busy_ = webhook.busy_ && ended.empty();
    webhook.send_next_locked();
  }
  for (const Completion& done : ended) {
    const bool delivered = done.status == Status::ok;
    (delivered ? webhook.deliveries_.delivered : webhook.deliveries_.failed).add(1);
    webhook.deliveries_.http_status.set(done.http_status);
    webhook.deliveries_.failing.set(!delivered);
  }
  if (!ended.empty()) webhook.ended_();
}

void Webhook::tell(const Alert& alert) {
  if (alert.cause == AlertCause::delivery) return;  // who does not hear cannot be told so
  const std::lock_guard<std::mutex> lock(mutex_);
  if (waiting_.size() >= kWaitingMax) {
    waiting_.pop_front();
    deliveries_.failed.add(1);
  }
  waiting_.push_back(webhook_body(alert, format_, name_));
  send_next_locked();
}

// One after the other: an alert's end must not come before its beginning.
void Webhook::send_next_locked() {
  if (busy_ || waiting_.empty()) return;
  const std::string body = std::move(waiting_.front());
  waiting_.pop_front();
  RequestInput input;
  input.path = path_;
  input.body = body;
  input.has_body = true;
  input.options = R"({"replay": "free"})";
  Result<Request> request = make_request(input, engine_.config());
  if (!request) return;
  CallId id = 0;
  Error error;
  busy_ = engine_.submit(std::move(request).value(), queue_, 0, 0, &id, &error) == Status::ok;
}

}  // namespace holysheep
