// One call on its way through the engine: what was asked, what has been tried, the attempt that is
// under way. Belongs to the engine's thread from its first turn on.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/body_check.h"
#include "core/call_report.h"
#include "core/pool.h"
#include "core/queue.h"
#include "core/request.h"
#include "core/stream_reader.h"
#include "core/transport.h"

namespace holysheep {

struct RoomLine;  // core/room_lines.h

// A piece of a stream that is held back until the first content (or until the end, in buffer mode).
struct HeldPiece {
  std::string name;
  std::string data;
};

// The attempt under way.
struct Attempt {
  AttemptId id = 0;  // 0: none
  Lease lease;
  bool leased = false;  // the lease has not been given back
  Nanos begun_at = 0;
  Nanos started_at = -1;  // left the transport's own queue; -1: not yet
  Nanos sent_at = -1;
  Nanos answered_at = -1;  // headers
  Nanos body_at = -1;      // first byte of the body that is not white space
  Nanos byte_at = -1;      // last byte
  Nanos first_content_at = -1;
  Nanos content_at = -1;          // last content
  std::int64_t answer_bytes = 0;  // of a whole answer
  std::int64_t content_count = 0;
  Nanos ended_at = -1;  // the dialect's end
  Nanos event_at = -1;  // the last event from then on: comments are silence
  bool reused = false;
  int status = 0;
  Headers headers;
  std::string body;  // unless it is read as a stream
  std::unique_ptr<StreamReader> reader;
  std::optional<BodyCheck> check;  // of a success that is not read as a stream
  std::string tail;                // bytes delivery: of an event that is not complete
};

struct Call {
  enum class Phase : std::uint8_t {
    ready,
    waiting,
    attempting,
    given_up,  // there was no memory for its next step; ends as soon as there is some for DONE
    done
  };

  CallId id = 0;
  std::uint64_t user_data = 0;
  HandleId handle = 0;
  std::shared_ptr<Queue> queue;
  Request request;
  Phase phase = Phase::ready;

  Nanos submitted_at = 0;
  Nanos total = 0;          // the limit; 0: none
  Nanos total_at = kNever;  // when `total` ends
  TimeLimits limits;        // of the endpoint that is tried now
  Nanos timer_at = kNever;  // the earliest instant that the timer heap holds for this call

  // Where it may go.
  std::vector<std::uint32_t> endpoints;
  std::vector<ModelId> models;
  std::vector<RouteHistory> history;
  int forced_endpoint = -1;
  bool same_route_next =
      false;  // the next attempt goes to history.back()'s route, fresh connection
  bool other_models = true;
  bool held_back = false;  // by the retry budget
  int repeats = 0;         // waits of its own, each before a request where it had failed before
  Nanos repeat_at = 0;     // when the last of them ends
  bool reread = false;     // the key file has been read again for this call
  std::string_view forced_why;

  // Waiting.
  Nanos wait_since = -1;  // for capacity
  Nanos wake_at = kNever;
  Nanos opens_at = kNever;   // when what it waits for is known to come
  Nanos waited = 0;          // for capacity, so far
  Nanos previous_end = 0;    // of the last attempt, or submit
  RoomLine* room = nullptr;  // where it stands if it waits for a connection, too
  bool backing_off = false;  // waits for a route that failed it; any other that opens is welcome

  // What has been tried.
  int attempts = 0;          // HTTP requests
  int attempts_counted = 0;  // towards max_attempts
  int unanswered = 0;        // sent in full, no answer
  int retry_cost = 0;        // of the last retry, given back if it succeeds
  bool maybe_billed = false;
  bool event_too_large = false;  // of a stream, before its content
  std::vector<TraceLine> trace;
  bool has_cause = false;
  Classification cause;
  int cause_status = 0;
  Headers cause_headers;
  std::string cause_body;
  std::uint32_t cause_endpoint = 0;
  bool ending = false;  // it has failed, and waits for what the status page says
  std::uint32_t end_flags = 0;
  Nanos end_retry_after = -1;

  Attempt attempt;

  // Delivery of a stream.
  bool committed = false;   // the caller has seen content of this answer
  bool restarting = false;  // … of one that broke: another route's first content will replace it
  bool tool_call_complete = false;
  bool paused = false;
  Nanos paused_at = 0;
  std::size_t held_bytes = 0;
  std::vector<HeldPiece> held;
  std::int64_t outstanding = 0;  // delivered, not given back

  // Order of submission, for whole-pool walks.
  Call* previous = nullptr;
  Call* next = nullptr;
};

}  // namespace holysheep
