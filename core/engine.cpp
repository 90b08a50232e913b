#include "core/engine.h"

#include <algorithm>
#include <limits>

#include "core/calendar.h"
#include "core/config_secrets.h"
#include "core/engine_impl.h"

namespace holysheep {
namespace {

// Ids are unique within the process, so that a stale one can never name somebody else's call. 0 is
// none.
std::atomic<CallId> next_call_id{1};

// Keys that rotate: an answer that still names the one before these is not awaited.
constexpr std::size_t kLaterKeysMax = 16;

bool later(const Nanos left, const Nanos right) {
  return left > right;
}

}  // namespace

Engine::Impl::Impl(std::shared_ptr<const Config> config_in, Transport& transport_in,
                   std::uint64_t seed, RereadKey reread_key_in)
    : config(std::move(config_in)),
      transport(transport_in),
      random(seed),
      reread_key(std::move(reread_key_in)),
      counters(std::make_shared<Counters>(config->endpoints.size())),
      pool(config, counters),
      monitor(config, counters),
      log(config->log_level) {
  failed_now.reserve(config->endpoints.size());  // an end that needs no memory may need them
  roomy.reserve(config->endpoints.size());
  without_usage.resize(config->endpoints.size());
  const auto add_file = [&](int endpoint, const KeySource& source) {
    if (source.kind == KeySource::Kind::file && reread_key) {
      key_files.push_back({endpoint, &source, {}});
    }
  };
  for (std::size_t i = 0; i < config->endpoints.size(); ++i)
    add_file(static_cast<int>(i), config->endpoints[i].key);
  add_file(-1, config->api_key);
  read_key_files();
  monitor.monitor().alerts().add_sink([this](const Alert& alert) { log_alert(alert); });
  published = pool.publish({});
}

// Alerts of a client are raised on the engine's thread only.
void Engine::Impl::log_alert(const Alert& alert) {
  if (!log.wants(LogLevel::warning)) return;
  log.write(alert.severity == AlertSeverity::critical ? LogLevel::error : LogLevel::warning,
            now.unix, alert.resolved_unix == 0 ? "alert" : "alert is over",
            {log_text("cause", name_of(alert.cause)), log_text("endpoint", alert.endpoint),
             log_text("detail", alert.message)});
}

// ---- any thread ------------------------------------------------------------------------------

void Engine::Impl::post(Command command) {
  bool wake = false;
  {
    const std::lock_guard<std::mutex> lock(mutex);
    inbox.push_back(std::move(command));
    wake = !awake;
    awake = true;
  }
  if (wake) transport.wake();
}

int Engine::Impl::find_endpoint(std::string_view name) const {
  for (std::size_t i = 0; i < config->endpoints.size(); ++i) {
    if (config->endpoints[i].name == name) return static_cast<int>(i);
  }
  return -1;
}

Engine::Engine(std::shared_ptr<const Config> config, Transport& transport, std::uint64_t seed,
               RereadKey reread_key)
    : impl_(std::make_unique<Impl>(std::move(config), transport, seed, std::move(reread_key))) {}

Engine::~Engine() = default;

void Engine::set_service_check(std::function<void()> ask) {
  impl_->ask_service = std::move(ask);
}

void Engine::service_told(std::string said) {
  Impl::Command command;
  command.kind = Impl::Command::Kind::service;
  command.key = std::move(said);
  impl_->post(std::move(command));
}

void Engine::warn(const std::string& message, Now now) {
  impl_->log.write(LogLevel::warning, now.unix, message, {});
}

ClientMonitor& Engine::monitor() {
  return impl_->monitor;
}

const Config& Engine::config() const {
  return *impl_->config;
}

Status Engine::submit(Request request, std::shared_ptr<Queue> queue, std::uint64_t user_data,
                      HandleId handle, CallId* id, Error* error) {
  const Limits& limits = impl_->config->limits;
  const auto bytes = static_cast<std::int64_t>(request.body == nullptr ? 0 : request.body->size());
  Impl::Command command;
  command.call = std::make_unique<Call>();
  Call& call = *command.call;
  call.id = next_call_id.fetch_add(1, std::memory_order_relaxed);
  call.user_data = user_data;
  call.handle = handle;
  call.queue = std::move(queue);
  call.request = std::move(request);
  const CallId number = call.id;
  bool wake = false;
  {
    const std::lock_guard<std::mutex> lock(impl_->mutex);
    if (impl_->over) {
      *error = {Status::closed, "the client is closed"};
      return error->status;
    }
    if (static_cast<std::int64_t>(impl_->live.size()) >= limits.calls_max) {
      *error = {Status::limit, "limits.calls_max: " + std::to_string(limits.calls_max) +
                                   " calls are in flight; wait for some to end, or raise it"};
      return error->status;
    }
    if (impl_->request_bytes + bytes > limits.request_bytes_total_max) {
      *error = {Status::limit,
                "limits.request_bytes_total_max: the bodies of all calls in flight "
                "would exceed " +
                    std::to_string(limits.request_bytes_total_max) + " bytes"};
      return error->status;
    }
    // Each of these three either happens or throws and changes nothing; then none must stay.
    Impl::HandleCalls& of_handle = impl_->live_of[handle];
    try {
      impl_->live.emplace(number, handle);
      impl_->inbox.push_back(std::move(command));
    } catch (const std::bad_alloc&) {
      impl_->live.erase(number);
      if (of_handle.live == 0) impl_->live_of.erase(handle);
      *error = {Status::no_memory, "out of memory"};
      return error->status;
    }
    *id = number;
    ++of_handle.live;
    impl_->request_bytes += bytes;
    wake = !impl_->awake;
    impl_->awake = true;
  }
  if (wake) impl_->transport.wake();
  return Status::ok;
}

Status Engine::cancel(CallId call) {
  {
    const std::lock_guard<std::mutex> lock(impl_->mutex);
    if (impl_->live.count(call) == 0) return Status::unknown_request;
  }
  Impl::Command command;
  command.kind = Impl::Command::Kind::cancel;
  command.id = call;
  impl_->post(std::move(command));
  return Status::ok;
}

Status Engine::credit(CallId call, std::size_t bytes) {
  {
    const std::lock_guard<std::mutex> lock(impl_->mutex);
    if (impl_->live.count(call) == 0) return Status::unknown_request;
  }
  Impl::Command command;
  command.kind = Impl::Command::Kind::credit;
  command.id = call;
  command.bytes = bytes;
  impl_->post(std::move(command));
  return Status::ok;
}

Status Engine::set_key(std::string_view endpoint, std::string_view key, Error* error) {
  Impl::Command command;
  command.kind = Impl::Command::Kind::set_key;
  if (!endpoint.empty()) {
    command.endpoint = impl_->find_endpoint(endpoint);
    if (command.endpoint < 0) {
      *error = {Status::invalid_argument,
                "endpoint: there is no endpoint named \"" + std::string(endpoint) + "\""};
      return error->status;
    }
  }
  if (const std::string_view fault = key_fault(key); !fault.empty()) {
    *error = {Status::invalid_argument, "key: " + std::string(fault)};
    return error->status;
  }
  command.key = key;
  impl_->post(std::move(command));
  return Status::ok;
}

Status Engine::reset(std::string_view endpoint, Error* error) {
  Impl::Command command;
  command.kind = Impl::Command::Kind::reset;
  if (!endpoint.empty()) {
    command.endpoint = impl_->find_endpoint(endpoint);
    if (command.endpoint < 0) {
      *error = {Status::invalid_argument,
                "endpoint: there is no endpoint named \"" + std::string(endpoint) + "\""};
      return error->status;
    }
  }
  impl_->post(std::move(command));
  return Status::ok;
}

// No command, since there may be no memory for one, and closing must not fail.
void Engine::close_handle(HandleId handle) {
  impl_->log.send_to(handle, nullptr, 0);
  bool wake = false;
  {
    const std::lock_guard<std::mutex> lock(impl_->mutex);
    const auto found = impl_->live_of.find(handle);
    if (found == impl_->live_of.end()) return;
    found->second.closing = true;
    impl_->some_closing = true;
    wake = !impl_->awake;
    impl_->awake = true;
  }
  if (wake) impl_->transport.wake();
}

void Engine::drain_handle(HandleId handle) {
  Impl::Command command;
  command.kind = Impl::Command::Kind::drain;
  command.handle = handle;
  impl_->post(std::move(command));
}

void Engine::drop_queue(std::shared_ptr<Queue> queue) {
  Impl::Command command;
  command.kind = Impl::Command::Kind::drop;
  command.queue = std::move(queue);
  impl_->post(std::move(command));
}

std::size_t Engine::calls_of(HandleId handle) const {
  const std::lock_guard<std::mutex> lock(impl_->mutex);
  const auto found = impl_->live_of.find(handle);
  return found == impl_->live_of.end() ? 0 : found->second.live;
}

void Engine::log_to(HandleId handle, std::shared_ptr<Queue> queue, int level) {
  impl_->log.send_to(handle, std::move(queue), level);
}

std::shared_ptr<const Snapshot> Engine::snapshot() const {
  const std::lock_guard<std::mutex> lock(impl_->mutex);
  return impl_->published;
}

// ---- the loop's thread -----------------------------------------------------------------------

Nanos Engine::turn(Now now, std::vector<TransportEvent>& events) {
  Impl& impl = *impl_;
  impl.now = now;
  impl.take_inbox();
  for (TransportEvent& event : events) {
    const auto found = impl.attempts.find(event.attempt);
    if (found == impl.attempts.end()) continue;  // ended since
    Call& call = *found->second;
    impl.step(call, [&] { impl.on_event(call, event); });
  }
  events.clear();
  impl.run_timers();
  impl.withdraw_unstarted();
  impl.run_ready();
  impl.end_given_up();
  impl.flush();
  impl.counters->turns.fetch_add(1, std::memory_order_relaxed);
  const std::lock_guard<std::mutex> lock(impl.mutex);
  // Only now: whoever waits for a handle's last call finds its DONE in the queue.
  if (impl.outboxes.empty()) {
    for (const HandleId handle : impl.ended_handles) {
      const auto found = impl.live_of.find(handle);
      if (--found->second.live == 0) impl.live_of.erase(found);
    }
    impl.ended_handles.clear();
  }
  impl.awake = !impl.inbox.empty();
  if (impl.awake) return now.mono;
  const Nanos next = impl.timers.empty() ? kNever : impl.timers.front().at;
  const Nanos wanted = std::min(next, impl.monitor.next_instant());
  if (!impl.memory_short) return wanted;
  impl.memory_short = false;
  return std::min(wanted, now.mono + kMemoryRetry);
}

bool Engine::end_if_idle() {
  const std::lock_guard<std::mutex> lock(impl_->mutex);
  impl_->over = impl_->live.empty() && impl_->inbox.empty() && impl_->outboxes.empty();
  return impl_->over;
}

void Engine::Impl::take_inbox() {
  bool closing = false;
  {
    const std::lock_guard<std::mutex> lock(mutex);
    if (taken.empty()) {  // else: what there was no memory for in the last turn
      taken.swap(inbox);
      closing = some_closing;
      some_closing = false;
    }
    awake = true;
  }
  std::size_t done = 0;
  try {
    for (; done < taken.size(); ++done)
      take(taken[done]);
  } catch (const std::bad_alloc&) {
    memory_short = true;
  }
  if (closing) cancel_closing();
  if (done == taken.size()) {
    taken.clear();
  } else {
    taken.erase(taken.begin(), taken.begin() + static_cast<std::ptrdiff_t>(done));
    const std::lock_guard<std::mutex> lock(mutex);
    some_closing = some_closing || closing;  // for calls that are not taken yet
  }
}

void Engine::Impl::cancel_closing() {
  for (Call* call = first_call; call != nullptr;) {
    Call* following = call->next;
    bool closing = false;
    {
      const std::lock_guard<std::mutex> lock(mutex);
      const auto found = live_of.find(call->handle);
      closing = found != live_of.end() && found->second.closing;
    }
    if (closing) step(*call, [&] { finish_cancelled(*call); });
    call = following;
  }
}

void Engine::Impl::drain_handle(HandleId handle) {
  {
    const std::lock_guard<std::mutex> lock(mutex);
    std::erase_if(draining, [this](HandleId each) { return live_of.count(each) == 0; });
  }
  // What was submitted just before is not waiting yet: it goes, if it can.
  run_ready();
  draining.push_back(handle);
  for (Call* call = first_call; call != nullptr;) {
    Call* following = call->next;
    if (call->handle == handle && call->phase != Call::Phase::attempting) {
      step(*call, [&] {
        if (call->ending) return finish_cause(*call, call->end_flags, call->end_retry_after);
        finish_draining(*call, call->opens_at);
      });
    }
    call = following;
  }
}

void Engine::Impl::drop_queue(const std::shared_ptr<Queue>& queue) {
  for (Call* call = first_call; call != nullptr;) {
    Call* following = call->next;
    if (call->queue == queue) step(*call, [&] { finish_cancelled(*call); });
    call = following;
  }
}

// Throws only where it has changed nothing that a second time would not change alike.
void Engine::Impl::take(Command& command) {
  switch (command.kind) {
    case Command::Kind::submit:
      return take_call(command.call);
    case Command::Kind::cancel: {
      const auto found = calls.find(command.id);
      if (found == calls.end()) return;
      Call& call = *found->second;
      return step(call, [&] { finish_cancelled(call); });
    }
    case Command::Kind::credit: {
      const auto found = calls.find(command.id);
      if (found == calls.end()) return;
      Call& call = *found->second;
      return step(call, [&] { give_credit(call, command.bytes); });
    }
    case Command::Kind::set_key:
      return set_key(command.endpoint, command.key);
    case Command::Kind::reset:
      pool.reset(command.endpoint);
      capacity_changed = true;
      return;
    case Command::Kind::drain:
      return drain_handle(command.handle);
    case Command::Kind::drop:
      return drop_queue(command.queue);
    case Command::Kind::service:
      return service_told(command.key);
  }
}

void Engine::Impl::set_key(int endpoint, const std::string& key) {
  later_keys.push_back(key);
  if (later_keys.size() > kLaterKeysMax) later_keys.erase(later_keys.begin());
  std::vector<std::string> secrets;
  for (const std::string& each : later_keys)
    add_secret(secrets, each);
  finish_secrets(secrets);
  later_secrets = std::make_shared<const std::vector<std::string>>(std::move(secrets));
  pool.set_key(endpoint, key);
  capacity_changed = true;
}

// A file that has not changed leaves alone what the host program has set since.
void Engine::Impl::read_key_files() {
  key_files_read_at = now.mono;
  for (KeyFile& file : key_files) {
    std::string key = reread_key(*file.source);
    if (key.empty() || key == file.key) continue;
    set_key(file.endpoint, key);
    file.key = std::move(key);
  }
}

void Engine::Impl::take_call(std::unique_ptr<Call>& owned) {
  Call& call = *owned;
  std::unique_ptr<Call>& place = calls[call.id];  // may throw: then the call stays where it is
  place = std::move(owned);
  step(call, [&] { begin_call(call); });
}

void Engine::Impl::begin_call(Call& call) {
  link(call);
  counters->calls_started.fetch_add(1, std::memory_order_relaxed);
  call.submitted_at = call.previous_end = now.mono;
  Nanos total = call.request.total;
  if (total < 0) total = call.request.options.time_limits.total;
  if (total < 0) total = config->time_limits.total;
  call.total = std::max<Nanos>(total, 0);
  call.total_at = call.total > 0 ? saturating_add(now.mono, call.total) : kNever;
  if (monitor.refuses_calls(now)) {
    return finish_failed(call, Status::budget, monitor.budget().refusal(),
                         next_utc_midnight(now.unix) - now.unix, kFlagRetryable);
  }
  if (resolve(call)) make_ready(call);
}

void Engine::Impl::link(Call& call) {
  call.previous = last_call;
  (last_call != nullptr ? last_call->next : first_call) = &call;
  last_call = &call;
}

void Engine::Impl::unlink(Call& call) {
  (call.previous != nullptr ? call.previous->next : first_call) = call.next;
  (call.next != nullptr ? call.next->previous : last_call) = call.previous;
}

void Engine::Impl::stop_waiting(Call& call) {
  if (call.phase == Call::Phase::waiting) {
    --waiting_count;
    counters->calls_waiting.store(waiting_count, std::memory_order_relaxed);
    if (call.wait_since >= 0) {
      call.waited += now.mono - call.wait_since;
      call.wait_since = -1;
    }
  }
  room_lines.remove(call);
  call.phase = Call::Phase::ready;
  call.wake_at = call.opens_at = kNever;
  call.backing_off = false;
}

void Engine::Impl::make_ready(Call& call) {
  ready.push_back(&call);
  stop_waiting(call);
}

// Something that closed routes has gone: whoever waits looks again, in the order of submission.
void Engine::Impl::wake_waiting() {
  capacity_changed = false;
  if (waiting_count == 0) return;
  for (Call* call = first_call; call != nullptr; call = call->next) {
    const bool for_capacity = call->wait_since >= 0 || call->backing_off;
    if (call->phase != Call::Phase::waiting || !for_capacity) continue;
    step(*call, [&] { make_ready(*call); });
  }
}

// A route has closed: those that wait for a connection have something else to wait for, or nothing.
void Engine::Impl::wake_room_waiters() {
  route_closed = false;
  while (Call* call = room_lines.any())
    step(*call, [&] { make_ready(*call); });
}

// Whether a call that waits for a connection may go to one of the endpoints that have one. Where it
// has to wait for something else, too, its own alarm is set for that.
bool Engine::Impl::may_use_room(const Call& call) {
  for (const std::uint32_t endpoint : call.endpoints) {
    if (roomy[endpoint] == 0) continue;
    for (const ModelId model : call.models) {
      const RouteKey route{endpoint, model};
      if (!pool.serves(endpoint, pool.model_name(model))) continue;
      const RouteHistory* history = find_history(call.history, route);
      if (history != nullptr && history->excluded) continue;
      if (pool.limited_until(route, call.request.own_credential, now.mono) <= now.mono) return true;
    }
  }
  return false;
}

// Finds the endpoints that have a connection free. False: none.
bool Engine::Impl::find_room() {
  bool any = false;
  roomy.assign(config->endpoints.size(), 0);
  for (std::size_t i = 0; i < roomy.size(); ++i) {
    roomy[i] = transport.has_room(config->endpoints[i]) ? 1 : 0;
    any = any || roomy[i] != 0;
  }
  return any;
}

// Those that wait for a connection and were submitted before `end` go where there is one, the
// oldest first.
void Engine::Impl::admit_to_room(CallId end) {
  while (room_changed && !room_lines.empty() && find_room()) {
    Call* const call =
        room_lines.first(end, [this](const Call& head) { return may_use_room(head); });
    if (call == nullptr) return;
    step(*call, [&] {
      stop_waiting(*call);
      admit(*call);
    });
    // Those behind it would fare alike in this turn.
    if (call->room != nullptr) call->room->in_vain = true;
  }
}

void Engine::Impl::run_ready() {
  const std::size_t given_up_before = given_up_count;
  do {
    if (capacity_changed) wake_waiting();
    if (route_closed) wake_room_waiters();
    // First come, first served: those who waited have the older ids.
    std::sort(ready.begin(), ready.end(),
              [](const Call* left, const Call* right) { return left->id < right->id; });
    std::vector<Call*> batch;
    batch.swap(ready);
    for (Call* call : batch) {
      admit_to_room(call->id);
      if (call->phase == Call::Phase::ready) step(*call, [&] { admit(*call); });
    }
    admit_to_room(std::numeric_limits<CallId>::max());
  } while (!ready.empty() || capacity_changed);
  if (room_changed) room_lines.begin_turn();
  room_changed = given_up_count > given_up_before;  // those have left their connections
}

// ---- timers ----------------------------------------------------------------------------------
// One heap entry per call at most that matters: the earliest. An instant that moves later (every
// byte of a stream moves `idle`) touches nothing; when the entry is due, the call is asked again.

void Engine::Impl::set_timer(Call& call) {
  const Nanos at = next_instant(call);
  if (at >= call.timer_at) return;
  call.timer_at = at;
  timers.push_back({at, call.id});
  std::push_heap(timers.begin(), timers.end(),
                 [](const Timer& left, const Timer& right) { return later(left.at, right.at); });
}

Nanos Engine::Impl::next_instant(const Call& call) const {
  switch (call.phase) {
    case Call::Phase::waiting:
      return std::min(call.wake_at, call.total_at);
    case Call::Phase::attempting: {
      TimeLimit which = TimeLimit::none;
      return attempt_deadline(call, &which);
    }
    case Call::Phase::ready:
    case Call::Phase::given_up:
    case Call::Phase::done:
      break;
  }
  return kNever;
}

void Engine::Impl::run_timers() {
  const auto order = [](const Timer& left, const Timer& right) { return later(left.at, right.at); };
  while (!timers.empty() && timers.front().at <= now.mono) {
    std::pop_heap(timers.begin(), timers.end(), order);
    const Timer due = timers.back();
    timers.pop_back();
    const auto found = calls.find(due.call);
    if (found == calls.end()) continue;
    Call& call = *found->second;
    if (due.at == call.timer_at) call.timer_at = kNever;
    step(call, [&] {
      if (next_instant(call) <= now.mono) {
        fire_timer(call);
      } else {
        set_timer(call);
      }
    });
  }
}

void Engine::Impl::fire_timer(Call& call) {
  if (call.phase == Call::Phase::waiting) {
    if (call.total_at <= now.mono && call.total_at < call.wake_at) return finish_total(call);
    make_ready(call);
    return;
  }
  TimeLimit which = TimeLimit::none;
  attempt_deadline(call, &which);
  time_out(call, which);
}

// ---- outboxes --------------------------------------------------------------------------------

// Either the completion is on its way, or it throws and nothing has changed.
Completion& Engine::Impl::out(Call& call, Completion completion) {
  Outbox* box = nullptr;
  for (Outbox& each : outboxes) {
    if (each.queue == call.queue) {
      box = &each;
      break;
    }
  }
  if (box == nullptr) {
    outboxes.emplace_back();
    box = &outboxes.back();
    box->queue = call.queue;
  }
  completion.call = call.id;
  completion.user_data = call.user_data;
  return box->completions.emplace_back(std::move(completion));
}

// The snapshot first, then what ended, then the completions: whoever has read a completion finds a
// status that is not older, and an id that is no longer known.
void Engine::Impl::flush() {
  std::shared_ptr<const Snapshot> fresh;
  try {
    fresh = pool.publish(now);
    if (fresh != nullptr) {
      const std::lock_guard<std::mutex> lock(mutex);
      published = fresh;
    }
    monitor.turn_ended(fresh, now);
  } catch (const std::bad_alloc&) {
    memory_short = true;
  }
  if (!ended.empty()) {
    const std::lock_guard<std::mutex> lock(mutex);
    for (const CallId id : ended) {
      const auto found = live.find(id);
      if (found == live.end()) continue;
      ended_handles.push_back(found->second);
      live.erase(found);
    }
    for (const std::unique_ptr<Call>& call : graveyard) {
      if (call->request.body != nullptr) {
        request_bytes -= static_cast<std::int64_t>(call->request.body->size());
      }
    }
  }
  ended.clear();
  try {
    log.flush();  // before the outboxes: who has read a call's end finds all its records
    for (Outbox& each : outboxes)
      each.queue->push(each.completions);
    outboxes.clear();
  } catch (const std::bad_alloc&) {
    memory_short = true;  // what was not pushed stays, in its order
  }
  graveyard.clear();
}

}  // namespace holysheep
