#include "core/sim/sim_transport.h"

#include <algorithm>

#include "core/sim/trace_hash.h"

namespace holysheep {
namespace {

std::size_t call_of(const std::vector<std::string>& headers) {
  for (const std::string& line : headers) {
    if (!line.starts_with(kSimCallHeader)) continue;
    std::size_t number = 0;
    for (const char digit : line) {
      if (digit >= '0' && digit <= '9')
        number = number * 10 + static_cast<std::size_t>(digit - '0');
    }
    return number;
  }
  return 0;
}

TransportEvent make_event(TransportEvent::Kind kind, AttemptId attempt) {
  TransportEvent event;
  event.kind = kind;
  event.attempt = attempt;
  return event;
}

}  // namespace

SimTransport::SimTransport(std::vector<SimProviderModel> models, std::uint64_t seed, Now begin)
    : begin_(begin), now_(begin) {
  for (std::size_t i = 0; i < models.size(); ++i) {
    providers_.push_back(std::make_unique<SimProvider>(std::move(models[i]), stream_seed(seed, i)));
  }
  running_on_.resize(providers_.size());
}

void SimTransport::set_now(Now now) {
  now_ = now;
}

std::size_t SimTransport::find(std::string_view name) const {
  for (std::size_t i = 0; i < providers_.size(); ++i) {
    if (providers_[i]->model().name == name) return i;
  }
  return providers_.size();
}

Nanos SimTransport::next_event() const {
  return agenda_.empty() ? kNever : agenda_.begin()->first.first;
}

void SimTransport::collect(std::vector<TransportEvent>& events) {
  // What an event brings about at the same instant belongs to the next turn: the engine may want to
  // pause or cancel before.
  const std::uint64_t newest = order_;
  while (!agenda_.empty()) {
    const auto next = agenda_.begin();
    if (next->first.first > now_.mono || next->first.second > newest) break;
    const AttemptId attempt = next->second;
    agenda_.erase(next);
    const auto found = flights_.find(attempt);
    found->second.order = 0;
    advance(found, events);
  }
}

void SimTransport::poll(Nanos, std::vector<TransportEvent>& events) {
  collect(events);
}

void SimTransport::schedule(AttemptId attempt, Flight& flight, Nanos due) {
  flight.due = due;
  if (flight.paused && flight.phase == Phase::body) return;
  flight.order = ++order_;
  agenda_.emplace(std::pair(due, flight.order), attempt);
}

void SimTransport::unschedule(Flight& flight) {
  if (flight.order != 0) agenda_.erase({flight.due, flight.order});
  flight.order = 0;
}

void SimTransport::start(AttemptId attempt, HttpRequest request) {
  Flight flight;
  flight.record = attempts_.size();
  flight.provider = find(request.endpoint->name);
  flight.request = read_sim_request(request);
  flight.fresh = request.fresh_connection;
  SimAttempt record;
  record.call = call_of(request.headers);
  record.provider = flight.provider;
  record.model = flight.request.model;
  record.started = now_.mono;
  attempts_.push_back(std::move(record));
  ++running_on_[flight.provider];
  flight.fault = providers_[flight.provider]->plan(now_.mono - begin_.mono);
  Flight& kept = flights_[attempt] = std::move(flight);
  schedule(attempt, kept, now_.mono);
}

void SimTransport::advance(Flights::iterator found, std::vector<TransportEvent>& events) {
  const AttemptId attempt = found->first;
  Flight& flight = found->second;
  switch (flight.phase) {
    case Phase::queued: {
      events.push_back(make_event(TransportEvent::Kind::started, attempt));
      flight.connect = providers_[flight.provider]->connect(flight.fault, flight.fresh);
      flight.phase = flight.connect.never ? Phase::silent : Phase::connecting;
      if (!flight.connect.never) schedule(attempt, flight, now_.mono + flight.connect.delay);
      break;
    }
    case Phase::connecting:
      if (flight.connect.error != TransportError::none) {
        finish(found, flight.connect.error, events);
      } else {
        arrive(attempt, flight, events);
      }
      break;
    case Phase::waiting:
      if (flight.answer.status == 0) {
        finish(found, flight.answer.error, events);
      } else {
        deliver_head(attempt, flight, events);
      }
      break;
    case Phase::body:
      if (flight.piece == flight.answer.pieces.size()) {
        finish(found, flight.answer.error, events);
        break;
      }
      events.push_back(make_event(TransportEvent::Kind::data, attempt));
      events.back().bytes = flight.answer.pieces[flight.piece++].bytes;
      attempts_[flight.record].data = true;
      schedule_body(attempt, flight);
      break;
    case Phase::silent:
      break;
  }
}

void SimTransport::arrive(AttemptId attempt, Flight& flight, std::vector<TransportEvent>& events) {
  events.push_back(make_event(TransportEvent::Kind::sent, attempt));
  events.back().reused = flight.connect.reused;
  flight.answer = providers_[flight.provider]->answer(flight.fault, flight.request, now_,
                                                      flight.connect.reused);
  SimAttempt& record = attempts_[flight.record];
  record.sent = true;
  record.truth = flight.answer.truth;
  record.reader_hash = reader_hash(flight.answer.payloads);
  const bool silent = flight.answer.status == 0 && flight.answer.end == SimEnd::silence;
  flight.phase = silent ? Phase::silent : Phase::waiting;
  if (!silent) schedule(attempt, flight, now_.mono + flight.answer.head_delay);
}

void SimTransport::deliver_head(AttemptId attempt, Flight& flight,
                                std::vector<TransportEvent>& events) {
  events.push_back(make_event(TransportEvent::Kind::headers, attempt));
  events.back().status = flight.answer.status;
  events.back().bytes = flight.answer.headers;
  attempts_[flight.record].status = flight.answer.status;
  flight.phase = Phase::body;
  schedule_body(attempt, flight);
}

void SimTransport::schedule_body(AttemptId attempt, Flight& flight) {
  const bool last = flight.piece == flight.answer.pieces.size();
  if (last && flight.answer.end == SimEnd::silence) {
    flight.phase = Phase::silent;
    return;
  }
  const Nanos delay = last ? flight.answer.end_delay : flight.answer.pieces[flight.piece].delay;
  schedule(attempt, flight, now_.mono + delay);
}

void SimTransport::finish(Flights::iterator found, TransportError error,
                          std::vector<TransportEvent>& events) {
  Flight& flight = found->second;
  SimAttempt& record = attempts_[flight.record];
  events.push_back(make_event(TransportEvent::Kind::done, found->first));
  events.back().error = error;
  events.back().sent_in_full = record.sent;
  record.ended = now_.mono;
  record.error = error;
  record.whole = error == TransportError::none;
  if (record.sent) {
    providers_[flight.provider]->release(flight.answer, error == TransportError::none);
  }
  if (flight.answer.told_wait) {
    record.told_until = saturating_add(now_.mono, *flight.answer.told_wait);
  }
  ended_.push_back(flight.record);
  --running_on_[flight.provider];
  flights_.erase(found);
}

void SimTransport::cancel(AttemptId attempt, bool) {
  const auto found = flights_.find(attempt);
  if (found == flights_.end()) return;
  Flight& flight = found->second;
  unschedule(flight);
  SimAttempt& record = attempts_[flight.record];
  record.ended = now_.mono;
  record.cancelled = true;
  if (record.sent) providers_[flight.provider]->release(flight.answer, false);
  ended_.push_back(flight.record);
  --running_on_[flight.provider];
  flights_.erase(found);
}

void SimTransport::pause(AttemptId attempt) {
  const auto found = flights_.find(attempt);
  if (found == flights_.end() || found->second.paused) return;
  found->second.paused = true;
  if (found->second.phase == Phase::body) unschedule(found->second);
}

void SimTransport::resume(AttemptId attempt) {
  const auto found = flights_.find(attempt);
  if (found == flights_.end() || !found->second.paused) return;
  Flight& flight = found->second;
  flight.paused = false;
  if (flight.phase == Phase::body) schedule(attempt, flight, std::max(now_.mono, flight.due));
}

}  // namespace holysheep
