#include "core/monitor_service.h"

#include "core/client_monitor.h"
#include "core/monitor_status.h"
#include "core/prometheus.h"
#include "core/snapshot.h"

namespace holysheep {
namespace {

// An engine that was woken so often and made no turn hangs.
constexpr int kStillTicksMax = 5;

}  // namespace

MonitorService::MonitorService(Engine& engine, Transport& transport, Clock clock,
                               const void* context)
    : engine_(engine), transport_(transport), clock_(clock), context_(context) {}

MonitorService::~MonitorService() = default;

void MonitorService::listen() {
  const MonitorConfig& config = engine_.config().monitor;
  if (config.listen.empty()) return;
  engine_.monitor().watch();
  auto server = MonitorServer::open(config, *this);
  if (server) {
    // In its place before its thread starts, which reads the address.
    server_ = std::move(server).value();
    error_ = server_->error();
    const bool serves = server_->serve(&MonitorService::tick, this);
    if (serves && error_.empty()) return;
    if (!serves) {
      server_.reset();
      error_ = "the system gives no thread";
    }
  } else {
    error_ = server.error().message;
  }
  engine_.warn("the monitor does not listen: " + error_, clock_(context_));
}

void MonitorService::tell_webhook(Engine& engine) {
  const MonitorConfig& config = engine_.config().monitor;
  webhook_ = std::make_unique<Webhook>(engine, config, engine_.monitor().deliveries(),
                                       [this] { transport_.wake(); });
  engine_.monitor().watch();
  engine_.monitor().monitor().alerts().add_sink(
      [this](const Alert& alert) { webhook_->tell(alert); });
}

void MonitorService::ask_status_page(Engine& engine) {
  asker_ = std::make_unique<ServiceAsker>(
      engine, engine_.config().monitor.status_page_url,
      [this](std::string said) { engine_.service_told(std::move(said)); });
  engine_.set_service_check([this] { asker_->ask(); });
}

std::string MonitorService::address() const {
  return server_ ? server_->address() : std::string();
}

void MonitorService::tick(void* self) {
  MonitorService& service = *static_cast<MonitorService*>(self);
  const auto turns = service.engine_.snapshot()->counters->turns.load(std::memory_order_relaxed);
  service.still_ticks_ = turns == service.turns_ ? service.still_ticks_ + 1 : 0;
  service.turns_ = turns;
  service.alive_.store(service.still_ticks_ < kStillTicksMax, std::memory_order_relaxed);
  service.transport_.wake();
}

std::string MonitorService::metrics(ExpositionFormat format) const {
  return client_metrics(engine_.monitor(), *engine_.snapshot(), format, clock_(context_));
}

std::string MonitorService::status() const {
  return client_status_json(engine_.monitor(), *engine_.snapshot(),
                            {address(), server_ ? server_->error() : error_}, clock_(context_));
}

std::string MonitorService::health(bool* ok) const {
  const Now now = clock_(context_);
  const auto snapshot = engine_.snapshot();
  *ok = client_health(engine_.monitor(), *snapshot, now).ok();
  return client_health_json(engine_.monitor(), *snapshot, now);
}

// A file is read each time: it is small, and tokens rotate.
std::string MonitorService::token() const {
  const KeySource& token = engine_.config().monitor.token;
  if (token.kind != KeySource::Kind::file) return token.value;
  Result<std::string> loaded = load_key_file(token.value);
  return loaded ? std::move(loaded).value() : std::string();
}

}  // namespace holysheep
