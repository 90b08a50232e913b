// The engine without memory. A step of a call that meets std::bad_alloc leaves the call where it
// was; it is given up: its attempt is stopped, its lease goes back, and it ends with NO_MEMORY as
// soon as there is memory for its DONE. Other calls, and the engine, go on.
//
// What belongs to no single call (the inbox, the snapshot, full outboxes) is tried again in the
// next turn; each such piece of work either happens or changes nothing.

#include <algorithm>

#include "core/engine_impl.h"

namespace holysheep {
namespace {

// Room for one more, so that the next push_back cannot fail; grows as push_back does.
template <typename T>
void make_room(std::vector<T>& list) {
  constexpr std::size_t kLeast = 16;
  if (list.size() == list.capacity()) list.reserve(std::max(kLeast, 2 * list.capacity()));
}

}  // namespace

// Nothing in here allocates.
void Engine::Impl::give_up(Call& call) {
  memory_short = true;
  if (call.phase == Call::Phase::done || call.phase == Call::Phase::given_up) return;
  stop_attempt(call, false);
  Attempt& attempt = call.attempt;
  const bool failed = attempt.status != 0 && !is_success(attempt.status);
  if (attempt.sent_at >= 0 && !failed) call.maybe_billed = true;
  if (attempt.leased) {
    attempt.leased = false;
    capacity_changed |= pool.abandon(attempt.lease);
  }
  room_lines.remove(call);
  if (call.phase == Call::Phase::waiting) {
    --waiting_count;
    counters->calls_waiting.store(waiting_count, std::memory_order_relaxed);
  }
  call.phase = Call::Phase::given_up;
  ++given_up_count;
}

void Engine::Impl::end_given_up() {
  if (given_up_count == 0) return;
  try {
    for (Call* call = first_call; call != nullptr;) {
      Call* following = call->next;
      if (call->phase == Call::Phase::given_up) {
        call->cause.verdict = Verdict::local;
        finish_failed(*call, Status::no_memory, "this process has no memory left for the call", -1,
                      kFlagRetryable);
      }
      call = following;
    }
  } catch (const std::bad_alloc&) {
    memory_short = true;
  }
}

// close() must not fail once DONE is on its way.
void Engine::Impl::make_room_for_end() {
  make_room(ended);
  make_room(graveyard);
  ended_handles.reserve(ended_handles.size() + ended.capacity());
}

}  // namespace holysheep
