#include "core/engine_host.h"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <new>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "core/curl_transport.h"
#include "core/loop.h"
#include "core/monitor_service.h"
#include "core/monitor_status.h"
#include "core/process_id.h"
#include "core/random.h"
#include "core/service_check.h"

namespace holysheep {
namespace {

// fork() waits no longer than this for the engines to stand still.
constexpr Nanos kParkMax = kSecond;
// A turn that begins so long after its timer was due.
constexpr Nanos kLate = 50 * kMillisecond;
// How long a client that ends waits for alerts that its webhook has not taken.
constexpr std::int64_t kLastAlertsMs = 1000;
// A longer wait is one without limit: the clock's type would overflow.
constexpr Nanos kWaitMax = 365 * kDay;

// Every engine of the process. Never destroyed: threads may outlive static destruction. A child of
// fork() finds its parent's registry, whose threads it does not have, and begins a new one.
struct Registry {
  pid_t pid = 0;
  std::mutex mutex;
  std::vector<std::weak_ptr<EngineHost>> hosts;
  int forks = 0;  // under way: several threads may fork at once
};

std::atomic<Registry*> the_registry{nullptr};

Registry& registry() {
  Registry* found = the_registry.load(std::memory_order_acquire);
  while (found == nullptr || found->pid != process_id()) {
    auto fresh = std::make_unique<Registry>();
    fresh->pid = process_id();
    if (the_registry.compare_exchange_strong(found, fresh.get(), std::memory_order_acq_rel)) {
      return *fresh.release();  // an old one is left alone: its mutex may be held for ever
    }
  }
  return *found;
}

std::atomic<HandleId> next_handle{1};

// A thread of a library must not receive the host program's signals, nor die of a broken pipe.
class BlockedSignals {
 public:
  BlockedSignals() {
    sigset_t blocked;
    sigfillset(&blocked);
    for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS}) {
      sigdelset(&blocked, fault);
    }
    pthread_sigmask(SIG_SETMASK, &blocked, &before_);
  }
  ~BlockedSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;

 private:
  sigset_t before_;
};

}  // namespace

EngineHost::~EngineHost() = default;

Result<EngineHost::Opened> EngineHost::open(std::shared_ptr<const Config> config) {
  Registry& known = registry();
  const std::lock_guard<std::mutex> lock(known.mutex);
  known.hosts.erase(std::remove_if(known.hosts.begin(), known.hosts.end(),
                                   [](const auto& each) { return each.expired(); }),
                    known.hosts.end());
  Opened opened;
  opened.handle = next_handle.fetch_add(1, std::memory_order_relaxed);
  if (!config->isolated) {
    for (const auto& each : known.hosts) {
      std::shared_ptr<EngineHost> host = each.lock();
      if (host == nullptr || host->stopping_ || !host->shared_) continue;
      if (host->config_->isolated) continue;
      if (host->config_->identity != config->identity) continue;
      ++host->handles_open_;
      opened.host = std::move(host);
      return opened;
    }
  }
  // From here on the engine runs, and must be known to be stopped.
  known.hosts.reserve(known.hosts.size() + 3);
  Result<std::shared_ptr<EngineHost>> started = start(std::move(config));
  if (!started) return std::move(started).error();
  opened.host = std::move(started).value();
  ++opened.host->handles_open_;
  known.hosts.push_back(opened.host);
  for (const auto& helper : {opened.host->webhook_, opened.host->status_page_})
    if (helper != nullptr) known.hosts.push_back(helper);
  return opened;
}

// An engine of its own: alerts must go out when the client's is busy with failing. Before that
// one's thread starts, since its first turn may raise an alert.
std::optional<Error> EngineHost::start_webhook() {
  if (config_->monitor.webhook_url.empty()) return std::nullopt;
  auto config = parse_config(webhook_config(config_->monitor), read_environment());
  if (!config) return Error{Status::config, "monitor.webhook.url: " + config.error().message};
  Result<std::shared_ptr<EngineHost>> started = start(std::move(config).value());
  if (!started) return std::move(started).error();
  webhook_ = std::move(started).value();
  service_->tell_webhook(webhook_->engine());
  return std::nullopt;
}

std::optional<Error> EngineHost::start_service_check() {
  const MonitorConfig& monitor = config_->monitor;
  if (!monitor.check_service) return std::nullopt;
  auto config = parse_config(service_check_config(monitor.status_page_url, monitor.network),
                             read_environment());
  if (!config) {
    return Error{Status::config, "monitor.status_page_url: " + config.error().message};
  }
  Result<std::shared_ptr<EngineHost>> started = start(std::move(config).value());
  if (!started) return std::move(started).error();
  status_page_ = std::move(started).value();
  service_->ask_status_page(status_page_->engine());
  return std::nullopt;
}

void EngineHost::stop_helpers() {
  for (const auto& helper : {webhook_, status_page_})
    if (helper != nullptr) helper->stop_when_idle();
}

Result<std::shared_ptr<EngineHost>> EngineHost::start(std::shared_ptr<const Config> config) {
  library_versions();  // initialises the libraries before the first thread of ours
  std::shared_ptr<EngineHost> host(new EngineHost());
  host->config_ = config;
  CurlTransportOptions options;
  options.header_bytes_max = config->limits.header_bytes_max;
  options.body_bytes_max = config->limits.body_bytes_max;
  options.connections_max = config->limits.connections_max;
  options.connection_age_max = config->connection_age_max;
  std::string error;
  host->transport_ = make_curl_transport(options, &host->clock_offset_, &error);
  if (host->transport_ == nullptr) return Error{Status::local, "cannot open the client: " + error};
  const auto reread_key = [](const KeySource& source) {
    Result<std::string> key = load_key_file(source.value);
    return key ? std::move(key).value() : std::string();
  };
  host->engine_ =
      std::make_unique<Engine>(std::move(config), *host->transport_, system_seed(), reread_key);
  host->service_ = std::make_unique<MonitorService>(
      *host->engine_, *host->transport_,
      [](const void* self) { return static_cast<const EngineHost*>(self)->now(); }, host.get());
  std::optional<Error> fault = host->start_webhook();
  if (!fault) fault = host->start_service_check();
  if (fault) {
    host->stop_helpers();
    return std::move(*fault);
  }
  try {
    const BlockedSignals blocked;
    host->service_->listen();
    std::thread([host] { host->run(); }).detach();
  } catch (const std::system_error&) {
    host->stop_helpers();
    return Error{Status::local, "cannot open the client: the system gives no thread"};
  }
  return host;
}

Now EngineHost::now() const {
  Now now = read_clocks();
  const Nanos offset = clock_offset_.load(std::memory_order_relaxed);
  now.mono += offset;
  now.unix += offset;
  return now;
}

void EngineHost::run() {
  std::vector<TransportEvent> events;
  Nanos next = 0;
  for (;;) {
    try {
      transport_->poll(next, events);
      // Stopped, suspended or starved: what has arrived meanwhile comes before the limits of time.
      if (next != kNever && now().mono - next > kLate) transport_->poll(0, events);
      park_if_asked();
      next = engine_->turn(now(), events);
    } catch (const std::bad_alloc&) {
      next = 0;  // neither throws what it cannot take up again
    }
    if (watchers_.load(std::memory_order_acquire) > 0) {
      const std::lock_guard<std::mutex> lock(mutex_);
      ++turns_;
      turned_.notify_all();
    }
    if (stopping_.load(std::memory_order_acquire) && engine_->end_if_idle()) break;
  }
  // The last alert may be the one that matters.
  if (webhook_ != nullptr) webhook_->wait_idle(0, kLastAlertsMs);
  end_service();
  stop_helpers();
  // Sockets close here, on the thread that used them; the host itself goes with its last reference.
  const std::lock_guard<std::mutex> lock(mutex_);
  ended_ = true;
  turned_.notify_all();
}

void EngineHost::end_service() {
  std::unique_ptr<MonitorService> ended;
  {
    const std::lock_guard<std::mutex> lock(service_mutex_);
    ended = std::move(service_);
  }
  // Not under the lock: it waits for the monitor endpoint's thread.
  ended.reset();
}

void EngineHost::stop_when_idle() {
  stopping_.store(true, std::memory_order_release);
  transport_->wake();
}

// Others who share the engine still send calls.
void EngineHost::begin_drain() {
  {
    Registry& known = registry();
    const std::lock_guard<std::mutex> lock(known.mutex);
    if (handles_open_ > 1) return;
  }
  const std::lock_guard<std::mutex> lock(service_mutex_);
  if (service_ != nullptr) service_->set_draining();
}

std::string EngineHost::status_json() const {
  const std::lock_guard<std::mutex> lock(service_mutex_);
  if (service_ != nullptr) return service_->status_json();
  return client_status_json(engine_->monitor(), *engine_->snapshot(), {}, now());
}

void EngineHost::park_if_asked() {
  if (!park_asked_.load(std::memory_order_acquire)) return;
  std::unique_lock<std::mutex> lock(mutex_);
  parked_ = true;
  turned_.notify_all();
  turned_.wait(lock, [this] { return !park_asked_.load(std::memory_order_acquire); });
  parked_ = false;
}

template <typename Condition>
bool EngineHost::wait_for(std::int64_t timeout_ms, Condition condition) {
  watchers_.fetch_add(1, std::memory_order_acq_rel);
  bool met = true;
  {
    std::unique_lock<std::mutex> lock(mutex_);
    if (timeout_ms < 0 || from_ms(timeout_ms) > kWaitMax) {
      turned_.wait(lock, condition);
    } else {
      met = turned_.wait_for(lock, std::chrono::milliseconds(timeout_ms), condition);
    }
  }
  watchers_.fetch_sub(1, std::memory_order_acq_rel);
  return met;
}

void EngineHost::close(HandleId handle) {
  Registry& known = registry();
  const std::lock_guard<std::mutex> lock(known.mutex);
  engine_->close_handle(handle);
  if (--handles_open_ > 0) return;
  stop_when_idle();
}

bool EngineHost::join(HandleId handle, std::int64_t timeout_ms) {
  return wait_for(timeout_ms, [&] {
    return ended_ || (engine_->calls_of(handle) == 0 && !stopping_.load(std::memory_order_acquire));
  });
}

bool EngineHost::wait_idle(HandleId handle, std::int64_t timeout_ms) {
  return wait_for(timeout_ms, [&] { return ended_ || engine_->calls_of(handle) == 0; });
}

void EngineHost::advance_clock(Nanos duration) {
  clock_offset_.fetch_add(duration, std::memory_order_acq_rel);
  // The turn that is under way may have read the clock before; the one after it has not.
  std::uint64_t seen = 0;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    seen = turns_;
  }
  for (int turn = 1; turn <= 2; ++turn) {
    wait_for(-1, [&] {
      if (ended_ || turns_ >= seen + static_cast<std::uint64_t>(turn)) return true;
      transport_->wake();
      return false;
    });
  }
}

bool EngineHost::park_all() {
  Registry& known = registry();
  std::vector<std::shared_ptr<EngineHost>> hosts;
  {
    const std::lock_guard<std::mutex> lock(known.mutex);
    ++known.forks;
    for (const auto& each : known.hosts) {
      if (std::shared_ptr<EngineHost> host = each.lock()) hosts.push_back(std::move(host));
    }
  }
  for (const auto& host : hosts) {
    host->park_asked_.store(true, std::memory_order_release);
    host->transport_->wake();
  }
  const Nanos until = read_clocks().mono + kParkMax;
  bool all = true;
  for (const auto& host : hosts) {
    std::unique_lock<std::mutex> lock(host->mutex_);
    const std::chrono::nanoseconds left(until - read_clocks().mono);
    all = host->turned_.wait_for(lock, left, [&] { return host->parked_ || host->ended_; }) && all;
  }
  return all;
}

void EngineHost::resume_all() {
  Registry& known = registry();
  const std::lock_guard<std::mutex> lock(known.mutex);
  known.forks = std::max(known.forks - 1, 0);
  if (known.forks > 0) return;
  for (const auto& each : known.hosts) {
    const std::shared_ptr<EngineHost> host = each.lock();
    if (host == nullptr) continue;
    {
      const std::lock_guard<std::mutex> host_lock(host->mutex_);
      host->park_asked_.store(false, std::memory_order_release);
    }
    host->turned_.notify_all();
  }
}

}  // namespace holysheep
