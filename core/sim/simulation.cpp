#include "core/sim/simulation.h"

#include <algorithm>

#include "core/request.h"

namespace holysheep {
namespace {

constexpr Now kBegin{kSimMonoBegin, kSimUnixBegin};
constexpr HandleId kHandle = 1;

Result<Request> request_of(const SimCallInput& input, std::size_t number, const Config& config) {
  const std::string headers =
      input.headers + std::string(kSimCallHeader) + ": " + std::to_string(number) + "\n";
  RequestInput request;
  request.delivery = input.delivery;
  request.method = input.method;
  request.path = input.path;
  request.headers = headers;
  request.body = input.body;
  request.has_body = !input.body.empty();
  request.timeout_ms = input.timeout_ms;
  request.options = input.options;
  return make_request(request, config);
}

}  // namespace

Simulation::Simulation(std::shared_ptr<const Config> config,
                       std::vector<SimProviderModel> providers, std::uint64_t seed)
    : config_(std::move(config)),
      transport_(std::move(providers), seed, kBegin),
      engine_(config_, transport_, seed),
      queue_(std::make_shared<Queue>()),
      checks_(*config_, transport_, seed),
      now_(kBegin) {}

std::size_t Simulation::submit(const SimCallInput& input) {
  const std::size_t number = calls_.size();
  calls_.emplace_back();
  SimCall& call = calls_.back();
  call.delivery = input.delivery;
  call.read_time = input.read_time;
  call.reads = input.reads;
  call.submitted = now_.mono;
  call.plain = input.options.empty();
  Result<Request> request = request_of(input, number, *config_);
  Error error;
  if (!request.ok()) {
    error = request.error();
  } else {
    Request& made = request.value();
    call.streams = made.body_streams;
    call.model = made.model;
    call.plain = call.plain && made.replay == Replay::free && !made.own_credential;
    Nanos total = made.total >= 0 ? made.total : made.options.time_limits.total;
    if (total < 0) total = config_->time_limits.total;
    if (total > 0) call.deadline = saturating_add(now_.mono, total);
    error.status = engine_.submit(std::move(made), queue_, number, kHandle, &call.id, &error);
    if (error.status == Status::ok) {
      call.accepted = true;
      ++active_;
      inbox_ = true;
      checks_.accepted(number, call);
      return number;
    }
  }
  call.done = now_.mono;
  call.status = error.status;
  call.message = error.message;
  return number;
}

void Simulation::cancel(std::size_t number) {
  SimCall& call = calls_[number];
  if (!call.active()) return;
  if (engine_.cancel(call.id) != Status::ok) {
    checks_.fail("a call that was not done could not be cancelled");
  }
  call.cancelled = std::min(call.cancelled, now_.mono);
  inbox_ = true;
}

void Simulation::at(Nanos since_begin, std::function<void()> action) {
  const Nanos instant = std::max(now_.mono, saturating_add(kSimMonoBegin, since_begin));
  actions_.emplace(std::pair(instant, ++action_order_), std::move(action));
}

void Simulation::reset(std::string_view endpoint) {
  Error error;
  if (engine_.reset(endpoint, &error) != Status::ok) checks_.fail(error.message);
  checks_.reset(endpoint);
  inbox_ = true;
}

void Simulation::set_key(std::string_view endpoint, std::string_view key) {
  Error error;
  if (engine_.set_key(endpoint, key, &error) != Status::ok) checks_.fail(error.message);
  checks_.changed_from_outside();
  inbox_ = true;
}

Nanos Simulation::next_instant() const {
  if (inbox_) return now_.mono;
  Nanos next = std::min(timer_, transport_.next_event());
  if (!actions_.empty()) next = std::min(next, actions_.begin()->first.first);
  return next == kNever ? next : std::max(next, now_.mono);
}

void Simulation::move_to(Nanos instant) {
  still_steps_ = instant == now_.mono ? still_steps_ + 1 : 0;
  const Nanos gap = instant - now_.mono;
  now_ = {now_.mono + gap, now_.unix + gap};
  transport_.set_now(now_);
  if (still_steps_ > kSimStillStepsMax) checks_.fail("steps without end, and no time passes");
}

void Simulation::run_actions() {
  while (!actions_.empty() && actions_.begin()->first.first <= now_.mono) {
    const std::function<void()> action = std::move(actions_.begin()->second);
    actions_.erase(actions_.begin());
    action();
  }
}

bool Simulation::step(Nanos latest) {
  const Nanos next = next_instant();
  if (next == kNever || next > latest || !breach().empty()) return false;
  move_to(next);
  run_actions();
  events_.clear();
  transport_.collect(events_);
  ++steps_;
  trace(events_);
  inbox_ = false;
  timer_ = engine_.turn(now_, events_);
  take_completions();
  const std::vector<std::size_t> ended = transport_.take_ended();
  checks_.after_turn(calls_, ended, *engine_.snapshot(), now_, steps_);
  return breach().empty();
}

Status Simulation::run() {
  while (active_ > 0 || !actions_.empty() || inbox_) {
    if (!step()) break;
  }
  if (breach().empty()) checks_.at_end(calls_, *engine_.snapshot());
  return breach().empty() ? Status::ok : Status::internal;
}

Status Simulation::run_for(Nanos duration) {
  const Nanos end = saturating_add(now_.mono, duration);
  while (step(end)) {
  }
  if (breach().empty()) move_to(end);
  return breach().empty() ? Status::ok : Status::internal;
}

void Simulation::trace(const std::vector<TransportEvent>& events) {
  for (const TransportEvent& event : events) {
    trace_.add(now_.mono);
    trace_.add(static_cast<int>(event.kind));
    trace_.add(static_cast<int>(event.error));
    trace_.add(event.status);
    trace_.add(std::string_view(event.bytes));
  }
}

void Simulation::take_completions() {
  completions_.clear();
  if (queue_->drain(0, 0, completions_) != Status::ok) return;
  for (Completion& completion : completions_)
    take_completion(completion);
}

void Simulation::take_completion(Completion& completion) {
  const auto number = static_cast<std::size_t>(completion.user_data);
  if (number >= calls_.size()) return checks_.fail("a completion of nobody's call");
  SimCall& call = calls_[number];
  checks_.completion(number, call, completion, now_);
  trace_.add(now_.mono);
  trace_.add(static_cast<std::uint64_t>(number));
  trace_.add(static_cast<int>(completion.kind));
  trace_.add(static_cast<int>(completion.status));
  trace_.add(completion.attempts);
  trace_.add(completion.retry_after_ms);
  switch (completion.kind) {
    case Completion::Kind::headers:
    case Completion::Kind::data:
      call.first_piece = std::min(call.first_piece, now_.mono);
      if (completion.kind == Completion::Kind::headers) break;
      ++call.pieces;
      if (is_for_readers(completion.data)) call.read.add(std::string_view(completion.data));
      if (keep_texts_) call.text += completion.data;
      give_credit(number, completion.data.size());
      break;
    case Completion::Kind::restarted:
      ++call.restarts;
      call.read = TraceHash();
      call.text.clear();
      break;
    case Completion::Kind::done:
      call.done = now_.mono;
      call.status = completion.status;
      call.http_status = completion.http_status;
      call.attempts_reported = completion.attempts;
      call.flags = completion.flags;
      call.retry_after_ms = completion.retry_after_ms;
      call.report = std::move(completion.report);
      if (keep_texts_) call.message = std::move(completion.name);
      if (keep_texts_) call.data = std::move(completion.data);
      --active_;
      break;
    case Completion::Kind::log:
    case Completion::Kind::alert:
      break;
  }
}

void Simulation::give_credit(std::size_t number, std::size_t bytes) {
  if (!calls_[number].reads || bytes == 0) return;
  const auto give = [this, number, bytes] {
    if (!calls_[number].active()) return;
    engine_.credit(calls_[number].id, bytes);
    inbox_ = true;
  };
  if (calls_[number].read_time == 0) {
    give();
  } else {
    at(elapsed() + calls_[number].read_time, give);
  }
}

}  // namespace holysheep
