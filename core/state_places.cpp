#include "core/state_places.h"

#include "core/replay.h"

namespace holysheep {

void StatePlaces::remember(std::string_view id, std::uint32_t endpoint) {
  if (id.empty() || id.size() > kStateIdBytesMax) return;
  const auto known = found_.find(id);
  if (known != found_.end()) {
    known->second->endpoint = endpoint;
    places_.splice(places_.begin(), places_, known->second);
    return;
  }
  if (places_.size() >= places_max_) {
    found_.erase(places_.back().id);
    places_.pop_back();
  }
  places_.push_front({std::string(id), endpoint});
  found_.emplace(places_.front().id, places_.begin());
}

std::optional<std::uint32_t> StatePlaces::find(const std::vector<std::string>& ids) {
  for (const std::string& id : ids) {
    const auto known = found_.find(id);
    if (known == found_.end()) continue;
    places_.splice(places_.begin(), places_, known->second);
    return known->second->endpoint;
  }
  return std::nullopt;
}

std::vector<std::string> ids_of_path(std::string_view path) {
  std::vector<std::string> ids;
  path = bare_path(path);
  std::size_t slash = path.find('/');
  while (slash != std::string_view::npos) {
    path.remove_prefix(slash + 1);
    slash = path.find('/');
    const std::string_view segment = path.substr(0, slash);
    if (!segment.empty() && segment.size() <= kStateIdBytesMax) ids.emplace_back(segment);
  }
  return ids;
}

}  // namespace holysheep
