// Which endpoint holds which piece of server state: the ids that answers gave out (of responses,
// files, batches, threads, …), so that a later call that names one goes where it is known
// (SEMANTICS 3, replay class `bound`). Bounded: what was named longest ago is forgotten, and its
// calls go to the first endpoint, as if nothing had been known.
//
// Threads: the engine's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace holysheep {

// Some two megabytes when it is full.
constexpr std::size_t kStatePlacesMax = 8192;
// Longer than any provider's ids.
constexpr std::size_t kStateIdBytesMax = 256;

class StatePlaces {
 public:
  explicit StatePlaces(std::size_t places_max = kStatePlacesMax) : places_max_(places_max) {}

  void remember(std::string_view id, std::uint32_t endpoint);
  // The endpoint of the first of these ids that is known.
  std::optional<std::uint32_t> find(const std::vector<std::string>& ids);

 private:
  struct Place {
    std::string id;
    std::uint32_t endpoint = 0;
  };

  std::size_t places_max_;
  std::list<Place> places_;  // the one that was named last stands first
  // Keys are views of the places' ids.
  std::unordered_map<std::string_view, std::list<Place>::iterator> found_;
};

// What may be an id in a path: its segments behind the first ("files/file-1/content").
std::vector<std::string> ids_of_path(std::string_view path);

}  // namespace holysheep
