// Calls that wait for a free connection, in lines. Those of one line may go to the same routes, so
// that its first one speaks for all of them, however many there are. Pure bookkeeping; belongs to
// the engine's thread.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "core/call.h"

namespace holysheep {

// What decides where a call may go.
using RoomKey = std::vector<std::uint32_t>;

struct RoomLine {
  std::map<CallId, Call*> calls;  // in order of submission
  const RoomKey* key = nullptr;   // its own
  bool in_vain = false;           // in this turn its first one could not go after all
};

class RoomLines {
 public:
  bool empty() const { return lines_.empty(); }
  // Throws bad_alloc, and then nothing has changed.
  void add(Call& call);
  // Nothing happens to a call that is in no line.
  void remove(Call& call);
  // The oldest call that was submitted before `end` and heads a line for whose first one
  // `may_go(const Call&)` holds. Null: none.
  template <typename MayGo>
  Call* first(CallId end, MayGo may_go) {
    Call* found = nullptr;
    for (auto& [key, line] : lines_) {
      Call* const head = line.calls.begin()->second;
      const CallId before = found == nullptr ? end : found->id;
      if (!line.in_vain && head->id < before && may_go(*head)) found = head;
    }
    return found;
  }
  // Any call, or null.
  Call* any() { return lines_.empty() ? nullptr : lines_.begin()->second.calls.begin()->second; }
  void begin_turn();

 private:
  static RoomKey key_of(const Call& call);

  std::map<RoomKey, RoomLine> lines_;  // none is empty
};

}  // namespace holysheep
