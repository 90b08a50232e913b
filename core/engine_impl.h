// The inside of the engine. One class in several files, by the life of a call: engine.cpp (inbox,
// turn, timers), engine_admit.cpp (choose, wait, start), engine_attempt.cpp (transport events),
// engine_stream.cpp (delivery), engine_end.cpp (what an outcome leads to, DONE), engine_service.cpp
// (the status page), engine_memory.cpp (what happens where there is no memory).
//
// Threads: what stands under `mutex_` is shared with callers; everything else belongs to the loop.
#pragma once

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <new>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/call.h"
#include "core/classify.h"
#include "core/client_monitor.h"
#include "core/engine.h"
#include "core/log.h"
#include "core/pool.h"
#include "core/random.h"
#include "core/retry_budget.h"
#include "core/room_lines.h"
#include "core/state_places.h"

namespace holysheep {

// After the dialect's end a stream may still bring usage and annotations: silence this long ends
// it.
constexpr Nanos kEndGrace = 2 * kSecond;
// Whatever else it sends, an answer that has ended is not awaited longer.
constexpr Nanos kEndGraceMax = 10 * kSecond;
// After [DONE] only the body's own end is missing, which lets the connection be used again.
constexpr Nanos kDoneGrace = 50 * kMillisecond;
// A call that ran into `total` although one silent attempt had most of it: that route is to blame.
constexpr double kBlameShare = 0.5;
// What there was no memory for is tried again after this.
constexpr Nanos kMemoryRetry = 10 * kMillisecond;

struct Engine::Impl {
  Impl(std::shared_ptr<const Config> config_in, Transport& transport_in, std::uint64_t seed,
       RereadKey reread_key_in);

  struct Command {
    enum class Kind : std::uint8_t { submit, cancel, credit, set_key, reset, drain, drop, service };
    Kind kind = Kind::submit;
    std::unique_ptr<Call> call;
    CallId id = 0;
    std::size_t bytes = 0;
    int endpoint = -1;
    std::string key;  // service: what the status page says
    HandleId handle = 0;
    std::shared_ptr<Queue> queue;
  };

  struct Outbox {
    std::shared_ptr<Queue> queue;
    std::vector<Completion> completions;
  };

  struct Timer {
    Nanos at = 0;
    CallId call = 0;
  };

  struct Failed {
    std::uint32_t endpoint = 0;
    bool unreachable = false;
  };

  struct HandleCalls {
    std::size_t live = 0;
    bool closing = false;  // they are to be cancelled
  };

  // engine.cpp
  void post(Command command);
  int find_endpoint(std::string_view name) const;
  void take_inbox();
  void take(Command& command);
  void take_call(std::unique_ptr<Call>& call);
  void begin_call(Call& call);
  void drain_handle(HandleId handle);
  void drop_queue(const std::shared_ptr<Queue>& queue);
  void cancel_closing();
  void run_timers();
  void fire_timer(Call& call);
  void set_timer(Call& call);
  Nanos next_instant(const Call& call) const;
  void run_ready();
  void flush();
  void stop_waiting(Call& call);
  void make_ready(Call& call);
  void wake_waiting();
  void wake_room_waiters();
  bool may_use_room(const Call& call);
  bool find_room();
  void admit_to_room(CallId end);
  void set_key(int endpoint, const std::string& key);
  void read_key_files();
  Completion& out(Call& call, Completion completion);

  // engine_memory.cpp
  template <typename Act>
  void step(Call& call, Act act);
  void give_up(Call& call);
  void end_given_up();
  void make_room_for_end();

  void log_alert(const Alert& alert);

  // engine_admit.cpp
  bool resolve(Call& call);
  void bind(Call& call);
  void admit(Call& call);
  Choice choose(Call& call, RouteWish& wish);
  int attempts_max(const Call& call) const;
  int route_attempts_max(const Call& call) const;
  int only_route_attempts_max(const Call& call) const;
  bool delay_repeats(Call& call);
  bool is_held_back(const RouteWish& wish, const Choice& choice) const;
  bool slow_down(Call& call);
  void finish_held_back(Call& call);
  void start(Call& call, Choice choice);
  HttpRequest make_http(const Call& call, RouteKey route) const;
  void wait(Call& call, const Choice& choice);
  void fail_waiting(Call& call, const Choice& choice);
  void fail_without_room(Call& call);
  RouteHistory& history_of(Call& call, RouteKey route);

  // engine_attempt.cpp
  void on_event(Call& call, TransportEvent& event);
  void on_headers(Call& call, TransportEvent& event);
  void on_data(Call& call, TransportEvent& event);
  void on_end(Call& call, TransportEvent& event);
  Nanos attempt_deadline(const Call& call, TimeLimit* which) const;
  void time_out(Call& call, TimeLimit which);
  Outcome outcome_of(const Call& call, TransportError error) const;
  // Those that wait in the transport for a connection that will not help them look for another
  // route: where the host could not be reached, or the route has closed. Not before all events of
  // the turn are known, which may say that they wait no longer.
  void note_failed(std::uint32_t endpoint, bool unreachable);
  void withdraw_unstarted();
  bool is_in_vain(const Call& call);
  void withdraw(Call& call);
  // Ends the attempt at the transport, if it is still under way there.
  void stop_attempt(Call& call, bool kill_connection);
  void attempt_left(Attempt& attempt);

  // engine_stream.cpp
  void read_stream(Call& call, std::string_view bytes);
  bool deliver_event(Call& call, const StreamEvent& event, std::string_view raw);
  void note_content(Attempt& attempt) const;
  void deliver_piece(Call& call, std::string_view name, std::string_view data);
  // Ends the call; `limit` is the static name of what was too small.
  void end_by_own_limit(Call& call, std::string_view limit);
  // Ends the attempt as broken_stream; `rule` is static.
  void break_stream(Call& call, std::string_view rule, std::string_view message);
  void commit(Call& call);
  void send_piece(Call& call, std::string name, std::string data);
  void update_pause(Call& call);
  void give_credit(Call& call, std::size_t bytes);
  void hold_buffered_limit();
  void end_furthest_behind(Call& call);
  void renew_total(Call& call) const;
  bool may_restart(const Call& call) const;
  void restart(Call& call);

  // engine_end.cpp
  void attempt_succeeded(Call& call, const BodyFacts& facts);
  void attempt_failed(Call& call, const Classification& found, TransportError transport,
                      bool sent_in_full);
  void release_failed(Attempt& attempt, const Classification& found);
  void log_failed(const Call& call, const Classification& found);
  void after_failure(Call& call, const Classification& found, RouteKey route);
  int retry_cost(const Call& call, RouteKey route);
  bool retry_with_new_key(Call& call, RouteKey route);
  bool retry_without_usage(Call& call, const Classification& found, RouteKey route);
  void wait_out_local_fault(Call& call, RouteKey route);
  bool has_override(Verdict verdict) const;
  bool next_model(Call& call, const Classification& found, RouteKey route);
  void drop_models_through(Call& call, ModelId model);
  Nanos retry_delay(const Call& call, Verdict verdict);
  bool provably_unprocessed(const Classification& found, const TraceLine& line) const;
  void trace_end(Call& call, const Classification& found, TransportError transport);
  void finish_ok(Call& call, const BodyFacts& facts);
  void finish_failed(Call& call, Status status, std::string message, Nanos retry_after,
                     std::uint32_t flags);
  void finish_cause(Call& call, std::uint32_t flags, Nanos retry_after);
  void finish_total(Call& call);
  void finish_cancelled(Call& call);
  // Without any secret: configured, set later, or brought by the call.
  std::string scrubbed(const Call& call, std::string text, bool was_cut = false) const;
  std::shared_ptr<CallReport> report_of(Call& call);
  void pause_until(Call& call, Nanos at);
  bool was_everywhere(const Call& call) const;
  // Its handle lets running attempts finish, but waits for nothing any more.
  bool is_draining(const Call& call) const {
    return std::find(draining.begin(), draining.end(), call.handle) != draining.end();
  }
  void finish_draining(Call& call, Nanos open_at);
  void close(Call& call, const std::shared_ptr<const CallReport>& report);
  // engine_service.cpp
  bool waits_for_service(Call& call, std::uint32_t flags, Nanos retry_after);
  std::string_view known_of_service() const;
  void service_told(const std::string& said);

  void link(Call& call);
  void unlink(Call& call);

  std::shared_ptr<const Config> config;
  Transport& transport;
  Random random;
  // A key that comes from a file, and what the file said last.
  struct KeyFile {
    int endpoint = -1;  // -1: the client's
    const KeySource* source = nullptr;
    std::string key;
  };
  RereadKey reread_key;
  std::vector<KeyFile> key_files;
  Nanos key_files_read_at = 0;
  std::function<void()> ask_service;  // empty: nobody is asked
  Nanos service_asked_at = -1;        // -1: not now
  Nanos service_told_at = -1;         // -1: never
  std::string service_said;
  std::shared_ptr<Counters> counters;
  std::vector<std::string> later_keys;  // set or read after the configuration, the newest last
  std::shared_ptr<const std::vector<std::string>> later_secrets;  // their forms
  Pool pool;
  RetryBudget budget;
  ClientMonitor monitor;
  Log log;
  StatePlaces state_places;

  std::mutex mutex;
  std::vector<Command> inbox;                         // under mutex
  std::unordered_map<CallId, HandleId> live;          // under mutex: accepted, not yet DONE
  std::unordered_map<HandleId, HandleCalls> live_of;  // under mutex: DONE not yet in its queue
  bool some_closing = false;                          // under mutex: handles of live_of
  std::int64_t request_bytes = 0;                     // under mutex: of all bodies in flight
  bool over = false;                                  // under mutex: nobody runs turns any more
  bool awake = false;                                 // under mutex: a turn will look at the inbox
  std::shared_ptr<const Snapshot> published;          // under mutex

  Now now;
  std::vector<Command> taken;
  std::unordered_map<CallId, std::unique_ptr<Call>> calls;  // looked up, never iterated
  std::unordered_map<AttemptId, Call*> attempts;            // looked up, never iterated
  Call* first_call = nullptr;                               // in order of submission
  Call* last_call = nullptr;
  std::vector<Timer> timers;  // a heap; entries may be out of date
  std::vector<Call*> ready;
  std::vector<CallId> ended;                     // in this turn
  std::vector<HandleId> ended_handles;           // theirs, until the DONEs are in their queues
  std::vector<std::unique_ptr<Call>> graveyard;  // ended in this turn
  std::vector<Outbox> outboxes;
  std::vector<StreamEvent> stream_events;
  std::int64_t outstanding_total = 0;
  std::size_t waiting_count = 0;
  RoomLines room_lines;
  bool room_changed = false;       // some may have a connection since the last turn
  bool route_closed = false;       // in this turn, while there were some
  std::vector<char> roomy;         // by endpoint: it has a connection free
  std::vector<HandleId> draining;  // until they close
  std::size_t given_up_count = 0;
  std::size_t unstarted_count = 0;  // attempts that wait in the transport
  std::vector<char> without_usage;  // by endpoint: it refused stream_options that we had added
  std::vector<Failed> failed_now;   // in this turn
  bool capacity_changed = false;
  bool memory_short = false;  // something of this turn is left for the next one
};

// Runs one step of one call. Where there is no memory for it that call ends, and the engine lives
// on: whatever the step had begun is undone by give_up().
template <typename Act>
void Engine::Impl::step(Call& call, Act act) {
  try {
    act();
  } catch (const std::bad_alloc&) {
    give_up(call);
  }
}

}  // namespace holysheep
