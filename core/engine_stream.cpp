// Delivery of streams: the gate before the first content, credit, and what happens when a stream
// that the caller has seen breaks (SEMANTICS 6).

#include <algorithm>

#include "core/classify.h"
#include "core/engine_impl.h"

namespace holysheep {

void Engine::Impl::read_stream(Call& call, std::string_view bytes) {
  Attempt& attempt = call.attempt;
  StreamReader& reader = *attempt.reader;
  stream_events.clear();
  reader.feed(bytes, stream_events);
  const bool as_bytes = call.request.delivery == Delivery::bytes;
  std::size_t begin = 0;
  for (const StreamEvent& event : stream_events) {
    std::string_view raw = bytes.substr(begin, event.end - begin);
    begin = event.end;
    std::string joined;
    if (as_bytes && !attempt.tail.empty()) {
      joined = std::move(attempt.tail);
      attempt.tail.clear();
      joined += raw;
      raw = joined;
    }
    if (!deliver_event(call, event, raw)) return;
  }
  // A dialect that is not known need not be made of events: its bytes go through as they come.
  const bool through = as_bytes && call.request.dialect.kind == DialectKind::opaque;
  if (as_bytes) {
    attempt.tail += bytes.substr(begin);
    if (through && !attempt.tail.empty()) {
      note_content(attempt);
      if (!call.committed) commit(call);
      std::string rest = std::move(attempt.tail);
      attempt.tail.clear();
      deliver_piece(call, {}, rest);
    }
  }
  if (through || reader.fault().empty() || reader.ended()) return update_pause(call);
  if (reader.too_large()) {
    // Before any content it may be one endpoint's garbage; of two endpoints it is the answer.
    if (reader.content_seen() || call.event_too_large) {
      return end_by_own_limit(call, "limits.event_bytes_max");
    }
    call.event_too_large = true;
  }
  break_stream(call, reader.fault(), reader.fault());
}

void Engine::Impl::note_content(Attempt& attempt) const {
  if (attempt.first_content_at < 0) attempt.first_content_at = now.mono;
  attempt.content_at = now.mono;
  ++attempt.content_count;
}

// False: the attempt has ended.
bool Engine::Impl::deliver_event(Call& call, const StreamEvent& event, std::string_view raw) {
  Attempt& attempt = call.attempt;
  if (event.item == StreamItem::error) {
    Outcome outcome = outcome_of(call, TransportError::none);
    outcome.body = event.data;
    outcome.in_band = true;
    Classification found = classify(outcome);
    attempt.body.assign(event.data);
    stop_attempt(call, false);
    attempt_failed(call, found, TransportError::none, true);
    return false;
  }
  if (event.item == StreamItem::usage_only && call.request.usage_added) return true;
  if (event.item == StreamItem::content) note_content(attempt);
  call.tool_call_complete = call.tool_call_complete || event.tool_call_complete;
  if (attempt.reader->ended()) {
    attempt.event_at = now.mono;
    if (attempt.ended_at < 0) attempt.ended_at = now.mono;
  } else if (event.item == StreamItem::done && !attempt.reader->complete_at_end_of_body()) {
    break_stream(call, "[DONE] without an end", {});
    return false;
  }
  const bool opens = event.item == StreamItem::content || event.item == StreamItem::end;
  const StreamRecovery recovery =
      call.request.options.stream_recovery.value_or(config->stream_recovery);
  if (opens && !call.committed && recovery != StreamRecovery::buffer) commit(call);
  const bool as_bytes = call.request.delivery == Delivery::bytes;
  if (!as_bytes && event.item == StreamItem::done) return true;  // DONE says it
  if (as_bytes) {
    deliver_piece(call, {}, raw);
  } else {
    deliver_piece(call, event.name, event.data);
  }
  return call.phase == Call::Phase::attempting && call.attempt.id != 0;
}

void Engine::Impl::deliver_piece(Call& call, std::string_view name, std::string_view data) {
  if (call.committed) return send_piece(call, std::string(name), std::string(data));
  call.held_bytes += name.size() + data.size();
  call.held.push_back({std::string(name), std::string(data)});
  const auto held = static_cast<std::int64_t>(call.held_bytes);
  if (call.attempt.content_at >= 0) {
    // Buffer mode holds the whole answer, like one that is not streamed.
    if (held > config->limits.body_bytes_max) end_by_own_limit(call, "limits.body_bytes_max");
    return;
  }
  if (held <= config->limits.held_bytes_max) return;
  break_stream(call, "limits.held_bytes_max",
               "more than limits.held_bytes_max bytes came before any content");
}

// An answer that is larger than we may hold would be as large elsewhere: no endpoint is to blame,
// and none is asked to write, and bill, it again.
void Engine::Impl::end_by_own_limit(Call& call, std::string_view limit) {
  stop_attempt(call, false);
  Classification found;
  found.verdict = Verdict::local;
  found.rule = limit;
  trace_end(call, found, TransportError::none);
  call.attempt.leased = false;
  capacity_changed |= pool.abandon(call.attempt.lease);
  call.maybe_billed = true;
  call.cause = std::move(found);
  call.cause_status = call.attempt.status;
  call.cause_endpoint = call.attempt.lease.route.endpoint;
  call.has_cause = true;
  finish_failed(call, Status::limit,
                std::string(limit) + ": the answer is larger than this limit of the client's", -1,
                0);
}

void Engine::Impl::break_stream(Call& call, std::string_view rule, std::string_view message) {
  Classification broken;
  broken.verdict = Verdict::broken_stream;
  broken.rule = rule;
  broken.message = message;
  stop_attempt(call, false);
  attempt_failed(call, broken, TransportError::none, true);
}

// The gate opens: from here on the answer is this route's.
void Engine::Impl::commit(Call& call) {
  call.committed = true;
  if (call.restarting) {
    Completion restarted;
    restarted.kind = Completion::Kind::restarted;
    out(call, std::move(restarted));
  }
  call.restarting = false;
  auto report = std::make_shared<CallReport>();
  report->config = config;
  report->later_secrets = later_secrets;
  report->call_secrets = call.request.secrets;
  report->endpoint = call.attempt.lease.route.endpoint;
  report->has_endpoint = true;
  report->model = call.request.model;
  report->http_status = call.attempt.status;
  report->headers = call.attempt.headers;
  report->attempts = call.attempts;
  report->waited = call.waited;
  report->took = now.mono - call.submitted_at;
  report->trace = call.trace;
  report->trace.back().status = call.attempt.status;
  report->trace.back().verdict = Verdict::ok;
  Completion headers;
  headers.kind = Completion::Kind::headers;
  headers.http_status = call.attempt.status;
  headers.report = std::move(report);
  out(call, std::move(headers));
  for (HeldPiece& piece : call.held)
    send_piece(call, std::move(piece.name), std::move(piece.data));
  call.held.clear();
  call.held_bytes = 0;
}

void Engine::Impl::send_piece(Call& call, std::string name, std::string data) {
  if (call.phase == Call::Phase::done) return;  // the limit below has ended it
  call.outstanding += static_cast<std::int64_t>(data.size());
  outstanding_total += static_cast<std::int64_t>(data.size());
  Completion piece;
  piece.kind = Completion::Kind::data;
  piece.http_status = call.attempt.status;
  piece.name = std::move(name);
  piece.data = std::move(data);
  out(call, std::move(piece));
  if (outstanding_total > config->limits.buffered_bytes_max) hold_buffered_limit();
}

void Engine::Impl::update_pause(Call& call) {
  if (call.phase != Call::Phase::attempting || call.attempt.id == 0) return;
  const bool full = call.outstanding >= config->stream_credit_bytes;
  if (full == call.paused) return;
  call.paused = full;
  if (full) {
    call.paused_at = now.mono;
    transport.pause(call.attempt.id);
    return;
  }
  const Nanos stood = now.mono - call.paused_at;
  Attempt& attempt = call.attempt;
  for (Nanos* instant :
       {&attempt.byte_at, &attempt.content_at, &attempt.ended_at, &attempt.event_at}) {
    if (*instant >= 0) *instant += stood;
  }
  transport.resume(call.attempt.id);
  set_timer(call);
}

void Engine::Impl::give_credit(Call& call, std::size_t bytes) {
  const auto given = std::min(
      static_cast<std::int64_t>(std::min<std::size_t>(bytes, static_cast<std::size_t>(kNever))),
      call.outstanding);
  call.outstanding -= given;
  outstanding_total -= given;
  update_pause(call);
}

// All streams together have delivered more than their readers have taken: the one that is furthest
// behind gives way, so that the process does not.
void Engine::Impl::hold_buffered_limit() {
  Call* largest = nullptr;
  for (Call* call = first_call; call != nullptr; call = call->next) {
    if (call->paused && call->attempt.id != 0 &&
        (largest == nullptr || call->outstanding > largest->outstanding)) {
      largest = call;
    }
  }
  if (largest != nullptr) step(*largest, [&] { end_furthest_behind(*largest); });
}

void Engine::Impl::end_furthest_behind(Call& call) {
  stop_attempt(call, false);
  Classification found;
  found.verdict = Verdict::local;
  found.rule = "limits.buffered_bytes_max";
  trace_end(call, found, TransportError::none);
  call.attempt.leased = false;
  capacity_changed |= pool.abandon(call.attempt.lease);
  finish_failed(
      call, Status::limit,
      "limits.buffered_bytes_max: the readers of all streams are too far behind, and this "
      "stream's furthest",
      -1, 0);
}

// `total` had ended with content, seen by the caller or held back in buffer mode: the answer that
// begins again has it anew.
void Engine::Impl::renew_total(Call& call) const {
  call.total_at = call.total > 0 ? saturating_add(now.mono, call.total) : kNever;
}

bool Engine::Impl::may_restart(const Call& call) const {
  const StreamRecovery recovery =
      call.request.options.stream_recovery.value_or(config->stream_recovery);
  return recovery == StreamRecovery::restart && call.request.delivery == Delivery::events &&
         call.request.replay == Replay::free && !call.tool_call_complete;
}

// `total` ended with the first content; the answer that begins again has it anew. The reader is
// told to drop what it has when there is something in its place.
void Engine::Impl::restart(Call& call) {
  call.committed = false;
  call.restarting = true;
  renew_total(call);
  call.held.clear();
  call.held_bytes = 0;
}

}  // namespace holysheep
