// The replay table. A path is cut to its segments behind "/v1"; the first row that fits decides,
// and what no row knows is `once`: nobody can say whether it may be done twice.
#include "core/replay.h"

#include <array>

#include "core/headers.h"

namespace holysheep {
namespace {

enum class Below : std::uint8_t {
  no,   // the path itself only
  yes,  // the path and everything below it
};

struct Row {
  std::string_view method;  // "" : every method
  std::string_view path;
  Below below;
  Replay replay;
};

// Ordered: what is more specific stands first.
constexpr std::array<Row, 24> kRows = {{
    {"POST", "chat/completions", Below::no, Replay::free},
    {"POST", "completions", Below::no, Replay::free},
    {"POST", "embeddings", Below::no, Replay::free},
    {"POST", "moderations", Below::no, Replay::free},
    {"POST", "messages", Below::no, Replay::free},
    {"POST", "messages/count_tokens", Below::no, Replay::free},
    {"POST", "responses", Below::no, Replay::free},
    {"GET", "models", Below::yes, Replay::free},
    {"HEAD", "models", Below::yes, Replay::free},
    // Ids that one provider's account gave out.
    {"", "responses", Below::yes, Replay::bound},
    {"", "files", Below::yes, Replay::bound},
    {"", "batches", Below::yes, Replay::bound},
    {"", "threads", Below::yes, Replay::bound},
    {"", "vector_stores", Below::yes, Replay::bound},
    {"", "chat/completions", Below::yes, Replay::bound},
    {"", "messages/batches", Below::yes, Replay::bound},
    {"", "assistants", Below::yes, Replay::bound},
    {"", "conversations", Below::yes, Replay::bound},
    {"", "containers", Below::yes, Replay::bound},
    {"", "uploads", Below::yes, Replay::bound},
    {"", "fine_tuning", Below::yes, Replay::bound},
    {"", "evals", Below::yes, Replay::bound},
    {"", "videos", Below::yes, Replay::bound},
    {"", "", Below::yes, Replay::once},
}};

bool fits(const Row& row, std::string_view method, std::string_view path) {
  if (!row.method.empty() && !equals_ignore_case(row.method, method)) return false;
  if (path == row.path) return true;
  if (row.below == Below::no) return false;
  return row.path.empty() || (path.size() > row.path.size() && path[row.path.size()] == '/' &&
                              path.substr(0, row.path.size()) == row.path);
}

}  // namespace

std::string_view name_of(Replay replay) {
  switch (replay) {
    case Replay::free:
      return "free";
    case Replay::bound:
      return "bound";
    case Replay::once:
      return "once";
  }
  return "once";
}

std::string_view bare_path(std::string_view path) {
  path = path.substr(0, path.find_first_of("?#"));
  while (!path.empty() && path.front() == '/')
    path.remove_prefix(1);
  while (!path.empty() && path.back() == '/')
    path.remove_suffix(1);
  if (path == "v1") return {};
  if (path.substr(0, 3) == "v1/") path.remove_prefix(3);
  return path;
}

Replay replay_class(std::string_view method, std::string_view path, const ReplayFacts& facts) {
  // State at the provider comes before everything: elsewhere the call could only fail.
  if (facts.previous_response || facts.stored) return Replay::bound;
  const std::string_view bare = bare_path(path);
  for (const Row& row : kRows) {
    if (!fits(row, method, bare)) continue;
    if (row.replay == Replay::free && facts.server_side_tools) return Replay::once;
    return row.replay;
  }
  return Replay::once;
}

}  // namespace holysheep
