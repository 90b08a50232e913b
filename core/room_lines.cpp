#include "core/room_lines.h"

#include <limits>

namespace holysheep {

RoomKey RoomLines::key_of(const Call& call) {
  constexpr std::uint32_t kEnd = std::numeric_limits<std::uint32_t>::max();
  RoomKey key;
  key.reserve(call.endpoints.size() + call.models.size() + 3 * call.history.size() + 3);
  key.insert(key.end(), call.endpoints.begin(), call.endpoints.end());
  key.push_back(kEnd);
  key.insert(key.end(), call.models.begin(), call.models.end());
  key.push_back(kEnd);
  key.push_back(call.request.own_credential ? 1 : 0);
  for (const RouteHistory& each : call.history) {
    key.push_back(each.route.endpoint);
    key.push_back(each.route.model);
    key.push_back(each.excluded ? kEnd : static_cast<std::uint32_t>(each.attempts));
  }
  return key;
}

void RoomLines::add(Call& call) {
  std::map<CallId, Call*> node{{call.id, &call}};  // so that no line is left empty
  const auto place = lines_.try_emplace(key_of(call)).first;
  RoomLine& line = place->second;
  line.key = &place->first;
  line.calls.merge(node);
  call.room = &line;
}

void RoomLines::remove(Call& call) {
  if (call.room == nullptr) return;
  call.room->calls.erase(call.id);
  if (call.room->calls.empty()) lines_.erase(lines_.find(*call.room->key));
  call.room = nullptr;
}

void RoomLines::begin_turn() {
  for (auto& [key, line] : lines_)
    line.in_vain = false;
}

}  // namespace holysheep
