// How a batch of events is laid out for JavaScript: numbers in a Float64Array that both sides know,
// one record for each event, and the texts as arguments of one call, in the records' order. The
// same names stand in lib/native.js.
#pragma once

#include <cstddef>

namespace holysheep::node {

// Events in one call into JavaScript. More wait for the next turn of the loop, so that timers and
// sockets of the host program get theirs in between: this many cost a millisecond or two.
constexpr std::size_t kEventsMax = 256;

enum Field : std::size_t {
  kKind,          // HOLYSHEEP_EVENT_*
  kSlot,          // the call's number; LOG, ALERT: the client's, the monitor's
  kStatus,        // DONE: how it ended; LOG: the level
  kHttpStatus,    //
  kFlags,         // HOLYSHEEP_FLAG_*
  kAttempts,      //
  kRetryAfterMs,  // -1: not known
  kBytes,         // DATA: the credit to give back
  kRecordFields,
};

// Texts of each kind: HEADERS meta · DATA data, or name and data (Mode::events) · DONE data, meta,
// message · LOG record · ALERT alert.

}  // namespace holysheep::node
